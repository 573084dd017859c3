import { applyRetention, type Retention } from '@wayward/clickhouse'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { eventually, recordingLogger } from '../engine/running-engine.ts'

const day = 86_400
const messages: string[] = []
const logger = recordingLogger(messages)
let engine: TestEngine

const keep = (
  restSeconds: number | undefined,
  tables: Record<string, number> = {},
  services: Record<string, number> = {},
): Retention => ({
  restSeconds,
  tables: new Map(Object.entries(tables)),
  services: new Map(Object.entries(services)),
})

beforeAll(async () => {
  engine = await startTestStore()
})

beforeEach(() => {
  messages.length = 0
})

afterAll(async () => {
  await engine.shutdown()
})

async function ttl(table: string): Promise<string> {
  const [row] = await engine.writer.query<{ engine_full: string }>(
    'SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { table },
  )
  return / TTL (.*?) SETTINGS/.exec(row?.engine_full ?? '')?.[1] ?? ''
}

const rowAt = (daysAgo: number, service = 'shop'): object => ({
  Timestamp: `${new Date(Date.now() - daysAgo * day * 1000).toISOString().slice(0, 10)} 12:00:00`,
  TraceId: `${service}-${daysAgo}`,
  ServiceName: service,
})

async function services(): Promise<string[]> {
  const rows = await engine.writer.query<{ row: string }>(
    'SELECT TraceId AS row FROM otel_traces ORDER BY row',
  )
  return rows.map(({ row }) => row)
}

describe('applyRetention()', () => {
  test('gives every table with rows a TTL, once, and takes it away again', async () => {
    const first = await applyRetention(engine.writer, keep(30 * day, { otel_logs: 7 * day }), {
      logger,
    })
    expect(first.changed.length).toBe(20)
    expect(await ttl('otel_logs')).toContain(String(7 * day))
    expect(await ttl('otel_traces')).toContain('toDateTime(Timestamp)')
    expect(await ttl('otel_traces_trace_id_ts')).toContain(String(30 * day))
    expect(await ttl('wayward_sessions')).toContain(String(30 * day))
    const again = await applyRetention(engine.writer, keep(30 * day, { otel_logs: 7 * day }), {
      logger,
    })
    expect(again.changed).toEqual([])
    const other = await applyRetention(engine.writer, keep(30 * day), { logger })
    expect(other.changed).toEqual(['otel_logs'])
    const none = await applyRetention(engine.writer, keep(undefined), { logger })
    expect(none.changed.length).toBe(20)
    expect(await ttl('otel_traces')).toBe('')
    expect((await applyRetention(engine.writer, keep(undefined), { logger })).changed).toEqual([])
  })

  test("leaves somebody else's TTL alone and says so", async () => {
    await engine.writer.command(
      'ALTER TABLE otel_logs MODIFY TTL toDateTime(Timestamp) + toIntervalDay(3)',
    )
    const { foreign } = await applyRetention(engine.writer, keep(30 * day), { logger })
    expect(foreign).toEqual(['otel_logs'])
    expect(await ttl('otel_logs')).toBe('toDateTime(Timestamp) + toIntervalDay(3)')
    expect(messages.join('\n')).toContain('Left the TTL of a table alone')
    await applyRetention(engine.writer, keep(undefined), { logger })
    expect(await ttl('otel_logs')).toBe('toDateTime(Timestamp) + toIntervalDay(3)')
    await engine.writer.command('ALTER TABLE otel_logs REMOVE TTL')
  })

  test('old days go, those that were there before the setting too', async () => {
    await engine.insertRows(
      'otel_traces',
      [1, 2, 9, 40].map((ago) => rowAt(ago)),
    )
    await applyRetention(engine.writer, keep(7 * day), { logger })
    await eventually('the old days are gone', 30_000, async () => (await services()).length === 2)
    expect(await services()).toEqual(['shop-1', 'shop-2'])
    await applyRetention(engine.writer, keep(undefined), { logger })
    await engine.truncateTables()
  }, 60_000)

  test('a service has a time of its own, within one day of one table', async () => {
    await engine.insertRows('otel_traces', [
      ...['shop', 'audit', 'other', "o'brien"].map((service) => rowAt(20, service)),
      rowAt(1),
    ])
    const retention = keep(
      7 * day,
      {},
      { audit: 90 * day, "o'brien": 50 * 365 * day, shop: 3 * day },
    )
    await applyRetention(engine.writer, retention, { logger })
    await eventually(
      'rows of two services are gone',
      30_000,
      async () => (await services()).length === 3,
    )
    expect(await services()).toEqual(['audit-20', "o'brien-20", 'shop-1'])
    expect((await applyRetention(engine.writer, retention, { logger })).changed).toEqual([])
    // The index of traces does not know services: it keeps all of them.
    expect(await ttl('otel_traces_trace_id_ts')).toBe('')
    await applyRetention(engine.writer, keep(undefined), { logger })
    await engine.truncateTables()
  }, 60_000)
})
