// Goal: a run that is reported with one curl, in any of four words, is one run in the tables of the
// SDK's jobs. Method: real requests to a real collector with a real engine.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTokenFile } from '../../../harness/token-file.ts'
import { startCollector, startTestService, type TestService } from '../../test-service.ts'

let service: TestService
let base: string

beforeAll(async () => {
  service = await startTestService()
  base = `http://${service.addresses.api}`
})

afterAll(async () => {
  await service.shutdown()
})

interface StoredRun {
  readonly run_id: string
  readonly result: string
  readonly duration_ns: string
  readonly output: string
  readonly exit_code: number
  readonly source: string
  readonly flaws: readonly string[]
}

async function runsOf(job: string): Promise<StoredRun[]> {
  return await service.query<StoredRun>(
    `SELECT run_id, result, duration_ns, output, exit_code, source, flaws FROM wayward_job_runs
     WHERE job_name = {job:String} ORDER BY started_at, run_id`,
    { job },
  )
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly json: {
    readonly id?: string
    readonly note?: string
    readonly traceparent?: string
    readonly href?: string
    readonly errors?: readonly unknown[]
    readonly ended?: readonly unknown[]
    readonly jobs?: readonly unknown[]
    readonly due?: readonly string[]
    readonly status?: string
    readonly entries?: readonly Readonly<Record<string, unknown>>[]
  }
}

async function send(
  path: string,
  init: RequestInit & { readonly json?: unknown } = {},
): Promise<Answer> {
  const { json, ...rest } = init
  const body = json === undefined ? {} : { body: JSON.stringify(json) }
  const response = await fetch(`${base}${path}`, { ...rest, ...body })
  const text = await response.text()
  return {
    status: response.status,
    text,
    json: (text.startsWith('{') ? JSON.parse(text) : {}) as Answer['json'],
  }
}

describe('/ping', () => {
  test('makes a job with create=1, and one run of start and end', async () => {
    const rid = '0d1f8a52-1111-4222-8333-944444444441'
    expect(await send(`/ping/key/nightly/start?create=1&rid=${rid}`)).toMatchObject({
      status: 201,
      text: 'Created',
    })
    expect((await send('/api/jobs/nightly')).json).toMatchObject({ status: 'running' })
    const end = await send(`/ping/key/nightly?rid=${rid}`, { method: 'POST', body: '3 files' })
    expect(end).toMatchObject({ status: 200, text: 'OK' })
    const [run, ...others] = await runsOf('nightly')
    expect(others).toEqual([])
    expect(run).toMatchObject({
      run_id: rid,
      result: 'success',
      output: '3 files',
      source: 'healthchecks',
      flaws: [],
    })
    expect(Number(run?.duration_ns)).toBeGreaterThan(0)
    const open = await service.query(`SELECT state FROM wayward_open_now WHERE name = 'nightly'`)
    expect(open).toEqual([])
  })

  test('shows a run that goes on where the SDK shows its own', async () => {
    await send('/ping/key/goes-on/start?create=1')
    const open = await service.query(
      `SELECT kind, state FROM wayward_open_now WHERE name = 'goes-on'`,
    )
    expect(open).toEqual([{ kind: 'job_run', state: 'open' }])
  })

  test('takes exit statuses, failures and notes, and keeps what was written', async () => {
    await send('/ping/key/codes?create=1')
    await send('/ping/key/codes/137', { method: 'POST', body: 'killed' })
    await send('/ping/key/codes/fail', { method: 'POST', body: 'broken' })
    await send('/ping/key/codes/log', { method: 'POST', body: 'a note' })
    const head = await fetch(`${base}/ping/key/codes/0`, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.headers.get('Ping-Body-Limit')).toBe('100000')
    const runs = await runsOf('codes')
    expect(runs.map(({ exit_code, output, result }) => [result, exit_code, output])).toEqual([
      ['success', 0, ''],
      ['failure', 137, 'killed'],
      ['failure', 0, 'broken'],
      ['success', 0, ''],
    ])
    const notes = await service.query(
      `SELECT message FROM wayward_job_changes WHERE job_name = 'codes' AND change = 'run_noted'`,
    )
    expect(notes).toEqual([{ message: 'a note' }])
  })

  test('refuses what it does not know, and says what is wanted', async () => {
    expect(await send('/ping/key/never-made')).toMatchObject({ status: 404 })
    expect(await send('/ping/key/codes/256')).toMatchObject({ status: 400 })
    const bad = await send('/ping/key/codes?rid=17')
    expect(bad).toMatchObject({ status: 400, text: 'rid is "17"; send a UUID\n' })
    expect(await send('/ping/key/codes', { method: 'DELETE' })).toMatchObject({ status: 405 })
    expect(await send('/ping/no-check')).toMatchObject({ status: 404 })
  })

  test('cuts a long body, and replaces what is no UTF-8', async () => {
    const long = Buffer.alloc(300_000, 'é')
    await send('/ping/key/long?create=1', { method: 'POST', body: long })
    await send('/ping/key/long', { method: 'POST', body: Buffer.from([0x61, 0xff, 0x62]) })
    const [first, second] = await runsOf('long')
    expect(Buffer.byteLength(first?.output ?? '')).toBe(100_000)
    expect(second?.output).toBe('a\uFFFDb')
    const huge = await send('/ping/key/long', { method: 'POST', body: Buffer.alloc(2 ** 20 + 1) })
    expect(huge.status).toBe(413)
  })

  test('tells jobs apart whose names have one slug', async () => {
    await send('/api/jobs/Twin%20Job', { method: 'PUT', json: { tags: ['a'] } })
    await send('/api/jobs/Twin-Job', { method: 'PUT', json: { tags: ['b'] } })
    const answer = await send('/ping/key/twin-job')
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('"jobs/Twin Job", "jobs/Twin-Job"')
    expect(await send('/ping/key/Twin%20Job')).toMatchObject({ status: 200 })
  })

  test('knows a check by its UUID', async () => {
    const id = '0d1f8a52-2222-4222-8333-944444444442'
    await send('/api/jobs/by-id', { method: 'PUT', json: { id } })
    expect(await send(`/ping/${id}/start`)).toMatchObject({ status: 200 })
    expect(await send(`/ping/${id}`)).toMatchObject({ status: 200 })
    expect(await runsOf('by-id')).toMatchObject([{ result: 'success', flaws: [] }])
  })
})

