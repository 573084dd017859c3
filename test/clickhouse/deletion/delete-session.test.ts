// Goal: a deleted session leaves nothing behind in any table, and takes nothing of another along.
// Method: everything that two sessions of the same service can report is stored, one is deleted,
// and all tables are compared with what they held before it came.
import { claimImport, deleteSession, readSilence } from '@wayward/clickhouse'
import { tables } from '@wayward/clickhouse/tables'
import { readFileSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { toRows } from '../../harness/recording.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
}, 120_000)

beforeEach(async () => {
  await engine.truncateTables()
})

afterAll(async () => {
  await engine.shutdown()
})

const withRows = [...tables.values()].filter(({ sessionRows }) => sessionRows !== 'none')

/** All rows of all tables that keep any. */
async function stored(): Promise<Readonly<Record<string, readonly string[]>>> {
  const found: Record<string, readonly string[]> = {}
  for (const { name } of tables.values()) {
    if (name === 'wayward_incoming' || name === 'wayward_migrations') continue
    const merges = /Replacing|Aggregating/.test(readTable(name)) ? 'FINAL' : ''
    const rows = await engine.reader.query<object>(`SELECT * FROM ${name} ${merges}`)
    found[name] = rows.map((row) => JSON.stringify(row)).toSorted()
  }
  return found
}

function readTable(name: string): string {
  const file = `../../../clickhouse/tables/${name}.sql`
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}

const kinds = ['lock_hold', 'lock_wait', 'queue_item', 'job_run', 'job_attempt', 'pause']
const time = '2026-11-21 06:00:00.123456789'

/** What a process of the service can report: a row in every table. */
async function report(resource: Record<string, string>, number: number): Promise<void> {
  const ResourceAttributes = { 'service.name': 'shop', ...resource }
  const { traces, logs } = toRows([
    {
      resource: ResourceAttributes,
      spans: kinds.map((kind, index) => ({
        kind,
        at: index,
        for: 2,
        sequence: 10 * number + index,
        trace: 100 * number + index,
        attributes: {
          'wayward.lock.name': 'inventory',
          'wayward.queue.name': 'mails',
          'wayward.job.name': `report ${number}`,
          'wayward.job.run.id': `run ${number}`,
        },
      })),
      open: [
        {
          kind: 'lock_hold',
          since: 1,
          seen: 9,
          sequence: 5,
          attributes: { 'wayward.lock.name': 'x' },
        },
      ],
    },
  ])
  await engine.insertRows('otel_traces', traces)
  await engine.insertRows('otel_logs', [
    ...logs,
    {
      Timestamp: time,
      ServiceName: 'shop',
      EventName: 'wayward.lock.order',
      ResourceAttributes,
      LogAttributes: { 'wayward.lock.name': 'x', 'wayward.lock.order.held.name': `y ${number}` },
    },
    {
      Timestamp: time,
      ServiceName: 'shop',
      EventName: 'wayward.lock.misuse',
      ResourceAttributes,
      LogAttributes: { 'wayward.lock.name': `x ${number}`, 'wayward.lock.misuse.rule': 'gone' },
    },
    {
      Timestamp: time,
      ServiceName: 'shop',
      EventName: 'wayward.job.change',
      ResourceAttributes,
      LogAttributes: {
        'wayward.job.name': `report ${number}`,
        'wayward.job.change.sequence': String(number),
        'wayward.job.change.type': 'slot_late',
        'wayward.job.due_time': `2026-11-21T06:00:0${number}Z`,
        'wayward.job.received_time': '2026-11-21T06:00:09Z',
      },
    },
  ])
  const key = { service: 'shop', session: sessionOf(resource) }
  await claimImport(engine.writer, { collector: `c${number}`, host: 'h' }, [key])
  const metric = { ServiceName: 'shop', MetricName: 'm', TimeUnix: time, ResourceAttributes }
  for (const { name } of tables.values()) {
    if (name.startsWith('otel_metrics_')) await engine.insertRows(name, [metric])
  }
}

function sessionOf(resource: Readonly<Record<string, string>>): string {
  const named = resource['wayward.session.id'] ?? resource['service.instance.id']
  return named ?? `shop@${resource['host.name']}:${resource['process.pid']}`
}

/** Sessions that are told apart by what they say, and one that says nothing. */
const named = { 'wayward.session.id': 'run-1', 'service.instance.id': 'i1' }
const instance = { 'service.instance.id': 'i1' }
const unnamed = { 'host.name': 'box', 'process.pid': '42' }

