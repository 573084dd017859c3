// Goal: what stats files hold arrives as OTLP: sums, gauges, texts, one resource for each file;
// the end of a process is told once, with its last values. Method: real files, requests decoded.
import { createStatsWatch, type StatsWatch } from '@wayward/collector/receivers/mmstats/stats-watch'
import {
  ATTR_PROCESS_PID,
  ATTR_PROCESS_REAL_USER_ID,
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_MMSTATS_FILE,
  ATTR_WAYWARD_SESSION_ID,
  EVENT_WAYWARD_MMSTATS_ABANDONED,
} from '@wayward/semconv'
import {
  bool,
  counter,
  createStats,
  double,
  staticDouble,
  staticUint,
  staticUint64,
  string,
  uint64,
  type Counter,
  type MmStats,
  type Uint64Field,
} from '@wayward/mmstats'
import type { ProcessState } from '@wayward/mmstats/tools/process-state'
import { decode, exportLogsRequest, exportMetricsRequest, type ValueOf } from '@wayward/otlp'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
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

  test('goes on with the others whatever a file says of itself', async () => {
    const lies: readonly (readonly [number | bigint, number])[] = [
      [0, 9e12],
      [4_294_967_295, 1e300],
      [1, Number.NaN],
      [process.pid, -5],
      [2, 9_000_000_000],
      [3, Infinity],
    ]
    for (const [index, [pid, created]] of lies.entries()) {
      const fields = {
        pid: staticUint({ label: 'sys.pid', value: Number(pid) }),
        created: staticDouble({ label: 'sys.created', value: created }),
        uid: staticUint64({ label: 'sys.uid', value: 2n ** 64n - 1n }),
        hits: counter(),
        nan: double(),
      }
      const liar = createStats(fields, {
        path: folder,
        filename: `liar-${index}.mmstats`,
        defaults: false,
      })
      liar.hits.value = 2n ** 64n - 1n
      liar.nan.value = Number.NaN
    }
    model('zzz.mmstats')
    await watch.readOnce()
    const [request] = sentMetrics
    expect(request?.resourceMetrics).toHaveLength(lies.length + 1)
    const starts = request?.resourceMetrics?.map(
      ({ scopeMetrics }) =>
        scopeMetrics?.[0]?.metrics?.[0]?.sum?.dataPoints?.[0]?.startTimeUnixNano,
    )
    expect(starts?.slice(0, lies.length).map((start) => start ?? 0n)).toEqual([
      0n,
      0n,
      0n,
      0n,
      9_000_000_000_000_000_000n,
      0n,
    ])
  })

  test('reads and sends the good file whatever bytes the bad one has', async () => {
    const good = readFileSync(model('good.mmstats').filename)
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 16_807) % 2_147_483_647
      return seed % below
    }
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(good)
      // Among the used bytes, mostly: the version, lengths, types, labels and values.
      for (let change = 0; change <= random(6); change++) bytes[random(500)] = random(256)
      const length = round % 3 === 0 ? random(600) : bytes.byteLength
      writeFileSync(join(folder, 'bad.mmstats'), bytes.subarray(0, length))
      await watch.readOnce()
      const files = sentMetrics
        .at(-1)
        ?.resourceMetrics?.flatMap(({ resource }) => resource?.attributes ?? [])
        .filter(({ key }) => key === ATTR_WAYWARD_MMSTATS_FILE)
        .map(({ value }) => value?.stringValue)
      expect([round, files?.includes(join(folder, 'good.mmstats'))]).toEqual([round, true])
    }
    expect(sentMetrics).toHaveLength(300)
  })

  test('gives series their attributes, and the file its service and session', async () => {
    const label = (text: string) => ({ label: text })
    const fields = {
      a: counter(label('hits{lane="a \\"b\\"",shop="n"}')),
      b: double(label('seconds{shop="n"}.sum')),
      c: double(label('odd{not a series}')),
      d: double(label('odd{a="open')),
      service: string(label(ATTR_SERVICE_NAME)),
      session: string(label(ATTR_WAYWARD_SESSION_ID)),
    }
    const stats = createStats(fields, { path: folder, filename: 'x.mmstats' })
    stats.service.value = 'shop'
    stats.session.value = 'one'
    await watch.readOnce()
    const metrics = lastMetrics()
    expect(metrics['hits']).toMatchObject({
      sum: {
        dataPoints: [
          {
            attributes: [
              { key: 'lane', value: { stringValue: 'a "b"' } },
              { key: 'shop', value: { stringValue: 'n' } },
            ],
          },
        ],
      },
    })
    expect(metrics['seconds.sum']).toMatchObject({
      gauge: { dataPoints: [{ attributes: [{ key: 'shop', value: { stringValue: 'n' } }] }] },
    })
    expect(Object.keys(metrics)).toEqual(
      expect.arrayContaining(['odd{not a series}', 'odd{a="open']),
    )
    const attributes = sentMetrics[0]?.resourceMetrics?.[0]?.resource?.attributes
    for (const [key, value] of [
      [ATTR_SERVICE_NAME, 'shop'],
      [ATTR_WAYWARD_SESSION_ID, 'one'],
    ] as const) {
      expect(attributes).toContainEqual({ key, value: { stringValue: value } })
    }
    expect(attributes).toContainEqual({
      key: ATTR_PROCESS_REAL_USER_ID,
      value: { intValue: BigInt(process.getuid?.() ?? 0) },
    })
  })

  test('takes no field of another service for the name of its own', async () => {
    const field = string({ label: `peer.${ATTR_SERVICE_NAME}`, size: 20 })
    const fields = { ok: counter(), peer: field }
    const stats = createStats(fields, { path: folder, filename: 'shop-{PID}.mmstats' })
    stats.peer.value = 'billing'
    await watch.readOnce()
    const [resourceMetrics] = sentMetrics[0]?.resourceMetrics ?? []
    expect(resourceMetrics?.resource?.attributes).toContainEqual({
      key: ATTR_SERVICE_NAME,
      value: { stringValue: 'shop' },
    })
  })

  test('sends one by one what is refused together, and tells whose it was', async () => {
    for (const name of ['a', 'b', 'c']) model(`${name}.mmstats`)
    const taken: number[] = []
    const refusing = createStatsWatch(
      { globs: [join(folder, '*.mmstats')], intervalMs: 1000 },
      {
        send: async (_, body) => {
          const { resourceMetrics = [] } = decode(exportMetricsRequest, body)
          const files = JSON.stringify(resourceMetrics, (_key, value: unknown) =>
            typeof value === 'bigint' ? Number(value) : value,
          )
          if (files.includes('/b.mmstats')) return { status: 'refused', message: 'bad b' }
          taken.push(resourceMetrics.length)
          return { status: 'taken' }
        },
        tell: (message, path) => told.push(`${basename(path)}: ${message}`),
        wallMs: () => 1_700_000_000_000,
      },
    )
    await refusing.readOnce()
    await refusing.readOnce()
    expect(taken).toEqual([1, 1, 1, 1])
    expect(told).toEqual(['b.mmstats: Not all of it was taken: bad b'])
    await refusing.shutdown()
  })

  test('takes so many files and no more, no link out of the folder, and tells both once', async () => {
    for (const name of ['a', 'b', 'c']) model(`${name}.mmstats`)
    symlinkSync('/etc/hostname', join(folder, 'a-link.mmstats'))
    const limited = createStatsWatch(
      { globs: [join(folder, '*.mmstats')], intervalMs: 1000, filesMax: 3 },
      {
        send: async (_, body) => {
          sentMetrics.push(decode(exportMetricsRequest, body))
          return { status: 'taken' }
        },
        tell: (message) => told.push(message),
        wallMs: () => 1_700_000_000_000,
      },
    )
    await limited.readOnce()
    await limited.readOnce()
    expect(sentMetrics.map(({ resourceMetrics }) => resourceMetrics?.length)).toEqual([2, 2])
    expect(told).toEqual([
      'Found 4 stats files, wanted at most 3; the rest is left out',
      expect.stringMatching(/a-link\.mmstats": it is a link out of/),
    ])
    await limited.shutdown()
  })

  test('sends many files in several requests', async () => {
    for (let index = 0; index < 60; index++) model(`many-${index}.mmstats`)
    await watch.readOnce()
    expect(sentMetrics.map(({ resourceMetrics }) => resourceMetrics?.length)).toEqual([50, 10])
  })
})