describe('/p', () => {
  test('takes the states of Cronitor with series and metrics', async () => {
    expect(await send('/p/key/import?state=run&series=s1')).toMatchObject({ status: 201 })
    const end = '/p/key/import?state=complete&series=s1&metric=count:120&metric=error_count:2'
    expect(await send(`${end}&status_code=0&message=done`)).toMatchObject({ status: 200 })
    await send('/p/key/import?state=fail&series=s2&duration=2.5')
    const runs = await service.query(
      `SELECT run_id, result, metrics, message, round(duration_ns / 1e8) AS tenths
       FROM wayward_job_runs WHERE job_name = 'import' ORDER BY run_id`,
    )
    expect(runs).toMatchObject([
      { run_id: 's1', result: 'success', metrics: { count: 120, error_count: 2 }, message: 'done' },
      { run_id: 's2', result: 'failure', tenths: 25 },
    ])
  })

  test('refuses other states and metrics', async () => {
    expect(await send('/p/key/import?state=fine')).toMatchObject({ status: 400 })
    const answer = await send('/p/key/import?state=run&metric=count')
    expect(answer.text).toBe('metric is "count"; send name:number\n')
  })
})

describe('/api/<project>/cron', () => {
  test('takes check-ins of Sentry and what they say of the monitor', async () => {
    const id = 'a'.repeat(32)
    const path = '/api/42/cron/sweep/key/'
    const started = await send(`${path}?status=in_progress&check_in_id=${id}`)
    expect(started).toMatchObject({ status: 202, json: { id } })
    const json = {
      status: 'error',
      check_in_id: id,
      monitor_config: {
        schedule: { type: 'interval', value: 10, unit: 'minute' },
        max_runtime: 5,
        checkin_margin: 2,
      },
    }
    expect(await send(path, { method: 'POST', json })).toMatchObject({ status: 202 })
    expect(await runsOf('sweep')).toMatchObject([{ run_id: id, result: 'error', flaws: [] }])
    expect((await send('/api/jobs/sweep')).json).toMatchObject({
      status: 'failing',
      definition: { schedule: ['every 10 minute'], maxRunTime: '5m', grace: '2m' },
    })
  })

  test('gives an id where none is given, and takes all zeros for the newest', async () => {
    const path = '/api/42/cron/zeros/key'
    const started = await send(`${path}?status=in_progress`)
    const zeros = '0'.repeat(32)
    const ended = await send(`${path}?status=ok&check_in_id=${zeros}`)
    expect(ended.json.id).toBe(started.json.id)
    expect(await send(`${path}?status=well`)).toMatchObject({
      status: 400,
      json: { field: 'status', seen: '"well"', wanted: 'in_progress, ok, error' },
    })
  })
})

