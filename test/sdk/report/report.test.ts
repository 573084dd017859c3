import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import {
  ATTR_ERROR_TYPE,
  ATTR_THREAD_ID,
  ATTR_THREAD_NAME,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_JOB_ATTEMPT,
  ATTR_WAYWARD_JOB_ATTEMPT_LIMIT,
  ATTR_WAYWARD_JOB_DUE_TIME,
  ATTR_WAYWARD_JOB_EXIT_CODE,
  ATTR_WAYWARD_JOB_RESULT,
  ATTR_WAYWARD_JOB_SCHEDULE,
  ATTR_WAYWARD_JOB_SCHEDULED_TIME,
  ATTR_WAYWARD_JOB_TRIGGER,
  ATTR_WAYWARD_JOB_WORKER_ID,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_LOCK_CONTENDED,
  ATTR_WAYWARD_LOCK_DEPTH,
  ATTR_WAYWARD_LOCK_WAIT_DURATION,
  ATTR_WAYWARD_LOCK_WAIT_RESULT,
  ATTR_WAYWARD_OPERATION_END_REASON,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_START_TIME,
  ATTR_WAYWARD_QUEUE_CAPACITY,
  ATTR_WAYWARD_QUEUE_ITEM_RESULT,
  ATTR_WAYWARD_QUEUE_WAIT_DURATION,
  ATTR_WAYWARD_TASK_ID,
  EVENT_WAYWARD_OPERATION_ENDED,
} from '@wayward/semconv'
import type { ReportedJob, ReportedLock, ReportedQueue } from '@wayward/sdk'
import { beforeEach, describe, expect, test } from 'vitest'
import { createRecording, type Recording, sleep } from '../recording.ts'

let recording: Recording
beforeEach(() => {
  recording = createRecording({ thresholdMs: 0 })
})

/** A time with all nine digits, so that a rounded one would be seen. */
const t0 = 1_795_244_399_123_456_789n
const hr = (offsetNs: bigint) => [
  Number((t0 + offsetNs) / 1_000_000_000n),
  Number((t0 + offsetNs) % 1_000_000_000n),
]

describe('a lock', () => {
  test('keeps the times that it is given to the nanosecond', () => {
    const lock = recording.reporter.lock({ name: 'table', type: 'database', scope: 'host' })
    const request = lock.request({ timeNs: t0 })
    const hold = request.granted({ timeNs: t0 + 2_000_001n })
    hold.released({ timeNs: t0 + 5_000_002n })
    const [wait, held] = recording.spans()
    expect(wait?.startTime).toEqual(hr(0n))
    expect(wait?.endTime).toEqual(hr(2_000_001n))
    expect(held?.startTime).toEqual(hr(2_000_001n))
    expect(held?.endTime).toEqual(hr(5_000_002n))
    expect(held?.attributes).toMatchObject({
      [ATTR_WAYWARD_LOCK_WAIT_DURATION]: 2_000_001,
      [ATTR_WAYWARD_LOCK_CONTENDED]: true,
      [ATTR_WAYWARD_LOCK_DEPTH]: 1,
      [ATTR_THREAD_ID]: 0,
      [ATTR_THREAD_NAME]: 'main',
    })
  })

  test('stamps starts with nanoseconds where no time is given', () => {
    const starts = Array.from({ length: 20 }, () => {
      recording.reporter.lock({ name: 'x' }).request().granted().released()
      return recording.spans().at(-1)?.startTime[1] ?? 0
    })
    expect(starts.some((ns) => ns % 1000 !== 0)).toBe(true)
    const last = recording.spans().at(-1)
    const seconds = (last?.startTime[0] ?? 0) + (last?.startTime[1] ?? 0) / 1e9
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(0.1)
  })

  test('reports each way of giving up, and ignores what comes after the first end', () => {
    const lock = recording.reporter.lock({ name: 'x' })
    const hold = lock.request().granted()
    const ends = [lock.request({ timeoutNs: 5 }), lock.request(), lock.request()]
    ends[0]?.timedOut()
    ends[1]?.cancelled()
    ends[2]?.refused()
    expect(ends[0]?.granted().isOpen).toBe(false)
    hold.released()
    hold.released()
    expect(
      recording.spans('lock_wait').map((span) => span.attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT]),
    ).toEqual(['timeout', 'cancelled', 'refused'])
    expect(recording.spans('lock_hold')).toHaveLength(1)
  })

  test('counts depth, and knows readers from writers', () => {
    const lock = recording.reporter.lock({ name: 'x', type: 'rwlock', mode: 'shared' })
    const first = lock.request().granted()
    const second = lock.request().granted()
    const writer = lock.request({ mode: 'exclusive' })
    first.released()
    second.released()
    writer.granted().released()
    const contended = recording
      .spans('lock_hold')
      .map((span) => span.attributes[ATTR_WAYWARD_LOCK_CONTENDED])
    expect(contended).toEqual([false, false, true])
  })

  test('nests work under its hold', () => {
    const hold = recording.reporter.lock({ name: 'x' }).request().granted()
    const active = hold.run(() => trace.getSpanContext(context.active()))
    hold.released()
    expect(active?.spanId).toBe(recording.spans()[0]?.spanContext().spanId)
  })
})

