// Goal: what a span or event says arrives in the narrow table of its kind, exactly once. Method:
// rows of the stock tables go in as Native blocks, as the collector inserts them, and the narrow
// tables are read back.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { toRows } from '../harness/recording.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

beforeEach(async () => {
  await engine.truncateTables()
})

afterAll(async () => {
  await engine.shutdown()
})

const resource = {
  'service.name': 'shop',
  'service.version': '1.2.3',
  'service.instance.id': 'i1',
  'wayward.session.id': 's1',
  'wayward.session.name': 'load test 3',
  'host.name': 'box',
  'process.pid': '42',
  'process.runtime.name': 'nodejs',
  'process.runtime.version': '20.20.2',
}
const actor = {
  'thread.id': '3',
  'thread.name': 'main',
  'wayward.task.id': '17',
  'wayward.task.name': 'checkout',
}
const lock = {
  ...actor,
  'wayward.lock.id': '42:17',
  'wayward.lock.name': 'inventory',
  'wayward.lock.type': 'mutex',
  'wayward.lock.mode': 'exclusive',
  'wayward.lock.held': '["42:3","a\\"b"]',
  'wayward.lock.permits': '2',
  'wayward.lock.waiter.count': '7',
}
const queue = {
  ...actor,
  'wayward.queue.id': '42:2',
  'wayward.queue.name': 'emails',
  'wayward.queue.item.id': '1093',
  'wayward.queue.item.name': 'order-confirmation',
  'wayward.queue.size': '12',
  'wayward.queue.capacity': '1000',
  'wayward.queue.concurrency': '4',
  'wayward.queue.priority': '-1',
}
const job = {
  ...actor,
  'wayward.job.name': 'nightly-report',
  'wayward.job.id': 'b7a1',
  'wayward.job.run.id': '8f1c2b',
  'wayward.job.attempt': '3',
  'wayward.job.attempt.limit': '5',
  'wayward.job.result': 'failure',
  'wayward.job.exit_code': '-1',
  'wayward.job.worker.id': 'worker-3',
  'error.type': 'RangeError',
}
const who = { service: 'shop', session: 's1', thread_id: '3', task_id: '17', sequence: '5' }