describe('/api/jobs/<name>/runs', () => {
  test('starts a run, takes signs of life, and ends it', async () => {
    const parent = 'b'.repeat(32)
    const started = await send('/api/jobs/report/runs', {
      method: 'POST',
      json: {
        id: 'r1',
        service: 'shop',
        traceparent: `00-${parent}-${'c'.repeat(16)}-01`,
        trigger: 'cron',
        host: 'one',
      },
    })
    expect(started).toMatchObject({ status: 201, json: { id: 'r1', status: 'running' } })
    const { href = '' } = started.json
    expect(href).toBe('/api/jobs/report/runs/r1?service=shop')
    expect((await send(href)).json).toMatchObject({ id: 'r1' })
    expect(started.json.traceparent).toMatch(new RegExp(`^00-${parent}-[0-9a-f]{16}-01$`))
    const run = '/api/jobs/report/runs/r1?service=shop'
    await send(run, { method: 'PATCH', json: { progress: 0.5, message: 'half' } })
    expect((await send(run)).json).toMatchObject({ progress: 0.5, message: 'half', host: 'one' })
    const ended = await send(run, {
      method: 'PATCH',
      json: {
        exitCode: 3,
        output: 'no space left',
        metrics: { rows: 7 },
        usage: { cpuNs: 1_500_000_000, memoryBytes: 4096 },
      },
    })
    expect(ended).toMatchObject({ status: 200, json: { status: 'failure', jobStatus: 'failing' } })
    const [stored] = await service.query(
      `SELECT service, session, result, exit_code, output, metrics, cpu_ns, memory_bytes, trigger,
         trace_id, parent_span_id FROM wayward_job_runs WHERE run_id = 'r1'`,
    )
    expect(stored).toEqual({
      service: 'shop',
      session: 'jobs-http',
      result: 'failure',
      exit_code: 3,
      output: 'no space left',
      metrics: { rows: 7 },
      cpu_ns: '1500000000',
      memory_bytes: '4096',
      trigger: 'cron',
      trace_id: parent,
      parent_span_id: 'c'.repeat(16),
    })
    expect((await send(run)).json).toMatchObject({ id: 'r1', status: 'failure', exitCode: 3 })
    expect((await send('/api/jobs/report/runs')).json.ended).toMatchObject([{ id: 'r1' }])
  })

  test('answers a start or an end that comes twice as the first time, and keeps one', async () => {
    const path = '/api/jobs/twice/runs'
    expect(await send(path, { method: 'POST', json: { id: 'x' } })).toMatchObject({ status: 201 })
    expect(await send(path, { method: 'POST', json: { id: 'x' } })).toMatchObject({
      status: 200,
      json: { id: 'x', isRepeated: true },
    })
    await send(`${path}/x`, { method: 'PATCH', json: { result: 'success' } })
    const again = await send(`${path}/x`, { method: 'PATCH', json: { result: 'success' } })
    expect(again).toMatchObject({ status: 200, json: { isRepeated: true } })
    const other = await send(`${path}/x`, { method: 'PATCH', json: { result: 'failure' } })
    expect(other).toMatchObject({ status: 409, json: { code: 'conflict' } })
    expect(await send(path, { method: 'POST', json: { id: 'x' } })).toMatchObject({ status: 409 })
    expect(await runsOf('twice')).toMatchObject([{ result: 'success' }])
  })

  test('keeps an end without a start, and says that the start came after it', async () => {
    const path = '/api/jobs/turned/runs'
    await send(`${path}/a`, { method: 'PATCH', json: { result: 'success' } })
    const late = await send(path, { method: 'POST', json: { id: 'a' } })
    expect(late).toMatchObject({ status: 201, json: { status: 'success' } })
    expect(late.json.note).toContain('before its start')
    expect(await runsOf('turned')).toMatchObject([
      { run_id: 'a', duration_ns: '0', flaws: ['start_missing'] },
    ])
  })

  test('gives a run up whose end never came when the next one starts', async () => {
    await send('/ping/key/silent/start?create=1')
    await send('/ping/key/silent/start')
    await send('/ping/key/silent')
    const runs = await runsOf('silent')
    expect(runs.map(({ result }) => result).toSorted()).toEqual(['lost', 'success'])
    expect(runs.find(({ result }) => result === 'lost')?.flaws).toEqual(['end_missing'])
  })

  test('puts times of a wrong clock right, and refuses times that cannot be', async () => {
    const now = Date.now()
    const at = (ms: number): string => new Date(now + 7_200_000 + ms).toISOString()
    await send('/api/jobs/clock/runs/skewed', {
      method: 'PATCH',
      json: { startedAt: at(-5_000), time: at(0), sentAt: at(0), result: 'success' },
    })
    await send('/api/jobs/clock/runs/future', {
      method: 'PATCH',
      json: { time: at(0), result: 'success' },
    })
    await send('/api/jobs/clock/runs/turned', {
      method: 'PATCH',
      json: {
        startedAt: new Date(now - 1_000).toISOString(),
        time: new Date(now - 5_000).toISOString(),
        result: 'success',
      },
    })
    const runs = await service.query(
      `SELECT run_id, arraySort(flaws) AS flaws, duration_ns,
         abs(toUnixTimestamp64Milli(started_at) - {now:Int64}) < 60000 AS is_now,
         round(clock_skew_ns / 1e9) AS skew
       FROM wayward_job_runs WHERE job_name = 'clock' ORDER BY run_id`,
      { now },
    )
    expect(runs).toMatchObject([
      { run_id: 'future', flaws: ['start_missing', 'time_refused'], is_now: 1 },
      { run_id: 'skewed', flaws: ['clock_corrected'], duration_ns: '5000000000', skew: 7200 },
      { run_id: 'turned', flaws: ['times_turned'], duration_ns: '0' },
    ])
  })

  test('names the field, the value seen and the value wanted', async () => {
    const answer = await send('/api/jobs/bad/runs', {
      method: 'POST',
      json: { attempt: 'two', triger: 'cron', progress: 3 },
    })
    expect(answer.status).toBe(400)
    expect(answer.json).toMatchObject({
      status: 400,
      code: 'wrong_field',
      field: 'attempt',
      seen: '"two"',
      wanted: 'a whole number',
    })
    expect(answer.json.errors).toHaveLength(3)
    for (const [field, value] of [
      ['time', '2026-02-31T00:00:00Z'],
      ['dueAt', '1990-01-01T00:00:00Z'],
      ['deadlineAt', '2990-01-01T00:00:00Z'],
      ['heartbeat', '0s'],
    ] as const) {
      expect(
        await send('/api/jobs/bad/runs', { method: 'POST', json: { [field]: value } }),
      ).toMatchObject({ status: 400, json: { field } })
    }
    expect(await send('/api/jobs/bad', { method: 'PUT' })).toMatchObject({
      status: 400,
      json: { field: 'body', seen: 'nothing' },
    })
    for (const body of ['{ id: name}', '[1]', '"text"', '\u0000', '{"id":"a"}{']) {
      expect(await send('/api/jobs/bad/runs', { method: 'POST', body })).toMatchObject({
        status: 400,
      })
    }
    const invalid = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])
    expect(await send('/api/jobs/bad/runs', { method: 'POST', body: invalid })).toMatchObject({
      status: 400,
      json: { code: 'wrong_encoding' },
    })
    expect(
      await send('/api/jobs/bad/runs', { method: 'POST', body: ' '.repeat(2 ** 20 + 1) }),
    ).toMatchObject({ status: 413 })
    expect(await send('/api/jobs/bad')).toMatchObject({ status: 404 })
  })
})