describe('a queue', () => {
  test('reports time in the queue, processing and result', () => {
    const queue = recording.reporter.queue({ name: 'q', capacity: 10, hasEnqueueSpans: true })
    const item = queue.enqueued({ timeNs: t0, name: 'mail' })
    const processing = item.dequeued({ timeNs: t0 + 7n })
    processing.failed(new TypeError('no'), { timeNs: t0 + 11n })
    processing.done()
    const [enqueue, process] = recording.spans()
    expect(enqueue?.attributes[ATTR_WAYWARD_KIND]).toBe('queue_enqueue')
    expect(process?.links[0]?.context.spanId).toBe(enqueue?.spanContext().spanId)
    expect(process?.attributes).toMatchObject({
      [ATTR_WAYWARD_QUEUE_WAIT_DURATION]: 7,
      [ATTR_WAYWARD_QUEUE_ITEM_RESULT]: 'failed',
      [ATTR_WAYWARD_QUEUE_CAPACITY]: 10,
      [ATTR_ERROR_TYPE]: 'TypeError',
    })
    expect(process?.endTime).toEqual(hr(11n))
    expect(process?.status.code).toBe(SpanStatusCode.ERROR)
  })
})

describe('a job', () => {
  const job = () =>
    recording.reporter.job({ name: 'report', schedule: '*/5 * * * *', attemptLimit: 3 })

  test('reports schedule, due time, worker, trigger and result', async () => {
    const options = {
      trigger: 'cron',
      scheduledTimeNs: t0 - 60_000_000_000n,
      dueTimeNs: t0,
      workerId: 'w1',
    } as const
    expect(await job().run(options, async () => 5)).toBe(5)
    expect(recording.spans()[0]?.name).toBe('run report')
    expect(recording.spans()[0]?.attributes).toMatchObject({
      [ATTR_WAYWARD_JOB_DUE_TIME]: '2026-11-21T06:59:59.123456789Z',
      [ATTR_WAYWARD_JOB_SCHEDULED_TIME]: '2026-11-21T06:58:59.123456789Z',
      [ATTR_WAYWARD_JOB_RESULT]: 'success',
      [ATTR_WAYWARD_JOB_TRIGGER]: 'cron',
      [ATTR_WAYWARD_JOB_SCHEDULE]: '*/5 * * * *',
      [ATTR_WAYWARD_JOB_WORKER_ID]: 'w1',
      [ATTR_WAYWARD_JOB_ATTEMPT]: 1,
      [ATTR_WAYWARD_JOB_ATTEMPT_LIMIT]: 3,
    })
  })

  test('has its attempts as children, and throws on what they throw', async () => {
    const error = new Error('no')
    const run = job().run({}, async (current) => {
      await current.attempt(() => Promise.reject(error)).catch(() => undefined)
      await current.attempt(() => sleep(1))
      throw error
    })
    await expect(run).rejects.toBe(error)
    const [first, second, parent] = recording.spans()
    expect(first?.attributes).toMatchObject({
      [ATTR_WAYWARD_JOB_RESULT]: 'error',
      [ATTR_WAYWARD_JOB_ATTEMPT]: 1,
      [ATTR_ERROR_TYPE]: 'Error',
    })
    expect(second?.attributes[ATTR_WAYWARD_JOB_RESULT]).toBe('success')
    expect(second?.parentSpanContext?.spanId).toBe(parent?.spanContext().spanId)
    expect(parent?.attributes).toMatchObject({
      [ATTR_WAYWARD_JOB_RESULT]: 'error',
      [ATTR_WAYWARD_JOB_ATTEMPT]: 2,
    })
  })

  test('can be reported by hand, with time-out and exit code', () => {
    const run = job().start({ timeNs: t0 })
    run.ended('timeout', { timeNs: t0 + 3n, exitCode: 137 })
    run.ended('success')
    const span = recording.spans()[0]
    expect(span?.endTime).toEqual(hr(3n))
    expect(span?.attributes).toMatchObject({
      [ATTR_WAYWARD_JOB_RESULT]: 'timeout',
      [ATTR_WAYWARD_JOB_EXIT_CODE]: 137,
      [ATTR_ERROR_TYPE]: 'timeout',
    })
  })
})

