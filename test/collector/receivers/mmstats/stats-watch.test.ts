// Goal: what stats files hold arrives as OTLP: sums, gauges, texts, one resource for each file;
// the end of a process is told once, with its last values. Method: real files, requests decoded.
import { createStatsWatch, type StatsWatch } from '@wayward/collector/receivers/mmstats/stats-watch'
import {
  ATTR_PROCESS_PID,
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_MMSTATS_FILE,
  EVENT_WAYWARD_MMSTATS_ABANDONED,
} from '@wayward/semconv'
import {
  bool,
  counter,
  createStats,
  double,
  string,
  uint64,
  type Counter,
  type MmStats,
  type Uint64Field,
} from '@wayward/mmstats'
import type { ProcessState } from '@wayward/mmstats/tools/process-state'
import { decode, exportLogsRequest, exportMetricsRequest, type ValueOf } from '@wayward/otlp'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

type Metrics = ValueOf<typeof exportMetricsRequest>
type Logs = ValueOf<typeof exportLogsRequest>

let folder = ''
let sentMetrics: Metrics[] = []
let sentLogs: Logs[] = []
let told: string[] = []
let isTaken = true
let state: ProcessState = 'alive'
let watch: StatsWatch

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-watch-'))
  sentMetrics = []
  sentLogs = []
  told = []
  isTaken = true
  state = 'alive'
  watch = createStatsWatch(
    { globs: [join(folder, '*.mmstats')], intervalMs: 1000 },
    {
      send: async (signal, body) => {
        if (!isTaken) return { status: 'unavailable' }
        if (signal === 'metrics') sentMetrics.push(decode(exportMetricsRequest, body))
        else sentLogs.push(decode(exportLogsRequest, body))
        return { status: 'taken' }
      },
      tell: (message) => told.push(message),
      wallMs: () => 1_700_000_000_000,
      stateOf: () => state,
    },
  )
})
afterEach(async () => {
  await watch.shutdown()
  rmSync(folder, { recursive: true, force: true })
})

type Model = MmStats & { readonly ok: Counter; readonly level: Uint64Field }

function model(filename = 'shop.js-{PID}.mmstats'): Model {
  const fields = {
    ok: counter(),
    level: uint64(),
    ratio: double(),
    up: bool({ initial: true }),
    state: string({ size: 10 }),
  }
  const stats = createStats(fields, { path: folder, filename, prefix: 'web.' })
  stats.ok.increment(7)
  stats.level.value = 50
  stats.ratio.value = 0.5
  stats.state.value = 'busy'
  return stats
}

/** The metrics of the last request by name, as their last point. */
function lastMetrics(): Record<string, object> {
  const { scopeMetrics } = sentMetrics.at(-1)?.resourceMetrics?.[0] ?? {}
  const metrics = scopeMetrics?.[0]?.metrics ?? []
  return Object.fromEntries(metrics.map(({ name = '', ...rest }) => [name, rest]))
}

describe('createStatsWatch()', () => {
  test('sends sums, gauges and texts of a file, whose writer is the resource', async () => {
    const stats = model()
    await watch.readOnce()
    const metrics = lastMetrics()
    expect(Object.keys(metrics)).toEqual([
      'web.ok',
      'web.level',
      'web.ratio',
      'web.up',
      'web.state',
    ])
    expect(metrics['web.ok']).toMatchObject({
      sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ asInt: 7n }] },
    })
    expect(metrics['web.ratio']).toMatchObject({ gauge: { dataPoints: [{ asDouble: 0.5 }] } })
    expect(metrics['web.up']).toMatchObject({ gauge: { dataPoints: [{ asInt: 1n }] } })
    expect(
      JSON.stringify(metrics['web.state'], (_, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
    ).toContain('"stringValue":"busy"')
    const attributes = sentMetrics[0]?.resourceMetrics?.[0]?.resource?.attributes
    expect(attributes).toContainEqual({ key: ATTR_SERVICE_NAME, value: { stringValue: 'shop' } })
    expect(attributes).toContainEqual({
      key: ATTR_PROCESS_PID,
      value: { intValue: BigInt(process.pid) },
    })
    expect(attributes).toContainEqual({
      key: ATTR_WAYWARD_MMSTATS_FILE,
      value: { stringValue: stats.filename },
    })
  })

  test('takes a number that falls for a gauge from then on', async () => {
    const stats = model()
    await watch.readOnce()
    expect(lastMetrics()['web.level']).toHaveProperty('sum')
    stats.level.value = 20
    await watch.readOnce()
    expect(lastMetrics()['web.level']).toMatchObject({ gauge: { dataPoints: [{ asInt: 20n }] } })
    expect(lastMetrics()['web.ok']).toHaveProperty('sum')
  })

  test('sends the last values of a process that has ended once, and tells of its end', async () => {
    const stats = model()
    await watch.readOnce()
    stats.ok.increment(35)
    state = 'dead'
    await watch.readOnce()
    await watch.readOnce()
    expect(sentMetrics).toHaveLength(2)
    expect(lastMetrics()['web.ok']).toMatchObject({ sum: { dataPoints: [{ asInt: 42n }] } })
    const records = sentLogs.map((logs) => logs.resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords?.[0])
    expect(records).toMatchObject([{ eventName: EVENT_WAYWARD_MMSTATS_ABANDONED }])
    expect(told).toEqual(['Its process has ended; these were its last values'])
  })

  test('sends again what did not arrive, also an end', async () => {
    model()
    state = 'dead'
    isTaken = false
    await watch.readOnce()
    isTaken = true
    await watch.readOnce()
    expect([sentMetrics.length, sentLogs.length]).toEqual([1, 1])
  })

  test('tells a fault of a file once, and goes on with the others', async () => {
    writeFileSync(join(folder, 'bad.mmstats'), 'nonsense')
    model()
    const liar = createStats({}, { path: folder, filename: 'liar.mmstats', defaults: false })
    liar.remove()
    await watch.readOnce()
    await watch.readOnce()
    expect(told).toEqual(['Not a stats file: got 0x6e, wanted version byte 0x01 or 0x02'])
    expect(sentMetrics.map(({ resourceMetrics }) => resourceMetrics?.length)).toEqual([1, 1])
  })

  test('sends many files in several requests', async () => {
    for (let index = 0; index < 60; index++) model(`many-${index}.mmstats`)
    await watch.readOnce()
    expect(sentMetrics.map(({ resourceMetrics }) => resourceMetrics?.length)).toEqual([50, 10])
  })
})