describe('deleteSession()', () => {
  test.each([
    ['by its id', named, 'run-1'],
    ['by its instance', instance, 'i1'],
    ['by host and process', unnamed, 'shop@box:42'],
  ])('deletes a session that is told apart %s from every table', async (_, resource, session) => {
    const others = [named, instance, unnamed].filter((other) => other !== resource)
    for (const [index, other] of others.entries()) await report(other, index + 1)
    const before = await stored()
    await report(resource, 3)
    const between = await stored()
    for (const { name } of withRows) {
      expect([name, (between[name] ?? []).length]).not.toEqual([name, (before[name] ?? []).length])
    }
    const deleted = await deleteSession(engine.writer, { service: 'shop', session })
    expect(await stored()).toEqual(before)
    expect(Object.keys(deleted).toSorted()).toEqual(withRows.map(({ name }) => name).toSorted())
    expect(deleted).toMatchObject({ otel_traces: 6, otel_metrics_sum: 1, wayward_lock_holds: 1 })
    expect(await deleteSession(engine.writer, { service: 'shop', session })).toEqual({})
  })

  test('leaves what another service has under the same id, and a trace that both have', async () => {
    await report(named, 1)
    const other = { 'service.name': 'till', ...named }
    const { traces } = toRows([
      { resource: other, spans: [{ at: 1, for: 1, trace: 100 }], open: [] },
    ])
    await engine.insertRows('otel_traces', traces)
    await deleteSession(engine.writer, { service: 'shop', session: 'run-1' })
    const left = await stored()
    expect(left['otel_traces']).toHaveLength(1)
    expect(left['wayward_sessions']).toEqual([expect.stringContaining('"service":"till"')])
    expect(left['otel_traces_trace_id_ts']).toHaveLength(2)
    expect(left['wayward_lock_holds']).toEqual([])
  })

  test('takes an id for what it is, whatever it says', async () => {
    const hostile = "x' OR 1 = 1 --\\"
    await report(named, 1)
    await report({ 'wayward.session.id': hostile }, 2)
    await deleteSession(engine.writer, { service: 'shop', session: hostile })
    const left = await stored()
    expect(left['otel_traces']).toHaveLength(6)
    expect(left['wayward_sessions']).toHaveLength(1)
  })

  test('tells how long a session has been silent', async () => {
    await report(named, 1)
    const [found, ...others] = await readSilence(engine.reader, ['run-1', 'none'])
    expect(others).toEqual([])
    expect(found).toMatchObject({ service: 'shop', session: 'run-1' })
    expect(
      Math.abs((found?.silentMs ?? 0) - (Date.now() - Date.parse('2026-11-21T06:00:00Z'))),
    ).toBeLessThan(60_000)
    expect(await readSilence(engine.reader, ['run-1'], 'till')).toEqual([])
  })

  test('has a file for every way to tell whose rows are', () => {
    const folder = new URL('../../../clickhouse/deletion/', import.meta.url)
    const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
    const used = new Set(withRows.map(({ sessionRows }) => `${sessionRows}.sql`))
    expect(files.toSorted()).toEqual([...used, 'sessions.sql'].toSorted())
  })
})

describe('on a cluster', () => {
  test('each shard deletes its own rows, on all its servers', async () => {
    const ran: string[] = []
    const key = { service: 'shop', session: 'run-1' }
    const store = {
      query: async <Row>() => [{ rows: '1' }] as Row[],
      command: async (sql: string, parameters?: object) => {
        ran.push(`${(parameters as { table: string }).table}: ${sql}`)
      },
    }
    await deleteSession(store, key, { cluster: 'main' })
    expect(ran).toHaveLength(withRows.length)
    for (const [index, text] of ran.entries()) {
      expect(text).toMatch(/^\w+_local: /)
      const sql = text.slice(text.indexOf(':') + 1)
      expect(sql).toContain('ALTER TABLE {table:Identifier} ON CLUSTER `main` DELETE')
      expect(sql).not.toMatch(/FROM otel_\w+(?<!_local)$/m)
      const [row] = await engine.reader.query<{ text: string }>(
        'SELECT formatQuerySingleLine({sql:String}) AS text',
        { sql: sql.replace('{table:Identifier}', `t${index}`) },
      )
      expect(row?.text).toContain('ON CLUSTER main (DELETE WHERE')
    }
    expect(ran.at(-1)).toMatch(/^wayward_sessions_local/)
  })
})