describe('zones and logs', () => {
  test('zones nest, keep results and errors, and end once', async () => {
    const { reporter } = recording
    const error = new Error('no')
    expect(reporter.zone('sync', () => 4)).toBe(4)
    await expect(
      reporter.zone('outer', () => reporter.zone('inner', () => Promise.reject(error))),
    ).rejects.toBe(error)
    const zone = reporter.startZone('by hand', { timeNs: t0, attributes: { colour: 'red' } })
    zone.end({ timeNs: t0 + 9n })
    zone.end()
    const names = recording.spans('zone').map((span) => span.name)
    expect(names).toEqual(['sync', 'inner', 'outer', 'by hand'])
    const [, inner, outer, byHand] = recording.spans()
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
    expect(inner?.status.code).toBe(SpanStatusCode.ERROR)
    expect(byHand?.duration).toEqual([0, 9])
    expect(byHand?.attributes['colour']).toBe('red')
  })

  test('a log record has its time, its trace and its task', () => {
    const { reporter } = recording
    reporter.zone('z', () =>
      reporter.log({ body: 'hello', severity: SeverityNumber.WARN, timeNs: t0 }),
    )
    const record = recording.events()[0]
    expect(record?.body).toBe('hello')
    expect(record?.severityText).toBe('WARN')
    expect(record?.hrTime).toEqual(hr(0n))
    expect(record?.spanContext?.spanId).toBe(recording.spans()[0]?.spanContext().spanId)
    expect(record?.attributes[ATTR_WAYWARD_TASK_ID]).toEqual(expect.any(String))
  })
})

test('what is given no name by plain JavaScript is told all the same', () => {
  const { reporter } = recording
  // As it is seen without types.
  const untyped = reporter as unknown as {
    lock(settings?: unknown): ReportedLock
    queue(settings?: unknown): ReportedQueue
    job(settings?: unknown): ReportedJob
  }
  for (const settings of [undefined, null, {}, { name: 7 }, { name: null, type: 'rwlock' }]) {
    untyped.lock(settings).request().granted().released()
  }
  expect(recording.spans().map(({ name }) => name)).toEqual(Array(5).fill('hold (unnamed)'))
  expect(untyped.queue().name).toBe('(unnamed)')
  expect(() => untyped.job(null).start().ended('success')).not.toThrow()
})

