// Goal: a session that is exported and imported is the same session, once; and an archive that is
// not whole is refused before anything of it is sent. Method: two real services, everything that
// OTLP can say, and all rows of all stock tables compared.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { createLogger } from '@wayward/base'
import { createEngine, createStore, defaultEngineLimits } from '@wayward/clickhouse'
import { stockTables } from '@wayward/clickhouse/tables'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
const [homeDir, otherDir] = [join(folder.path, 'home'), join(folder.path, 'other')]
const archive = join(folder.path, 'archive.jsonl.gz')
const session = '5f1d0b1e-0000-4000-8000-00000000000a'
let home: RunningService
let other: RunningService

const run = (...args: string[]) => runWayward(['sessions', ...args], { cwd: folder.path })
const nanos = (second: number) => `${1_790_000_000 + second}123456789`
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const resource = {
  attributes: [
    text('service.name', 'shop "north"'),
    text('wayward.session.id', session),
    text('odd', 'tab\t, line\n, quote ", back\\slash, ü, \u2028, <script>'),
  ],
}
const scope = { name: 'scope', version: '1.2', attributes: [text('a', 'b')] }
const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
const exemplars = [
  { filteredAttributes: [text('e', 'x')], timeUnixNano: nanos(3), asDouble: 1.5, spanId, traceId },
]
const point = { attributes: [text('p', 'q')], startTimeUnixNano: nanos(1), timeUnixNano: nanos(9) }

