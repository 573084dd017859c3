// Goal: every address of the API answers as its OpenAPI file says, names SQL that runs, refuses in
// words what it cannot read, and lets no other site ask. Method: the routes on a real door and a
// real engine; ajv holds the answers to the file.
import { createDoor, type Door, openAccess, systemTime } from '@wayward/base'
import { createApi } from '@wayward/web'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestEngine, startTestStore, type TestEngine } from '../../harness/engine.ts'

const hostile = '<img src=x onerror=alert(1)><script>alert(1)</script>\u001b[31m\u202e"\'`${x}'
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const session = 'run-1'

interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & {
    readonly rows: readonly Record<string, unknown>[]
    readonly columns: readonly { readonly name: string }[]
    readonly sql: string
    readonly detail: string
  }
}
interface Operation {
  readonly operationId: string
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly example: string
  }[]
  readonly responses: {
    readonly '200': {
      readonly content: { readonly 'application/json': { readonly schema: object } }
    }
  }
}
interface OpenApiFile {
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>
}

let engine: TestEngine
let door: Door
let base: string
let file: OpenApiFile

const limits = {
  connectionsMax: 100,
  answerTimeoutMs: 60_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  headerBytesMax: 32_768,
  requestBytesMax: 1_048_576,
}

beforeAll(async () => {
  engine = await startTestStore()
  await insertReports()
  const routes = createApi({ store: engine.reader, database: 'wayward', wallMs: Date.now })
  door = createDoor({
    limits,
    routes,
    access: openAccess,
    refusesOtherSites: true,
    tls: undefined,
    cors: undefined,
    time: systemTime,
  })
  const { port } = await door.start({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${port}`
  file = (await (await fetch(`${base}/api/v1/openapi.json`)).json()) as OpenApiFile
}, 120_000)

afterAll(async () => {
  await door.shutdown(100)
  await engine.shutdown()
})

async function insertReports(): Promise<void> {
  const resource = {
    'service.name': 'shop',
    'wayward.session.id': session,
    'process.pid': '42',
    'host.name': hostile,
  }
  const common = { ServiceName: 'shop', ResourceAttributes: resource }
  const lock = {
    'wayward.lock.name': hostile,
    'wayward.lock.id': 'l1',
    'wayward.lock.type': 'mutex',
    'thread.id': '1',
    'wayward.task.id': '7',
  }
  await engine.insertRows('otel_traces', [
    {
      ...common,
      Timestamp: '2026-11-26 10:00:00.000000001',
      TraceId: traceId,
      SpanId: '00f067aa0ba902b7',
      SpanName: hostile,
      SpanKind: 'Server',
      Duration: 3_000_000_123,
      StatusCode: 'Error',
      StatusMessage: hostile,
      SpanAttributes: { 'http.route': hostile, [hostile]: 'x' },
    },
    {
      ...common,
      Timestamp: '2026-11-26 10:00:01.000000000',
      TraceId: traceId,
      SpanId: '00f067aa0ba902b8',
      ParentSpanId: '00f067aa0ba902b7',
      SpanName: 'wait',
      SpanKind: 'Internal',
      Duration: 1_500_000_000,
      StatusCode: 'Unset',
      SpanAttributes: {
        ...lock,
        'wayward.kind': 'lock_wait',
        'wayward.lock.wait.result': 'granted',
        'wayward.event.sequence': '1',
      },
    },
    {
      ...common,
      Timestamp: '2026-11-26 10:00:02.500000000',
      TraceId: traceId,
      SpanId: '00f067aa0ba902b9',
      SpanName: 'hold',
      SpanKind: 'Internal',
      Duration: 10_000,
      StatusCode: 'Unset',
      SpanAttributes: {
        ...lock,
        'wayward.kind': 'lock_hold',
        'wayward.lock.contended': 'true',
        'wayward.lock.wait.duration': '1500000000',
        'wayward.event.sequence': '2',
      },
    },
  ])
  await engine.insertRows('otel_traces', [
    {
      ...common,
      Timestamp: '2026-11-26 10:00:00.500000000',
      TraceId: traceId,
      SpanId: '00f067aa0ba902ba',
      SpanName: 'hold',
      SpanKind: 'Internal',
      Duration: 1_900_000_000,
      StatusCode: 'Unset',
      SpanAttributes: {
        ...lock,
        'thread.name': 'worker',
        'wayward.task.id': '8',
        'wayward.kind': 'lock_hold',
        'wayward.event.sequence': '3',
      },
    },
  ])
  await engine.insertRows('otel_traces', [
    {
      ...common,
      Timestamp: '2026-11-26 10:00:05',
      TraceId: '1'.repeat(32),
      SpanId: '00f067aa0ba902bb',
      SpanName: 'run',
      SpanKind: 'Internal',
      Duration: 2_000_000_000,
      StatusCode: 'Unset',
      SpanAttributes: {
        'wayward.kind': 'job_run',
        'wayward.job.name': hostile,
        'wayward.job.run.id': 'r1',
        'wayward.job.result': 'failure',
        'wayward.event.sequence': '4',
      },
    },
  ])
  const points = [10, 25, 5].map((value, i) => ({
    ServiceName: 'shop',
    MetricName: hostile,
    Attributes: { [hostile]: hostile },
    TimeUnix: `2026-11-26 10:00:0${i * 2}`,
    Value: value,
    AggregationTemporality: 2,
    IsMonotonic: true,
    'Exemplars.FilteredAttributes': [{}],
    'Exemplars.TimeUnix': ['2026-11-26 10:00:00'],
    'Exemplars.Value': [1],
    'Exemplars.SpanId': [''],
    'Exemplars.TraceId': [traceId],
  }))
  await engine.insertRows('otel_metrics_sum', points)
  await engine.insertRows('otel_metrics_histogram', [
    histogram('2026-11-26 10:00:00', 3, 6, [1, 2, 0]),
    histogram('2026-11-26 10:00:04', 5, 26, [1, 3, 1]),
  ])
  const slot = (dueAt: string, outcome: string, sequence: number, latenessNs = 0): object => ({
    service: 'shop',
    job_name: hostile,
    due_at: dueAt,
    outcome,
    lateness_ns: latenessNs,
    sequence,
  })
  await engine.insertRows('wayward_job_slots', [
    slot('2026-11-26 02:00:00', 'met', 1),
    slot('2026-11-26 02:30:00', 'missed', 2),
    slot('2026-11-26 02:30:00', 'late', 3, 61_000_000_000),
    slot('2026-11-26 03:00:00', 'missed', 4),
  ])
  await engine.insertRows('wayward_ledger', [
    { event: 'refused', reason: hostile, requests: 1, last_at: '2026-11-26 10:00:00' },
  ])
  await engine.insertRows('otel_logs', [
    {
      ...common,
      Timestamp: '2026-11-26 10:00:03',
      SeverityNumber: 17,
      SeverityText: 'ERROR',
      Body: `It TIMED out ${hostile}`,
      ScopeName: 'shop.db.pool',
      TraceId: traceId,
      LogAttributes: { reason: hostile },
    },
    {
      ...common,
      Timestamp: '2026-11-26 10:00:04',
      SeverityNumber: 9,
      Body: 'fine',
      ScopeName: 'x',
    },
  ])
}

function histogram(at: string, count: number, sum: number, buckets: readonly number[]): object {
  return {
    ServiceName: 'shop',
    MetricName: 'lengths',
    TimeUnix: at,
    Count: count,
    Sum: sum,
    BucketCounts: buckets,
    ExplicitBounds: [1, 10],
    AggregationTemporality: 2,
  }
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Answered> {
  const response = await fetch(base + path, { headers })
  const body = (await response.json()) as Answered['body']
  return { status: response.status, headers: response.headers, body }
}

/** Values that find what was inserted. */
const values: Readonly<Record<string, string>> = {
  from: '2026-11-26T00:00:00Z',
  to: '2026-11-27T00:00:00Z',
  service: 'shop',
  session,
  analyzer: 'lock-contention',
  traceId,
  buckets: '10',
  width: '1000',
  kind: 'span',
  fromNs: '1795687201000000000',
  toNs: '1795687203000000000',
  limit: '10',
  status: 'Error',
  longerThan: '1s',
  text: 'timed OUT',
  logger: 'shop.db',
  severity: '13',
  sql: 'SELECT 1 AS one',
}

/** Other values, for single addresses. */
const more: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/api/v1/pairs': { name: hostile },
  '/api/v1/runs': { name: hostile },
  '/api/v1/slots': { name: hostile },
  '/api/v1/metric-series': { name: hostile, group: hostile },
  '/api/v1/exemplars': { name: hostile },
  '/api/v1/differences': { fromNs: '0' },
}

function addressOf(
  template: string,
  { parameters }: Operation,
  others: Readonly<Record<string, string>> = {},
): string {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  const query = new URLSearchParams()
  for (const { in: where, name } of parameters) {
    const value = others[name] ?? values[name]
    if (where === 'query' && value !== undefined) query.set(name, value)
  }
  return `${path}?${query.toString()}`
}

describe('every address', () => {
  test('answers in the form of the OpenAPI file, found what was reported, and takes its examples', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    for (const [template, { get }] of Object.entries(file.paths)) {
      const address = addressOf(template, get, more[template])
      const [type = ''] = Object.keys(get.responses['200'].content)
      if (type !== 'application/json') {
        const response = await fetch(base + address)
        expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
        await response.arrayBuffer()
        continue
      }
      const { body, headers, status } = await ask(address)
      expect(status, `${address}: ${JSON.stringify(body)}`).toBe(200)
      const isValid = ajv.validate(get.responses['200'].content['application/json'].schema, body)
      expect(isValid, `${address}: ${ajv.errorsText()}`).toBe(true)
      if (Array.isArray(body.rows)) expect(body.rows, address).not.toHaveLength(0)
      expect(headers.get('content-type')).toBe('application/json')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('cache-control')).toBe('no-store')
      // These ask all questions, and have the same parameters as the others.
      if (template.includes('report') || template.includes('analyzers')) continue
      for (const { example, in: where, name } of get.parameters) {
        if (where !== 'query' || name === 'since' || name === 'format') continue
        const one = await ask(
          `${template.replaceAll(/\{(\w+)\}/g, (_, n: string) => values[n] ?? '')}?${new URLSearchParams({ [name]: example }).toString()}`,
        )
        expect([200, 404], `${template} ${name}=${example}`).toContain(one.status)
      }
    }
  }, 240_000)

  test('names SQL that gives the same rows in any client', async () => {
    for (const path of ['services', 'sessions', 'traces', 'logs', `traces/${traceId}`]) {
      const { body } = await ask(`/api/v1/${path}`)
      const response = await fetch(`${engine.url}/?default_format=JSONEachRow`, {
        method: 'POST',
        body: body.sql,
      })
      const text = await response.text()
      expect(response.status, text).toBe(200)
      expect(text.trim().split('\n'), path).toHaveLength(body.rows.length)
    }
  }, 60_000)

  test('gives hostile texts back as they are', async () => {
    const traces = await ask(`/api/v1/traces/${traceId}`)
    expect(traces.body.rows[0]).toMatchObject({
      name: hostile,
      status_message: hostile,
      attributes: { 'http.route': hostile, [hostile]: 'x' },
      resource: { 'host.name': hostile },
      started_at: '2026-11-26T10:00:00.000000001Z',
      duration_ns: 3_000_000_123,
    })
    const logs = await ask(
      `/api/v1/logs?${new URLSearchParams({ attribute: `reason=${hostile}` }).toString()}`,
    )
    expect(logs.body.rows).toHaveLength(1)
    const named = await ask(`/api/v1/traces?${new URLSearchParams({ name: hostile }).toString()}`)
    expect(named.body.rows).toHaveLength(1)
  }, 120_000)

  test('activity puts what was reported where it happened', async () => {
    const { body } = await ask('/api/v1/activity?service=shop&buckets=4')
    const waits = body.rows.reduce((sum, row) => sum + Number(row['lock_wait_ns']), 0)
    const spans = body.rows.reduce((sum, row) => sum + Number(row['spans']), 0)
    expect({ waits, spans, buckets: body['buckets'] }).toEqual({
      waits: 1_500_000_000,
      spans: 5,
      buckets: 4,
    })
  })
})

describe('the timeline', () => {
  interface Lanes {
    readonly lanes: readonly { readonly kind: string; readonly name: string }[]
    readonly states: readonly string[]
    readonly runs: readonly {
      readonly lane: number
      readonly state: number
      readonly count: readonly number[]
      readonly start: readonly number[]
      readonly end: readonly number[]
    }[]
    readonly unit_ns: string
  }

  async function lanesOf(query: string): Promise<Lanes> {
    const { body } = await ask(
      `/api/v1/timeline?from=2026-11-26T10:00:00Z&to=2026-11-26T10:00:10Z&width=100${query}`,
    )
    return body as unknown as Lanes
  }

  test('has a lane for each lock, service and process, the worst first, with boxes in their places', async () => {
    const { lanes, runs, states, unit_ns: unitNs } = await lanesOf('')
    expect(lanes.map(({ kind }) => kind)).toEqual(['job', 'lock', 'span', 'log', 'process'])
    expect(lanes[1]?.name).toBe(hostile)
    const waits = runs.find(({ lane, state }) => lane === 1 && states[state] === 'waiting')
    expect(waits?.count).toEqual([1])
    const at = (units: number | undefined): number => ((units ?? 0) * Number(unitNs)) / 1e9
    expect(at(waits?.start[0])).toBeCloseTo(1, 1)
    expect(at(waits?.end[0])).toBeCloseTo(2.5, 1)
    expect(runs.flatMap(({ count, lane }) => (lane === 3 ? count : []))).toEqual([1, 1])
  })

  test('has a lane for each thread or task where that is asked for, and finds lanes', async () => {
    expect((await lanesOf('&by=thread')).lanes.map(({ name }) => name).toSorted()).toEqual([
      'thread 0',
      'thread 1',
      'worker',
    ])
    expect((await lanesOf('&by=task&find=TASK%208')).lanes).toEqual([
      { kind: 'task', service: 'shop', name: 'task 8' },
    ])
    expect((await lanesOf('&find=nothing')).lanes).toEqual([])
  })

  test('sums what overlaps an area, as far as it lies within', async () => {
    const { body } = await ask(
      '/api/v1/sums?from=2026-11-26T10:00:01.5Z&to=2026-11-26T10:00:02Z&find=onerror',
    )
    expect(body.rows.map(({ state, sum_ns: sum }) => [state, sum])).toEqual([
      ['held', 500_000_000],
      ['waiting', 500_000_000],
    ])
  })

  test('says who held the lock that was waited for', async () => {
    const { body } = await ask('/api/v1/blocks')
    expect(body.rows).toHaveLength(1)
    expect(body.rows[0]).toMatchObject({
      lock_name: hostile,
      waiter: 'task 7',
      holder: 'task 8',
      holder_thread: 'worker',
      wait_ns: 1_500_000_000,
      met_ns: 1_400_000_000,
      hold_span_id: '00f067aa0ba902ba',
    })
  })
})

describe('what a lane, a metric and a search say in sums', () => {
  const hour = 'from=2026-11-26T10:00:00Z&to=2026-11-26T10:00:10Z'

  test('a distribution has lengths, and progress what began and ended', async () => {
    const name = encodeURIComponent(hostile)
    const lengths = await ask(`/api/v1/distribution?${hour}&kind=lock&name=${name}`)
    const waits = lengths.body.rows.filter(({ state }) => state === 'waiting')
    expect(waits).toHaveLength(1)
    expect(waits[0]).toMatchObject({ count: 1, sum_ns: 1_500_000_000 })
    expect(Number(waits[0]?.['shortest_ns'])).toBeLessThan(1.5e9)
    expect(Number(waits[0]?.['longest_ns'])).toBeGreaterThan(1.5e9)
    const progress = await ask(`/api/v1/progress?${hour}&kind=lock&name=${name}&buckets=10`)
    expect(
      progress.body.rows
        .filter(({ state }) => state === 'waiting')
        .map(({ bucket, began, ended }) => [bucket, began, ended]),
    ).toEqual([
      [1, 1, 0],
      [2, 0, 1],
    ])
    const hours = await ask(`/api/v1/hours?kind=job&name=${name}`)
    expect(hours.body.rows).toMatchObject([{ weekday: 4, hour: 10, count: 1, failed: 1 }])
  })

  test('a sum has a rate that counts from 0 after a restart, a histogram the growth of its buckets', async () => {
    const sums = await ask(
      `/api/v1/metric-series?${hour}&name=${encodeURIComponent(hostile)}&buckets=5`,
    )
    expect(sums.body.rows.map(({ value, rate }) => [value, rate])).toEqual([
      [10, 0],
      [25, 7.5],
      [5, 2.5],
    ])
    const lengths = await ask(`/api/v1/metric-series?${hour}&name=lengths&buckets=5`)
    expect(lengths.body.rows.at(-1)).toMatchObject({ counts: [0, 1, 1], bounds: [1, 10], sum: 20 })
  })

  test('differences say what slow spans have', async () => {
    const { body } = await ask(`/api/v1/differences?${hour}&shortestNs=2500000000`)
    const found = body.rows.find(({ key }) => key === 'http.route')
    expect(found).toMatchObject({ value: hostile, spans: 1, others: 0, share: 1 })
  })
})

describe('a trace of one span', () => {
  // ClickHouse takes Timestamp < DateTime for <= the second before, and leaves out a part whose
  // times all lie within a second.
  test('is found, though its part has nothing else', async () => {
    const alone = 'f'.repeat(32)
    const span = { TraceId: alone, SpanId: '00f067aa0ba902b7', SpanName: 'alone', Duration: 1000 }
    await engine.insertRows('otel_traces', [
      { ...span, ServiceName: 'shop', Timestamp: '2026-11-26 11:00:02.681000000' },
    ])
    const { body, status } = await ask(`/api/v1/traces/${alone}`)
    expect([status, body.rows.length]).toEqual([200, 1])
    expect((await ask(`/api/v1/traces/${alone}/tree`)).body.rows).toMatchObject([{ spans: 1 }])
  })
})

describe('when a job was due', () => {
  test('is told by the hour, with what was said of it last', async () => {
    const { rows } = (await ask(`/api/v1/slots?name=${encodeURIComponent(hostile)}`)).body
    const times = rows.map(({ hour_at, ...others }) => ({
      ...others,
      hour: String(hour_at).slice(11, 13),
    }))
    expect(times).toEqual([
      { hour: '03', met: 0, late: 0, missed: 1, lateness_ns: 0 },
      { hour: '02', met: 1, late: 1, missed: 0, lateness_ns: 61_000_000_000 },
    ])
  })

  test('stands beside what ran that day, job by job', async () => {
    const day = 'from=2026-11-26T00:00:00Z&to=2026-11-27T00:00:00Z'
    const { rows } = (await ask(`/api/v1/day?${day}`)).body
    const job = rows.find(({ job_name }) => job_name === hostile)
    const hourMs = 3_600_000
    expect(job).toMatchObject({
      service: 'shop',
      due: [2 * hourMs, 2.5 * hourMs, 3 * hourMs],
      outcomes: ['met', 'late', 'missed'],
    })
    const starts = job?.['starts'] as readonly number[]
    expect(starts.length).toBe(job?.['runs'])
    expect(job?.['results']).toHaveLength(starts.length)
  })
})

describe('SQL', () => {
  test('answers in the formats of files, and says what is wrong with a statement', async () => {
    const asked = (sql: string, format: string): Promise<Response> =>
      fetch(`${base}/api/v1/sql?${new URLSearchParams({ sql, format }).toString()}`)
    const table = (await (await asked('SELECT 1 AS x', 'table')).json()) as object
    expect(table).toMatchObject({ meta: [{ name: 'x', type: 'UInt8' }], data: [[1]] })
    const csv = await asked('SELECT 1 AS x', 'csv')
    expect(await csv.text()).toBe('"x"\n1\n')
    expect(csv.headers.get('content-disposition')).toContain('wayward.csv')
    expect(await (await asked('SELECT 1 AS x', 'json')).text()).toBe('{"x":1}\n')
    const parquet = new Uint8Array(await (await asked('SELECT 1 AS x', 'parquet')).arrayBuffer())
    expect(new TextDecoder().decode(parquet.slice(0, 4))).toBe('PAR1')
    expect((await asked('SELECT 1 AS x', 'arrow')).status).toBe(200)
    for (const [sql, format, wanted] of [
      ['SELEC', 'table', 'Syntax error'],
      ['', 'table', 'sql is empty'],
      ['SELECT 1', 'xml', 'wanted table, csv'],
      ['SELECT 1', 'toString', 'wanted table, csv'],
      ["SELECT * FROM file('/etc/passwd')", 'table', ''],
      ['DROP TABLE otel_logs', 'table', ''],
    ] as const) {
      const answer = await asked(sql, format)
      expect(answer.status, sql).toBe(400)
      expect(await answer.text(), sql).toContain(wanted)
    }
  })

  test('is for no other site', async () => {
    const answer = await fetch(`${base}/api/v1/sql?sql=SELECT+1`, {
      headers: { Origin: 'http://evil.example' },
    })
    expect(answer.status).toBe(403)
  })
})

test('a window beyond the times that there are is clipped to them', async () => {
  for (const address of ['timeline', 'activity']) {
    const { body } = await ask(
      `/api/v1/${address}?from=1700-01-01T00:00:00Z&to=2300-01-01T00:00:00Z&service=shop`,
    )
    expect(body['from_ns'], address).toMatch(/^\d+$/)
    expect(JSON.stringify(body['lanes'] ?? body.rows), address).toContain('shop')
  }
})

describe('what it cannot answer, it refuses in words', () => {
  test.each([
    [
      '/api/v1/logs?colour=red',
      400,
      'The parameter "colour" is not known here; there are from, to',
    ],
    ['/api/v1/analyzers?x=1', 400, 'The parameter "x" is not known here; none is'],
    [
      '/api/v1/logs?from=yesterday',
      400,
      'from is "yesterday": not a time; wanted a time as in RFC',
    ],
    ['/api/v1/logs?since=1h&from=now', 400, 'from and since both say where to begin'],
    [
      '/api/v1/logs?from=2026-11-27T00:00:00Z&to=2026-11-26T00:00:00Z',
      400,
      'nothing can lie between 2026-11-27',
    ],
    ['/api/v1/logs?limit=0', 400, 'limit is "0": wanted a whole number from 1 to 10000'],
    [
      '/api/v1/traces?longerThan=fast',
      400,
      'longerThan is "fast": not a duration; wanted a duration',
    ],
    ['/api/v1/traces?attribute=x', 400, 'attribute is "x": wanted key=value'],
    ['/api/v1/traces?status=Bad', 400, 'status is "Bad": wanted Unset, Ok or Error'],
    ['/api/v1/traces/12', 400, 'traceId is "12": wanted 32 hexadecimal digits'],
    [`/api/v1/traces/${'0'.repeat(32)}`, 404, 'There is no trace 000'],
    ['/api/v1/sessions/nobody', 404, 'There is no session "nobody"'],
    ['/api/v1/analyzers/colours', 404, 'There is no analyzer "colours"; there are blocked-by'],
    ['/api/v1/nothing', 404, 'There is no "/api/v1/nothing" here'],
  ])('%s', async (path, status, detail) => {
    const answered = await ask(path)
    expect(answered).toMatchObject({ status, body: { status } })
    expect(answered.body.detail).toContain(detail)
    expect(answered.headers.get('content-type')).toBe('application/problem+json')
  })

  test('a page of another site, by any of the ways in which browsers say so', async () => {
    for (const headers of [
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ] as readonly Record<string, string>[]) {
      for (const path of ['/api/v1/services', '/api/v1/openapi.json']) {
        expect(await ask(path, headers)).toMatchObject({ status: 403 })
      }
    }
    expect((await ask('/api/v1/services', { Origin: base })).status).toBe(200)
  })

  test('a name of this machine that is another one', async () => {
    const { port } = new URL(base)
    const status = await new Promise((resolve) => {
      request(
        { port, host: '127.0.0.1', path: '/api/v1/services', headers: { Host: 'evil.example' } },
        (response) => resolve(response.resume().statusCode),
      ).end()
    })
    expect(status).toBe(403)
  })

  test('a ClickHouse that is away, with a hint when to try again', async () => {
    const away = await startTestEngine()
    const routes = createApi({ store: away.reader, database: 'wayward', wallMs: Date.now })
    await away.shutdown()
    const other = createDoor({
      limits,
      routes,
      access: openAccess,
      refusesOtherSites: true,
      tls: undefined,
      cors: undefined,
      time: systemTime,
    })
    const { port } = await other.start({ host: '127.0.0.1', port: 0 })
    try {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/services`)
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(await response.text()).toContain('ClickHouse does not answer now')
    } finally {
      await other.shutdown(100)
    }
  }, 60_000)
})