describe('all together', () => {
  test('sequence numbers have no gaps and follow the order of the starts', () => {
    const { reporter } = recording
    const lock = reporter.lock({ name: 'x' })
    const hold = lock.request().granted()
    const second = lock.request()
    hold.released()
    second.granted().released()
    reporter.zone('z', () => undefined)
    reporter.log({ body: 'b' })
    const numbers = [...recording.spans(), ...recording.events()]
      .map((item) => Number(item.attributes[ATTR_WAYWARD_EVENT_SEQUENCE]))
      .toSorted((a, b) => a - b)
    expect(numbers).toHaveLength(5)
    expect(numbers.map((number) => number - (numbers[0] ?? 0))).toEqual([0, 1, 2, 3, 4])
  })

  test('snapshots report what is open, with the number that its span will carry', () => {
    const { reporter } = recording
    const lock = reporter.lock({ name: 'x' })
    const hold = lock.request({ timeNs: t0 }).granted({ timeNs: t0, isContended: false })
    const run = reporter.job({ name: 'j' }).start()
    expect(reporter.openCount).toBe(2)
    expect(reporter.snapshot()).toBeGreaterThan(0)
    hold.released()
    run.ended('success')
    const held = recording
      .events()
      .find((event) => event.attributes[ATTR_WAYWARD_KIND] === 'lock_hold')
    const span = recording.spans('lock_hold')[0]
    expect(held?.attributes[ATTR_WAYWARD_OPERATION_SEQUENCE]).toBe(
      span?.attributes[ATTR_WAYWARD_EVENT_SEQUENCE],
    )
    expect(held?.attributes[ATTR_WAYWARD_OPERATION_START_TIME]).toBe(
      '2026-11-21T06:59:59.123456789Z',
    )
    expect(held?.spanContext?.spanId).toBe(span?.spanContext().spanId)
    expect(reporter.openCount).toBe(0)
  })

  test('a shutdown reports of all that was reported as open that no more will be heard of it', () => {
    const { reporter } = recording
    const lock = reporter.lock({ name: 'x' })
    lock.request().granted()
    lock.request()
    reporter.queue({ name: 'q' }).enqueued()
    reporter.queue({ name: 'q' }).enqueued().dequeued()
    reporter.job({ name: 'j' }).start().startAttempt()
    expect(reporter.snapshot()).toBe(6)
    const told = recording.events().map((event) => event.attributes[ATTR_WAYWARD_KIND])
    recording.reset()
    reporter.shutdown()
    expect(recording.events().map((event) => event.attributes[ATTR_WAYWARD_KIND])).toEqual(told)
    for (const { eventName, attributes } of recording.events()) {
      expect(eventName).toBe(EVENT_WAYWARD_OPERATION_ENDED)
      expect(attributes[ATTR_WAYWARD_OPERATION_END_REASON]).toBe('shutdown')
    }
  })

  test('of a lock and a queue that are gone it is reported that nothing can end any more', () => {
    const { reporter } = recording
    const lock = reporter.lock({ name: 'x' })
    lock.request().granted()
    lock.request()
    const queue = reporter.queue({ name: 'q' })
    queue.enqueued()
    reporter.snapshot()
    recording.reset()
    lock.abandon()
    queue.abandon()
    const ends = recording.events().filter((one) => one.eventName === EVENT_WAYWARD_OPERATION_ENDED)
    const reasons = ends.map((end) => end.attributes[ATTR_WAYWARD_OPERATION_END_REASON])
    expect(reasons).toEqual(['abandoned', 'abandoned', 'abandoned'])
    expect(reporter.openCount).toBe(0)
  })

  test('snapshots come by themselves at the interval, and from the threshold on', async () => {
    const timed = createRecording({ intervalMs: 10, thresholdMs: 25 })
    const hold = timed.reporter.lock({ name: 'x' }).request().granted()
    await sleep(15)
    expect(timed.events()).toHaveLength(0)
    await sleep(80)
    expect(timed.events().length).toBeGreaterThan(1)
    hold.released()
    timed.reporter.shutdown()
  })

  test('an error of ours is counted and does not reach the application', () => {
    const { reporter, provider } = recording
    const broken = provider.getTracer('broken')
    const failing = createFailing(broken)
    const lock = failing.lock({ name: 'x' })
    expect(() => lock.request().granted().released()).not.toThrow()
    expect(failing.zone('z', () => 3)).toBe(3)
    expect(failing.swallowedCount).toBeGreaterThan(0)
    expect(reporter.swallowedCount).toBe(0)
  })

  test('after shutdown everything still works and nothing is recorded', async () => {
    const { reporter } = recording
    reporter.shutdown()
    const hold = reporter.lock({ name: 'x' }).request().granted()
    expect(hold.run(() => 1)).toBe(1)
    hold.released()
    const item = reporter.queue({ name: 'q' }).enqueued().dequeued()
    expect(item.process(() => 2)).toBe(2)
    item.done()
    expect(await reporter.job({ name: 'j' }).run({}, (run) => run.attempt(async () => 3))).toBe(3)
    expect(reporter.zone('z', () => 4)).toBe(4)
    expect(reporter.task('t', () => 5)).toBe(5)
    reporter.log({ body: 'x' })
    expect(recording.spans()).toEqual([])
    expect(recording.events()).toEqual([])
  })
})

import type { Tracer } from '@opentelemetry/api'
import { createReporter, type Reporter } from '@wayward/sdk'

function createFailing(tracer: Tracer): Reporter {
  const failing = Object.create(tracer) as Tracer
  failing.startSpan = () => {
    throw new Error('broken')
  }
  return createReporter({ tracer: failing, snapshots: { intervalMs: 0 } })
}