/** Everything that a stock table has a column for. */
const requests = {
  traces: {
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope,
            spans: Array.from({ length: 1_200 }, (_, index) => ({
              traceId,
              spanId: (index + 1).toString(16).padStart(16, '0'),
              parentSpanId: index === 0 ? '' : spanId,
              traceState: 'a=1',
              name: `GET /${index % 7}`,
              kind: index % 6,
              startTimeUnixNano: nanos(index),
              endTimeUnixNano: nanos(index + 1),
              attributes: [text('wayward.kind', 'none'), { key: 'n', value: { intValue: '42' } }],
              events: [{ timeUnixNano: nanos(2), name: 'retry', attributes: [text('k', 'v')] }],
              links: [{ traceId, spanId, traceState: 'b=2', attributes: [text('l', 'm')] }],
              status: { code: index % 3, message: index % 3 === 2 ? 'it "failed"' : '' },
            })),
          },
        ],
      },
    ],
  },
  logs: {
    resourceLogs: [
      {
        resource,
        schemaUrl: 'https://schemas.example/1',
        scopeLogs: [
          {
            scope,
            schemaUrl: 'https://schemas.example/2',
            logRecords: [1, 2].map((second) => ({
              timeUnixNano: nanos(second),
              severityNumber: 17,
              severityText: 'ERROR',
              body: { stringValue: `body\u0000${second}` },
              attributes: [text('la', 'lb')],
              traceId,
              spanId,
              flags: 1,
              eventName: second === 1 ? 'my.event' : '',
            })),
          },
        ],
      },
    ],
  },
  metrics: {
    resourceMetrics: [
      {
        resource,
        schemaUrl: 'https://schemas.example/1',
        scopeMetrics: [
          {
            scope,
            schemaUrl: 'https://schemas.example/2',
            metrics: [
              {
                name: 'g',
                unit: 'By',
                description: 'd',
                gauge: {
                  dataPoints: [
                    { ...point, asDouble: 0.1, exemplars },
                    { ...point, timeUnixNano: nanos(10), asDouble: 'NaN', flags: 1 },
                    { ...point, timeUnixNano: nanos(11), asDouble: '-Infinity' },
                  ],
                },
              },
              {
                name: 's',
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [{ ...point, asInt: '7', exemplars }],
                },
              },
              {
                name: 'h',
                histogram: {
                  aggregationTemporality: 1,
                  dataPoints: [
                    {
                      ...point,
                      count: '3',
                      sum: 4.5,
                      min: 0.5,
                      max: 3,
                      bucketCounts: ['1', '2'],
                      explicitBounds: [1],
                      exemplars,
                    },
                  ],
                },
              },
              {
                name: 'x',
                exponentialHistogram: {
                  aggregationTemporality: 1,
                  dataPoints: [
                    {
                      ...point,
                      count: '4',
                      sum: 9,
                      min: 1,
                      max: 5,
                      scale: -1,
                      zeroCount: '1',
                      positive: { offset: -2, bucketCounts: ['1', '1'] },
                      negative: { offset: 3, bucketCounts: ['1'] },
                      exemplars,
                    },
                  ],
                },
              },
              {
                name: 'q',
                summary: {
                  dataPoints: [
                    {
                      ...point,
                      count: '2',
                      sum: 3,
                      quantileValues: [{ quantile: 0.5, value: 1.5 }],
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  },
}

async function rowsOf({ endpoints }: RunningService, table: string): Promise<string[]> {
  const url = new URL(endpoints.clickhouse.url)
  url.searchParams.set('database', endpoints.clickhouse.database)
  const body = `SELECT * FROM ${table} FORMAT JSONEachRow`
  const rows = await (await fetch(url, { method: 'POST', body })).text()
  return rows.split('\n').toSorted()
}

async function allRows(service: RunningService): Promise<Record<string, readonly string[]>> {
  await fetch(`${service.endpoints.api}/inserted`)
  const tables: Record<string, readonly string[]> = {}
  for (const table of stockTables) tables[table] = await rowsOf(service, table)
  return tables
}

/** Some rows of every stock table are gone, in the folder of a service that does not run. */
async function removeSome(dataDir: string): Promise<void> {
  const writerToken = 'of the test'
  const engine = createEngine({
    dataDir: join(dataDir, 'clickhouse'),
    listen: { host: '127.0.0.1', port: 0 },
    writerToken,
    memoryBytesMax: 2 ** 30,
    limits: defaultEngineLimits,
    logger: createLogger({ write: () => undefined }),
  })
  const { url } = await engine.start()
  const account = { user: 'wayward_writer', password: writerToken, database: 'wayward' }
  const store = createStore({ url, ...account, requestTimeoutMs: 60_000 })
  try {
    for (const table of stockTables) {
      await store.command(
        `ALTER TABLE ${table} DELETE WHERE _part_offset % 3 = 0 SETTINGS mutations_sync = 2`,
      )
    }
  } finally {
    await store.close()
    await engine.shutdown(5_000)
  }
}

beforeAll(async () => {
  ;[home, other] = await Promise.all([startService(homeDir), startService(otherDir)])
  for (const [signal, body] of Object.entries(requests)) {
    const response = await fetch(`${home.endpoints.otlpHttp}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(await response.text()).toBe('{}')
  }
  await fetch(`${home.endpoints.api}/inserted`)
})

afterAll(async () => {
  await Promise.all([home.stop(), other.stop()])
  folder.remove()
})

describe('a session', () => {
  test('goes into an archive of OTLP/JSON', async () => {
    const { code, stderr } = await run(
      'export',
      session.slice(0, 8),
      '--data-dir',
      homeDir,
      '--output',
      archive,
    )
    expect(stderr).toContain(`Session ${session} of shop "north", until 20`)
    expect(code).toBe(0)
    const [head = '', ...lines] = gunzipSync(readFileSync(archive)).toString().trimEnd().split('\n')
    expect(JSON.parse(head)).toMatchObject({ wayward: { archive: 2, sessions: [{ session }] } })
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      wayward: { end: true, sessions: [{ spans: 1200, logs: 2, points: 7 }] },
    })
    for (const line of lines) expect(Object.keys(JSON.parse(line) as object)).toHaveLength(1)
  })

  test('is the same in another store, and imported once', async () => {
    const first = await run('import', archive, '--data-dir', otherDir)
    expect(first).toMatchObject({ code: 0, stdout: '' })
    const rows = await allRows(home)
    expect(rows['otel_traces']).toHaveLength(1_201)
    expect(await allRows(other)).toEqual(rows)
    const again = await run('import', archive, '--data-dir', otherDir)
    expect(again.code).toBe(0)
    expect(again.stderr).toContain('are there already; nothing was stored')
    expect(await allRows(other)).toEqual(rows)
  })

  test('goes on where an import has ended in the middle, item by item', async () => {
    const rows = await allRows(home)
    const token = /#token=(\S+)/.exec(other.stdout())?.[1] ?? ''
    const headers = { Authorization: `Bearer ${token}` }
    const address = `${other.endpoints.api}/api/v1`
    const whole = readFileSync(archive)
    // What was received is not what was sent.
    const cut = await fetch(`${address}/archive`, {
      method: 'POST',
      headers,
      body: whole.subarray(0, whole.length / 2),
    })
    expect(cut.status).toBe(400)
    expect((await fetch(`${address}/archive`, { method: 'POST', body: whole })).status).toBe(401)
    await other.stop('SIGKILL')
    await removeSome(otherDir)
    other = await startService(otherDir)
    expect((await allRows(other))['otel_traces']?.length).toBeLessThan(1_000)
    const again = await run('import', archive, '--data-dir', otherDir)
    expect(again.stderr).toContain(`Session ${session} of shop "north": 1200 spans`)
    expect(await allRows(other)).toEqual(rows)
  })

  test('is imported once by many who do so at the same time', async () => {
    const before = await allRows(other)
    await run('delete', session, '--data-dir', otherDir, '--even-if-running')
    expect((await allRows(other))['otel_traces']).toEqual([''])
    const all = await Promise.all(
      [1, 2, 3].map(() => run('import', archive, '--data-dir', otherDir)),
    )
    expect(all.filter(({ code }) => code === 0).length).toBeGreaterThan(0)
    for (const { code, stderr } of all) {
      if (code !== 0) expect(stderr).toContain('is being imported or deleted already')
    }
    expect(await allRows(other)).toEqual(before)
  })

  test('is taken along over the API', async () => {
    const answer = await fetch(`${home.endpoints.api}/api/v1/archive?session=${session}`)
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="${session}.jsonl.gz"`,
    )
    const [, ...lines] = gunzipSync(Buffer.from(await answer.arrayBuffer()))
      .toString()
      .split('\n')
    const [, ...others] = gunzipSync(readFileSync(archive)).toString().split('\n')
    expect(lines.slice(0, -2)).toEqual(others.slice(0, -2))
    for (const [query, status] of [
      ['session=none', 404],
      ['', 400],
      [`session=${session}&service=till`, 404],
    ] as const) {
      const refused = await fetch(`${home.endpoints.api}/api/v1/archive?${query}`)
      expect(refused.status).toBe(status)
      await refused.arrayBuffer()
    }
  })

  test('is shown on one screen', async () => {
    const { code, stdout } = await run('show', session.slice(0, 8), '--data-dir', otherDir)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^service +shop "north"\n/)
    expect(stdout).toMatch(/^spans +1,200\n/m)
    expect(stdout).toContain('It reported no lock, queue or job.')
  })

  test('is replayed to any endpoint, with its times moved', async () => {
    const endpoint = other.endpoints.otlpHttp
    const args = ['replay', archive, '--endpoint', endpoint, '--speed', 'max']
    const told = expect.stringMatching(/^Sent \d+ requests to http/) as string
    expect(await run(...args)).toMatchObject({ code: 0, stdout: told })
    const { otel_traces: spans = [] } = await allRows(other)
    expect(spans).toHaveLength(2_401)
    const moved = spans.filter((row) => !row.includes('"Timestamp":"2026-09-2'))
    expect(moved.length).toBeGreaterThanOrEqual(1_200)
  })
})

describe('a bad archive', () => {
  const whole = () => gunzipSync(readFileSync(archive)).toString()
  test.each([
    ['that is cut in its compressed data', () => readFileSync(archive).subarray(0, 2_000), /cut/],
    [
      'without its last line',
      () => gzipSync(whole().slice(0, whole().lastIndexOf('\n', whole().length - 2) + 1)),
      /is cut: its last line is missing/,
    ],
    ['that was changed', () => gzipSync(whole().replace('retry', 'again')), /SHA-256/],
    [
      'of another version',
      () => gzipSync(whole().replace('"archive":2', '"archive":3')),
      /version 3; this version of Wayward reads 1 and 2/,
    ],
    ['that is no archive', () => gzipSync('{"resourceSpans":[]}\n'), /no head of an archive/],
    ['that is not compressed', () => Buffer.from(whole()), /not compressed with gzip/],
    ['that is empty', () => gzipSync(''), /is empty/],
    [
      'with something else in it',
      () => gzipSync(whole().replace('{"resourceLogs"', '{"../../etc"')),
      /Line \d+ begins with/,
    ],
  ])('%s is refused, and nothing of it sent', async (_, make, message) => {
    const path = join(folder.path, 'bad.gz')
    writeFileSync(path, make())
    const before = (await allRows(other))['otel_traces']?.length
    const { code, stderr } = await run('import', path, '--data-dir', otherDir)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect((await allRows(other))['otel_traces']).toHaveLength(before ?? 0)
  })

  test.each([
    [['import', 'none.gz'], 2, /Cannot read "none.gz": ENOENT/],
    [['export', 'none', '--output', 'x.gz', '--data-dir', homeDir], 2, /No session begins with/],
    [['export', session, '--output', '/no/such/x.gz', '--data-dir', homeDir], 4, /Cannot write/],
    [['replay', archive], 2, /Name where to send it with --endpoint/],
    [['replay', archive, '--endpoint', 'http://127.0.0.1:1', '--speed', '0'], 2, /not a speed/],
    [['import', archive, '--data-dir', join(folder.path, 'nowhere')], 3, /No service runs on/],
  ] as const)('%j says what is wrong', async (args, expected, message) => {
    const { code, stderr } = await run(...args)
    expect(stderr).toMatch(message)
    expect(code).toBe(expected)
  })
})