test('a question ends in ClickHouse when its client has gone', async () => {
  const slow = 'SELECT sum(sleepEachRow(0.01)) FROM numbers(100000) SETTINGS max_block_size = 1'
  let isAsked = false
  const store: typeof engine.reader = Object.assign(Object.create(engine.reader) as object, {
    query: (_sql: string, _parameters: unknown, signal?: AbortSignal) => {
      isAsked = true
      return engine.reader.query(slow, {}, signal)
    },
  }) as typeof engine.reader
  const routes = createApi({ store, database: 'wayward', wallMs: Date.now })
  const other = createDoor({
    limits,
    routes,
    access: openAccess,
    refusesOtherSites: true,
    tls: undefined,
    cors: undefined,
    time: systemTime,
  })
  const { port } = await other.start({ host: '127.0.0.1', port: 0 })
  const gone = new AbortController()
  const asking = fetch(`http://127.0.0.1:${port}/api/v1/services`, { signal: gone.signal })
  asking.catch(() => undefined)
  await vi.waitFor(() => expect(isAsked).toBe(true))
  const running = async (): Promise<number> =>
    (
      await engine.writer.query(
        `SELECT 1 FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%system.processes%'`,
      )
    ).length
  await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 10_000 })
  gone.abort()
  await expect(asking).rejects.toThrow()
  await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 20_000, interval: 200 })
  await other.shutdown(100)
}, 60_000)