describe('the views of the kinds', () => {
  test.each([
    [
      'wayward_lock_holds',
      'lock_hold',
      {
        ...lock,
        'wayward.lock.wait.duration': '1500000',
        'wayward.lock.contended': 'true',
        'wayward.lock.depth': '2',
      },
      {
        ...who,
        lock_name: 'inventory',
        lock_id: '42:17',
        lock_type: 'mutex',
        lock_mode: 'exclusive',
        granted_at: '2026-11-21 06:00:00.000001000',
        hold_ns: '2000000',
        wait_ns: '1500000',
        contended: true,
        depth: 2,
        waiters: 7,
        permits: 2,
        held: ['42:3', 'a"b'],
        thread_name: 'main',
        task_name: 'checkout',
      },
    ],
    [
      'wayward_lock_waits',
      'lock_wait',
      {
        ...lock,
        'wayward.lock.wait.result': 'timeout',
        'wayward.lock.timeout': '5000000000',
        'wayward.lock.holder.task.id': '16',
        'wayward.lock.holder.thread.id': '1',
      },
      {
        ...who,
        lock_name: 'inventory',
        requested_at: '2026-11-21 06:00:00.000001000',
        wait_ns: '2000000',
        result: 'timeout',
        timeout_ns: '5000000000',
        holder_task_id: '16',
        holder_thread_id: '1',
        held: ['42:3', 'a"b'],
        waiters: 7,
      },
    ],
    [
      'wayward_queue_items',
      'queue_item',
      { ...queue, 'wayward.queue.wait.duration': '1000', 'wayward.queue.item.result': 'done' },
      {
        ...who,
        queue_name: 'emails',
        queue_id: '42:2',
        item_id: '1093',
        item_name: 'order-confirmation',
        enqueued_at: '2026-11-21 06:00:00.000000000',
        dequeued_at: '2026-11-21 06:00:00.000001000',
        wait_ns: '1000',
        processing_ns: '2000000',
        result: 'done',
        error_type: '',
        size: 12,
        capacity: 1000,
        concurrency: 4,
        priority: '-1',
      },
    ],
    [
      'wayward_job_runs',
      'job_run',
      {
        ...job,
        'wayward.job.trigger': 'cron',
        'wayward.job.schedule': '*/5 * * * *',
        'wayward.job.schedule.timezone': 'Europe/Berlin',
        'wayward.job.due_time': '2026-11-21T05:59:59.123456789Z',
      },
      {
        ...who,
        job_name: 'nightly-report',
        job_id: 'b7a1',
        run_id: '8f1c2b',
        trigger: 'cron',
        schedule: '*/5 * * * *',
        schedule_timezone: 'Europe/Berlin',
        due_at: '2026-11-21 05:59:59.123456789',
        deadline_at: '1970-01-01 00:00:00.000000000',
        started_at: '2026-11-21 06:00:00.000001000',
        duration_ns: '2000000',
        result: 'failure',
        error_type: 'RangeError',
        exit_code: -1,
        attempts: 3,
        attempts_max: 5,
        worker_id: 'worker-3',
      },
    ],
    [
      'wayward_job_attempts',
      'job_attempt',
      job,
      {
        ...who,
        job_name: 'nightly-report',
        run_id: '8f1c2b',
        attempt: 3,
        started_at: '2026-11-21 06:00:00.000001000',
        duration_ns: '2000000',
        result: 'failure',
        error_type: 'RangeError',
        exit_code: -1,
      },
    ],
    [
      'wayward_pauses',
      'pause',
      {
        'wayward.pause.cause': 'garbage_collection',
        'v8js.gc.type': 'major',
        'thread.id': '2',
        'thread.name': 'worker-2',
      },
      {
        service: 'shop',
        cause: 'garbage_collection',
        gc_type: 'major',
        paused_at: '2026-11-21 06:00:00.000001000',
        pause_ns: '2000000',
        thread_id: '2',
        thread_name: 'worker-2',
        sequence: '5',
      },
    ],
  ])('%s gets what the span says', async (table, kind, attributes, wanted) => {
    const span = { kind, at: 0.001, for: 2, sequence: 5, attributes }
    await engine.insertRows('otel_traces', toRows([{ resource, spans: [span] }]).traces)
    const rows = await engine.reader.query('SELECT * FROM {table:Identifier}', { table })
    expect(rows).toEqual([expect.objectContaining(wanted)])
    expect(rows).toEqual([
      expect.objectContaining({ trace_id: `${'0'.repeat(31)}1`, span_id: `${'0'.repeat(15)}1` }),
    ])
  })

  test.each([
    '',
    '-5',
    '1e9',
    'not json',
    '18446744073709551615',
    '99999999999999999999999999',
    '9999-12-31T23:59:59.999999999Z',
    '0001-01-01T00:00:00Z',
    '[[[[',
    '["a",1,null]',
    '\u0000\ufffd',
  ])('keep a row whose attributes are all %j', async (value) => {
    const keys = Object.keys({
      ...lock,
      ...queue,
      ...job,
      'wayward.lock.wait.duration': '',
      'wayward.queue.wait.duration': '',
      'wayward.job.due_time': '',
      'wayward.job.deadline': '',
      'process.pid': '',
    })
    const attributes = Object.fromEntries(keys.map((key) => [key, value]))
    const spans = ['lock_hold', 'lock_wait', 'queue_item', 'job_run', 'job_attempt', 'pause'].map(
      (kind) => ({ kind, at: 0, for: 1, attributes }),
    )
    const { traces } = toRows([{ resource: { ...resource, 'process.pid': value }, spans }])
    await engine.insertRows('otel_traces', traces)
    await engine.insertRows('otel_logs', [
      {
        EventName: 'wayward.operation.open',
        LogAttributes: { ...attributes, 'wayward.operation.start_time': value },
      },
    ])
    expect(await countRows()).toMatchObject({
      wayward_lock_holds: 1,
      wayward_lock_waits: 1,
      wayward_queue_items: 1,
      wayward_job_runs: 1,
      wayward_job_attempts: 1,
      wayward_pauses: 1,
      wayward_open_operations: 1,
    })
  })

  test('take times at both ends of what can be told, and any duration', async () => {
    const kinds = ['lock_hold', 'lock_wait', 'queue_item', 'job_run', 'job_attempt', 'pause']
    const spans = kinds.map((kind) => ({ kind, at: 0, for: 1 }))
    const { traces } = toRows([{ resource, spans }])
    const extremes = ['0000000000.000000000', '9223372036.854775807'].flatMap((Timestamp) =>
      traces.map((row) => ({ ...row, Timestamp, Duration: '18446744073709551615' })),
    )
    await engine.insertRows('otel_traces', extremes)
    expect(await countRows()).toMatchObject({ wayward_lock_holds: 2, wayward_queue_items: 2 })
  })

  test('keep the latest snapshot of an operation', async () => {
    const open = [100, 300, 200].map((seen) => ({
      kind: 'lock_wait',
      since: 0,
      seen,
      sequence: 9,
      attributes: { ...lock, 'wayward.lock.holder.task.id': '16' },
    }))
    for (const operation of open) {
      const { logs } = toRows([{ resource, spans: [], open: [operation] }])
      await engine.insertRows('otel_logs', logs)
    }
    expect(await engine.reader.query('SELECT * FROM wayward_open_operations FINAL')).toEqual([
      expect.objectContaining({
        service: 'shop',
        session: 's1',
        kind: 'lock_wait',
        sequence: '9',
        started_at: '2026-11-21 06:00:00.000000000',
        seen_at: '2026-11-21 06:00:00.300000000',
        age_ns: '300000000',
        name: 'inventory',
        subject_id: '42:17',
        held: ['42:3', 'a"b'],
        holder_task_id: '16',
        task_id: '17',
      }),
    ])
  })
})