describe('/logentry', () => {
  test('takes an event once, by its id', async () => {
    const json = { id: 'e1', job: 'log', event: 'start', run: 'r' }
    expect(await send('/logentry', { method: 'POST', json })).toMatchObject({ status: 201 })
    expect(await send('/logentry', { method: 'POST', json })).toMatchObject({
      status: 200,
      json: { isRepeated: true },
    })
    const end = { id: 'e2', job: 'log', event: 'end', run: 'r', exitCode: 0 }
    await send('/logentry', { method: 'POST', json: end })
    expect(await runsOf('log')).toMatchObject([{ result: 'success', source: 'logentry' }])
    const { json: read } = await send('/logentry?job=log')
    expect(read.entries?.map((one) => [one['type'], one['reportId']])).toEqual([
      ['run_ended', 'e2'],
      ['run_started', 'e1'],
    ])
  })

  test('names the run also where an event without one comes again', async () => {
    const post = (json: object) => send('/logentry', { method: 'POST', json })
    const note = { id: 'n0', job: 'nameless', event: 'note', message: 'not of a run' }
    const noted = await post(note)
    expect(noted).toMatchObject({ status: 201, json: { isRepeated: false } })
    expect(noted.json.id).toBeUndefined()
    expect(await post(note)).toMatchObject({ status: 200, json: { isRepeated: true } })
    const started = await post({ id: 'n1', job: 'nameless', event: 'start' })
    expect(started.json.id).toMatch(/^[0-9a-f-]{36}$/)
    for (const event of [
      { id: 'n1', job: 'nameless', event: 'start' },
      { id: 'n2', job: 'nameless', event: 'note', progress: 0.5 },
      { id: 'n2', job: 'nameless', event: 'note', progress: 0.5 },
      { id: 'n3', job: 'nameless', event: 'end' },
      { id: 'n3', job: 'nameless', event: 'end' },
    ]) {
      const { href, id, traceparent } = (await post(event)).json
      expect({ href, id, traceparent }).toEqual({
        href: started.json.href,
        id: started.json.id,
        traceparent: started.json.traceparent,
      })
    }
    expect(await runsOf('nameless')).toMatchObject([{ run_id: started.json.id }])
  })

  test('refuses what is no event', async () => {
    const answer = await send('/logentry', { method: 'POST', json: { id: 'e3', event: 'begin' } })
    expect(answer.json.errors).toEqual([
      { field: 'job', seen: 'nothing', wanted: 'a value' },
      { field: 'event', seen: '"begin"', wanted: 'one of start, note, end' },
    ])
  })
})