test('several sessions are chosen together, and none of others', async () => {
  const counts = async (...ids: readonly string[]): Promise<number> => {
    const query = new URLSearchParams(
      ids.map((id) => ['session', id] as [string, string]),
    ).toString()
    const { body, status } = await ask(`/api/v1/sessions?${query}`)
    expect(status).toBe(200)
    return body.rows.length
  }
  expect(await counts(session, 'nobody')).toBe(await counts(session))
  const all = (await ask('/api/v1/sessions')).body.rows.map((row) => String(row['session']))
  expect(await counts(...all)).toBe(all.length)
  const report = await ask(`/api/v1/report?session=${session}&session=nobody`)
  expect(report.body).toMatchObject({ about: expect.stringContaining(`${session} and nobody`) })
  const twice = await ask('/api/v1/logs?text=a&text=b')
  expect(twice.body.detail).toBe('text is there 2 times; wanted once')
  const many = Array.from({ length: 1_001 }, () => 'session=x').join('&')
  expect((await ask(`/api/v1/sessions?${many}`)).body.detail).toContain('wanted at most 1000')
})

test('SQL ends in ClickHouse when its client has gone before the first row', async () => {
  const gone = new AbortController()
  const sql = 'SELECT sum(sleepEachRow(0.01)) FROM numbers(90001) SETTINGS max_block_size = 1'
  const query = new URLSearchParams({ sql, format: 'csv' }).toString()
  const asking = fetch(`${base}/api/v1/sql?${query}`, { signal: gone.signal })
  asking.catch(() => undefined)
  const running = async (): Promise<number> =>
    (
      await engine.writer.query(
        `SELECT 1 FROM system.processes WHERE query LIKE '%90001%' AND query NOT LIKE '%system.processes%'`,
      )
    ).length
  await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 10_000 })
  gone.abort()
  await expect(asking).rejects.toThrow()
  await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 20_000, interval: 200 })
}, 60_000)