/** An event of a session's, so many seconds ago. */
interface RecentEvent {
  readonly name?: string
  readonly secondsAgo: number
  /** How long the operation had been open then, and what it is called. */
  readonly ageSeconds?: number
  readonly sequence?: number
  readonly attributes?: Readonly<Record<string, string>>
}

function recentLog(event: RecentEvent, session = 's1'): object {
  const atMs = Date.now() - event.secondsAgo * 1000
  const ageSeconds = event.ageSeconds ?? 0
  return {
    ServiceName: 'shop',
    ResourceAttributes: { ...resource, 'wayward.session.id': session },
    Timestamp: (atMs / 1000).toFixed(9),
    EventName: event.name ?? 'wayward.operation.open',
    LogAttributes: {
      'wayward.kind': 'job_run',
      'wayward.job.name': 'report',
      'wayward.operation.sequence': String(event.sequence ?? 1),
      'wayward.operation.start_time': new Date(atMs - ageSeconds * 1000).toISOString(),
      'wayward.operation.age': String(ageSeconds * 1e9),
      ...event.attributes,
    },
  }
}

const uptime = (seconds: number) => ({ 'wayward.session.uptime': String(seconds * 1e9) })

async function openNow(): Promise<unknown[]> {
  return await engine.reader.query(
    `SELECT session, sequence, state, silent_at = '1970-01-01 00:00:00' AS is_heard
     FROM wayward_open_now ORDER BY session, sequence`,
  )
}