describe('badges and metrics', () => {
  test('show the state of a job, and the worst of a tag', async () => {
    const json = { tags: ['backup'] }
    await send('/api/jobs/good-one', { method: 'PUT', json })
    await send('/api/jobs/a%22<b>', { method: 'PUT', json })
    await send('/ping/key/good-one')
    expect((await send('/api/badges/jobs/good-one.svg')).text).toContain(
      'aria-label="good-one: up"',
    )
    expect((await send('/api/badges/tags/backup.svg')).text).toContain('aria-label="backup: up"')
    await send('/ping/key/good-one/fail')
    const tag = await fetch(`${base}/api/badges/tags/backup.svg`)
    expect(tag.headers.get('Content-Type')).toBe('image/svg+xml; charset=utf-8')
    expect(await tag.text()).toContain('aria-label="backup: failing"')
    const hostile = (await send('/api/badges/jobs/a%22%3Cb%3E')).text
    expect(hostile).toContain('a&quot;&lt;b&gt;: new')
    expect(hostile).not.toContain('<b>')
    expect(await send('/api/badges/jobs/none.svg')).toMatchObject({ status: 404 })
    expect(await send('/api/badges/tags/none')).toMatchObject({ status: 404 })
    const { text: metrics } = await send('/api/jobs-metrics')
    expect(metrics).toContain(
      'wayward_job_trouble{service="jobs",job="good-one",status="failing"} 1',
    )
    expect(metrics).toContain('job="a\\"<b>"')
    expect((await send('/metrics')).text).toMatch(/wayward_jobs\{status="failing"\} \d/)
  })
})