test('changes are in the file and on the door only where they can be made', async () => {
  expect(file.paths['/api/v1/sessions/{session}']).not.toHaveProperty('delete')
  const refused = await fetch(`${base}/api/v1/sessions/${session}`, { method: 'DELETE' })
  expect(refused.status).toBe(405)
  const changes = {
    store: engine.writer,
    mayChange: () => undefined,
    whenInserted: () => Promise.resolve(),
    archives: {
      folder: tmpdir(),
      bytesMax: 1_000_000,
      importer: { collector: 'a', host: 'b' },
      take: () => Promise.resolve({ status: 'malformed' as const, message: 'no' }),
    },
  }
  const parts = { store: engine.reader, database: 'wayward', wallMs: Date.now, changes }
  const other = createDoor({
    limits,
    routes: createApi(parts),
    access: openAccess,
    refusesOtherSites: true,
    tls: undefined,
    cors: undefined,
    time: systemTime,
  })
  const { port } = await other.start({ host: '127.0.0.1', port: 0 })
  try {
    const address = `http://127.0.0.1:${port}/api/v1`
    const { paths } = (await (await fetch(`${address}/openapi.json`)).json()) as {
      readonly paths: Record<string, Record<string, Operation & { readonly security: object }>>
    }
    const operation = paths['/api/v1/sessions/{session}']?.['delete']
    expect(operation).toMatchObject({ operationId: 'deleteSession', security: [{ token: [] }] })
    const remove = async (id: string) =>
      await fetch(`${address}/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' })
    expect((await remove('nobody')).status).toBe(404)
    // Two who ask at once get the same answer.
    const answers = await Promise.all([remove(session), remove(session)])
    const bodies = await Promise.all(answers.map((answer) => answer.json()))
    expect(bodies[0]).toEqual(bodies[1])
    const schema = operation?.responses['200'].content['application/json'].schema ?? {}
    expect(new Ajv2020({ strict: false }).validate(schema, bodies[0])).toBe(true)
    expect((await ask(`/api/v1/sessions/${session}`)).status).toBe(404)
  } finally {
    await other.shutdown(100)
  }
})