describe('wayward_open_now', () => {
  test('has what is open, and not what has ended, in any order of the events', async () => {
    const ended = { name: 'wayward.operation.ended', secondsAgo: 1, ageSeconds: 9, sequence: 2 }
    const open = { secondsAgo: 2, ageSeconds: 8 }
    for (const event of [ended, { ...open, sequence: 2 }, { ...open, sequence: 3 }]) {
      await engine.insertRows('otel_logs', [recentLog(event)])
    }
    expect(await openNow()).toEqual([{ session: 's1', sequence: '3', state: 'open', is_heard: 1 }])
    const rows = await engine.reader.query(
      `SELECT toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at) AS ms
       FROM wayward_open_operations FINAL WHERE sequence = 2`,
    )
    expect(rows).toEqual([{ ms: '9000' }])
  })

  test('says of a session without a sign of life for several intervals that it is silent', async () => {
    const interval = { 'wayward.operation.snapshot.interval': '60000000000' }
    await engine.insertRows('otel_logs', [
      recentLog({ secondsAgo: 20, ageSeconds: 5 }, 'silent'),
      recentLog({ secondsAgo: 20, ageSeconds: 5, attributes: interval }, 'slow'),
      recentLog({ secondsAgo: 20, ageSeconds: 5 }, 'talks'),
      recentLog({ name: 'order.placed', secondsAgo: 1 }, 'talks'),
    ])
    expect(await openNow()).toEqual([
      { session: 'silent', sequence: '1', state: 'silent', is_heard: 0 },
      { session: 'slow', sequence: '1', state: 'open', is_heard: 1 },
      { session: 'talks', sequence: '1', state: 'open', is_heard: 1 },
    ])
  })

  test('says of what a session no longer reports while it reports others that its end was lost', async () => {
    await engine.insertRows('otel_logs', [
      recentLog({ secondsAgo: 30, ageSeconds: 5, sequence: 1, attributes: uptime(100) }),
      recentLog({ secondsAgo: 30, ageSeconds: 5, sequence: 2, attributes: uptime(100) }),
      recentLog({ secondsAgo: 1, ageSeconds: 34, sequence: 2, attributes: uptime(129) }),
    ])
    expect(await openNow()).toEqual([
      { session: 's1', sequence: '1', state: 'lost', is_heard: 1 },
      { session: 's1', sequence: '2', state: 'open', is_heard: 1 },
    ])
  })

  test('keeps to the uptime where the wall clock was set back an hour', async () => {
    const step = { name: 'wayward.clock.step', attributes: uptime(8) }
    await engine.insertRows('otel_logs', [
      // Begun before the step, and by the clock of then still in the future.
      recentLog({ secondsAgo: -3590, ageSeconds: 2, sequence: 1, attributes: uptime(3) }),
      recentLog({ ...step, secondsAgo: 20 }),
      recentLog({ secondsAgo: 21, ageSeconds: 2, sequence: 2, attributes: uptime(7) }),
    ])
    expect(await openNow()).toEqual([
      { session: 's1', sequence: '1', state: 'silent', is_heard: 0 },
      { session: 's1', sequence: '2', state: 'silent', is_heard: 0 },
    ])
    const early = 'SELECT count() AS n FROM wayward_open_now WHERE silent_at < seen_at'
    expect(await engine.reader.query(early)).toEqual([{ n: '0' }])
    const times = await engine.reader.query(
      `SELECT is_clock_set, dateDiff('second', first_at, last_at) AS seconds,
         dateDiff('second', last_at, now64(9)) BETWEEN 19 AND 60 AS is_step
       FROM wayward_session_times`,
    )
    expect(times).toEqual([{ is_clock_set: 1, seconds: '8', is_step: 1 }])
  })
})

describe('an insert that is repeated with its token', () => {
  test('counts once in the table and in every view', async () => {
    const spans = [
      'lock_hold',
      'lock_wait',
      'queue_item',
      'job_run',
      'job_attempt',
      'pause',
      undefined,
    ].map((kind) => ({
      ...(kind === undefined ? {} : { kind }),
      at: 0,
      for: 1,
      repeat: 2000,
      every: 0.01,
    }))
    await engine.insertRows('otel_traces', toRows([{ resource, spans }]).traces)
    const block = await readBlock('SELECT * FROM otel_traces ORDER BY SpanId')
    await engine.truncateTables()
    for (const token of ['a', 'a', 'b', 'a', 'b']) {
      const outcome = await engine.writer.insertNative('otel_traces', block, token)
      expect(outcome).toEqual({ status: 'inserted' })
    }
    expect(await countRows()).toEqual({
      otel_traces: 28_000,
      otel_traces_trace_id_ts: 28_000,
      otel_logs: 0,
      wayward_lock_holds: 4000,
      wayward_lock_waits: 4000,
      wayward_queue_items: 4000,
      wayward_job_runs: 4000,
      wayward_job_attempts: 4000,
      wayward_pauses: 4000,
      wayward_open_operations: 0,
    })
    expect(await engine.reader.query('SELECT spans FROM wayward_sessions FINAL')).toEqual([
      { spans: '28000' },
    ])
  })

  test('counts once for logs, too', async () => {
    const open = [{ kind: 'job_run', since: 0, seen: 50, sequence: 1, attributes: job }]
    await engine.insertRows('otel_logs', toRows([{ resource, spans: [], open }]).logs)
    const block = await readBlock('SELECT * FROM otel_logs')
    await engine.truncateTables()
    for (const token of ['a', 'a']) await engine.writer.insertNative('otel_logs', block, token)
    expect(await countRows()).toMatchObject({ otel_logs: 1, wayward_open_operations: 1 })
    expect(await engine.reader.query('SELECT logs FROM wayward_sessions FINAL')).toEqual([
      { logs: '1' },
    ])
  })
})