describe('both listeners', () => {
  test('have the same addresses', async () => {
    const response = await fetch(`http://${service.addresses.otlpHttp}/ping/key/there?create=1`)
    expect(response.status).toBe(201)
    expect((await send('/api/jobs?status=up')).json.jobs).toContainEqual(
      expect.objectContaining({ name: 'there', status: 'up' }),
    )
    const { otlpHttp } = service.addresses
    for (const address of [base, `http://${otlpHttp}`]) {
      const foreign = await fetch(`${address}/ping/key/foreign?create=1`, {
        headers: { Origin: 'http://evil.example' },
      })
      expect(foreign.status, address).toBeGreaterThanOrEqual(401)
    }
    expect(await send('/api/jobs/foreign')).toMatchObject({ status: 404 })
  })
})

describe('PUT /api/jobs/<name>', () => {
  test('refuses schedules that cannot be meant, and names the field', async () => {
    const put = async (json: unknown) => await send('/api/jobs/plan', { method: 'PUT', json })
    expect(await put({ schedule: ['@daily', '61 * * * *'] })).toMatchObject({
      status: 400,
      json: { field: 'schedule[1]', seen: '"61 * * * *" (Invalid value for minute: 61)' },
    })
    expect(await put({ schedule: ['@daily'], timezone: 'Mars/Olympus' })).toMatchObject({
      status: 400,
      json: { field: 'timezone', wanted: 'an IANA time zone such as Europe/Berlin' },
    })
    expect(await put({ schedule: ['* * * * * *'] })).toMatchObject({ status: 400 })
    expect(await put({ assertions: ['runTime < 5 s', 'rows > 0'] })).toMatchObject({
      status: 400,
      json: { field: 'assertions[1]', seen: '"rows > 0"' },
    })
    expect(await put({ grace: 'soon' })).toMatchObject({ status: 400, json: { field: 'grace' } })
    expect(await put({ schedule: ['30 2 * * *'], timezone: 'Europe/Berlin' })).toMatchObject({
      status: 200,
      json: { status: 'new', nextDueAt: expect.stringMatching(/T0[01]:30:00/) as string },
    })
    const { json } = await send('/api/jobs/plan/slots?count=3')
    expect(json.due).toHaveLength(3)
  })

  test.each([
    ['?state=down', { field: 'query', seen: 'the unknown parameter "state"' }],
    [
      '?status=broken',
      { field: 'status', seen: '"broken"', wanted: expect.stringContaining('failing') as string },
    ],
    ['/plan?servce=x', { field: 'query', wanted: 'one of service' }],
    ['/plan/runs?cuont=3', { field: 'query', wanted: 'one of service, count' }],
    ['/plan/slots?from=now', { field: 'query' }],
  ])('answers no other question than was asked: %s', async (rest, json) => {
    expect(await send(`/api/jobs${rest}`)).toMatchObject({ status: 400, json })
  })

  test('checks what is asserted when a run has ended', async () => {
    const json = { assertions: ['metric.rows > 0'] }
    await send('/api/jobs/asserted', { method: 'PUT', json })
    const end = async (rows: number) =>
      await send(`/api/jobs/asserted/runs/${rows}`, {
        method: 'PATCH',
        json: { result: 'success', metrics: { rows } },
      })
    expect((await end(0)).json).toMatchObject({ status: 'success', jobStatus: 'failing' })
    expect((await send('/api/jobs/asserted')).json).toMatchObject({ broken: ['metric.rows > 0'] })
    expect((await end(5)).json).toMatchObject({ jobStatus: 'up' })
    await send('/inserted')
    const { json: read } = await send('/logentry?job=asserted')
    expect(read.entries?.map((one) => one['message'])).toEqual(['', 'Broken: metric.rows > 0', ''])
  })

  test('tells a job as late when its grace has passed, and keeps that as a slot', async () => {
    const json = { schedule: ['every 5s'], grace: '1s' }
    await send('/api/jobs/tardy', { method: 'PUT', json })
    await expect
      .poll(async () => (await send('/api/jobs/tardy')).json.status, { timeout: 12_000 })
      .toBe('late')
    await send('/api/jobs/tardy/runs', { method: 'POST', json: { id: 'here' } })
    const slots = await service.query(
      `SELECT outcome, run_id, lateness_ns > 1e9 AS is_late FROM wayward_job_slots FINAL
       WHERE job_name = 'tardy' AND outcome = 'met'`,
    )
    expect(slots).toEqual([{ outcome: 'met', run_id: 'here', is_late: 1 }])
    await send('/api/jobs/tardy', { method: 'PUT', json: { ...json, paused: true } })
    expect((await send('/api/jobs/tardy')).json).toMatchObject({
      status: 'paused',
      nextDueAt: null,
    })
  })
})

describe('bounds and keys', () => {
  test('refuse the jobs of one key that makes too many, and not those of others', async () => {
    const limits = { jobsPerSenderMax: 2 }
    const { collector, addresses } = await startCollector(service.engine.writer, limits)
    try {
      const ping = async (path: string) => await fetch(`http://${addresses.api}${path}`)
      const made = await Promise.all(
        [1, 2, 3, 4].map((n) => ping(`/ping/greedy/bound-${n}?create=1`)),
      )
      expect(made.map(({ status }) => String(status)).toSorted()).toEqual([
        '201',
        '201',
        '429',
        '429',
      ])
      const refused = await ping('/ping/greedy/bound-5?create=1')
      expect(await refused.text()).toContain('limit jobs-per-sender-max')
      expect(refused.headers.get('Retry-After')).not.toBeNull()
      expect((await ping('/ping/modest/bound-6?create=1')).status).toBe(201)
      const metrics = await (await ping('/metrics')).text()
      expect(metrics).toMatch(/receiver="jobs",[^\n]*status="overloaded"\} 3/)
    } finally {
      await collector.shutdown(5_000)
    }
  })

  test('tell a channel of a job that is late within five seconds of the end of its grace', async () => {
    const got: { readonly atMs: number; readonly text: string }[] = []
    const listener = createServer((request, response) => {
      const take = async (): Promise<void> => {
        const { text } = JSON.parse(await textOf(request)) as { readonly text: string }
        got.push({ atMs: Date.now(), text })
        response.end()
      }
      void take()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook`
    const notify = [{ name: 'ops', kind: 'slack', url, services: ['told'] }] as const
    const { collector, addresses } = await startCollector(service.engine.writer, {}, { notify })
    try {
      const body = JSON.stringify({ service: 'told', schedule: ['every 5s'], grace: '1s' })
      const setMs = Date.now()
      await fetch(`http://${addresses.api}/api/jobs/due`, { method: 'PUT', body })
      await expect.poll(() => got.length, { timeout: 15_000 }).toBeGreaterThan(0)
      expect(got[0]?.text).toBe('told/due is late: a run was due and has not come, it was new')
      expect((got[0]?.atMs ?? 0) - setMs - 6_000).toBeLessThan(5_000)
      await fetch(`http://${addresses.api}/api/jobs/due`, {
        method: 'PUT',
        body: JSON.stringify({ service: 'told', paused: true }),
      })
    } finally {
      await collector.shutdown(5_000)
      listener.close()
    }
  })

  test('take a token as key where tokens are asked for, and no other', async () => {
    const tokens = makeTokenFile({ backup: 'a-long-token-of-the-backup-host' })
    const { collector, addresses } = await startCollector(
      service.engine.writer,
      {},
      { tokenFile: tokens.path },
    )
    try {
      const api = `http://${addresses.api}`
      const ping = async (key: string) => await fetch(`${api}/ping/${key}/keyed?create=1`)
      expect((await ping('a-long-token-of-the-backup-host')).status).toBe(201)
      const unknown = await ping('guessed')
      expect([unknown.status, await unknown.text()]).toEqual([
        404,
        'The key in the address is not known here\n',
      ])
      expect((await fetch(`${api}/api/jobs`)).status).toBe(401)
    } finally {
      await collector.shutdown(5_000)
      tokens.remove()
    }
  })
})