describe('wayward_sessions', () => {
  test('says who reported, when, how much, and what was lost', async () => {
    const spans = [
      { at: 10, for: 5 },
      { at: 20, for: 100 },
    ]
    const { traces } = toRows([{ resource, spans }])
    await engine.insertRows('otel_traces', traces)
    await engine.insertRows('otel_traces', [{ ...traces[0], StatusCode: 'Error' }])
    const log = { ServiceName: 'shop', ResourceAttributes: resource, Timestamp: '1795240799.5' }
    const lost = { 'wayward.events.dropped.count': '128' }
    await engine.insertRows('otel_logs', [
      { ...log, EventName: 'wayward.events.dropped', LogAttributes: lost },
      { ...log, EventName: 'something.else', LogAttributes: lost },
    ])
    expect(await engine.reader.query('SELECT * FROM wayward_sessions FINAL')).toEqual([
      {
        service: 'shop',
        session: 's1',
        session_name: 'load test 3',
        instance_id: 'i1',
        service_version: '1.2.3',
        host_name: 'box',
        process_pid: '42',
        runtime_name: 'nodejs',
        runtime_version: '20.20.2',
        first_at: '2026-11-21 05:59:59.500000000',
        last_at: '2026-11-21 06:00:00.120000000',
        spans: '3',
        span_errors: '1',
        logs: '2',
        dropped: '128',
        uptime_ns: '0',
        clock_at: '1970-01-01 00:00:00.000000000',
      },
    ])
  })

  test.each([
    [{ 'service.name': 'a', 'service.instance.id': 'i7', 'host.name': 'box' }, 'i7'],
    [{ 'service.name': 'a', 'host.name': 'box', 'process.pid': '9' }, 'a@box:9'],
    [{ 'service.name': 'a' }, 'a@:'],
  ])('gives %j the session %s', async (of, session) => {
    const spans = [{ kind: 'lock_hold', at: 0, for: 1 }]
    await engine.insertRows('otel_traces', toRows([{ resource: of, spans }]).traces)
    for (const table of ['wayward_sessions', 'wayward_lock_holds']) {
      const rows = await engine.reader.query('SELECT session FROM {table:Identifier}', { table })
      expect(rows).toEqual([{ session }])
    }
  })
})

async function countRows(): Promise<Record<string, number>> {
  const tables = [
    'otel_traces',
    'otel_traces_trace_id_ts',
    'otel_logs',
    'wayward_lock_holds',
    'wayward_lock_waits',
    'wayward_queue_items',
    'wayward_job_runs',
    'wayward_job_attempts',
    'wayward_pauses',
    'wayward_open_operations',
  ]
  const counts: Record<string, number> = {}
  for (const table of tables) {
    const rows = await engine.reader.query<{ n: string }>(
      'SELECT count() AS n FROM {table:Identifier}',
      { table },
    )
    counts[table] = Number(rows[0]?.n)
  }
  return counts
}

async function readBlock(sql: string): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of await engine.reader.queryRaw(sql, 'Native')) chunks.push(chunk)
  return chunks
}
