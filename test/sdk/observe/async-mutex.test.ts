import { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT, Mutex, Semaphore } from 'async-mutex'
import * as asyncMutex from 'async-mutex'
import { nameLock, type Observation, observeAsyncMutex } from '@wayward/sdk'
import {
  ATTR_WAYWARD_LOCK_CONTENDED,
  ATTR_WAYWARD_LOCK_HELD,
  ATTR_WAYWARD_LOCK_HOLDER_TASK_ID,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_LOCK_PERMITS,
  ATTR_WAYWARD_LOCK_TIMEOUT,
  ATTR_WAYWARD_LOCK_TYPE,
  ATTR_WAYWARD_LOCK_WAIT_DURATION,
  ATTR_WAYWARD_LOCK_WAIT_RESULT,
  ATTR_WAYWARD_LOCK_WAITER_COUNT,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_TASK_ID,
  EVENT_WAYWARD_OPERATION_OPEN,
  WAYWARD_KIND_VALUE_LOCK_HOLD,
  WAYWARD_KIND_VALUE_LOCK_WAIT,
} from '@wayward/semconv'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRecording, type Recording, sleep } from '../recording.ts'

let recording: Recording
let observation: Observation & Pick<typeof asyncMutex, 'withTimeout' | 'tryAcquire'>

beforeEach(() => {
  recording = createRecording({ thresholdMs: 0 })
  observation = observeAsyncMutex(asyncMutex, recording.reporter)
})
afterEach(() => observation.disable())

const holds = () => recording.spans(WAYWARD_KIND_VALUE_LOCK_HOLD)
const waits = () => recording.spans(WAYWARD_KIND_VALUE_LOCK_WAIT)

/** Lets what is due run: the grant of a lock is seen by its waiter a few microtasks later. */
const settle = () => sleep(1)

describe('a mutex', () => {
  test('that is free gives a hold and no wait', async () => {
    const mutex = new Mutex()
    const release = await mutex.acquire()
    await sleep(5)
    release()
    release()
    expect(waits()).toEqual([])
    expect(holds()).toHaveLength(1)
    const hold = holds()[0]
    expect(hold?.attributes).toMatchObject({
      [ATTR_WAYWARD_LOCK_TYPE]: 'mutex',
      [ATTR_WAYWARD_LOCK_CONTENDED]: false,
      [ATTR_WAYWARD_LOCK_WAIT_DURATION]: 0,
      [ATTR_WAYWARD_LOCK_HELD]: [],
    })
    expect(hold?.attributes[ATTR_WAYWARD_LOCK_NAME]).toMatch(/^async-mutex\.test\.ts:\d+$/)
    expect(hold?.attributes[ATTR_WAYWARD_LOCK_ID]).toMatch(new RegExp(`^${process.pid}:\\d+$`))
    expect(hold?.duration[1]).toBeGreaterThan(4e6)
  })

  test('that is taken gives wait and hold as separate spans, with true times', async () => {
    const mutex = nameLock(new Mutex(), 'inventory')
    const release = await mutex.acquire()
    const second = mutex.acquire()
    const third = mutex.acquire()
    await sleep(20)
    release()
    ;(await second)()
    ;(await third)()
    expect(holds().map((span) => span.name)).toEqual(Array(3).fill('hold inventory'))
    expect(waits().map((span) => span.attributes[ATTR_WAYWARD_LOCK_WAITER_COUNT])).toEqual([0, 1])
    for (const [index, wait] of waits().entries()) {
      expect(wait.attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT]).toBe('granted')
      expect(wait.attributes[ATTR_WAYWARD_LOCK_HOLDER_TASK_ID]).toBe(
        holds()[0]?.attributes[ATTR_WAYWARD_TASK_ID],
      )
      const hold = holds()[index + 1]
      const waitNs = wait.duration[0] * 1e9 + wait.duration[1]
      expect(waitNs).toBeGreaterThan(15e6)
      expect(hold?.attributes[ATTR_WAYWARD_LOCK_WAIT_DURATION]).toBe(waitNs)
      expect(hold?.startTime).toEqual(wait.endTime)
    }
  })

  test('is granted when the holder releases it, not when the waiter gets to run', async () => {
    const mutex = new Mutex()
    const release = await mutex.acquire()
    const waiting = mutex.acquire()
    release()
    const until = performance.now() + 20
    while (performance.now() < until);
    ;(await waiting)()
    const second = holds()[1]
    expect(second?.startTime).toEqual(waits()[0]?.endTime)
    expect(second?.duration[1]).toBeGreaterThan(15e6)
  })

  test('runs the callback of runExclusive under the hold, and passes results and errors on', async () => {
    const mutex = new Mutex()
    const tracer = recording.provider.getTracer('app')
    const result = await mutex.runExclusive(async () => {
      await sleep(1)
      tracer.startSpan('inside').end()
      return 7
    })
    expect(result).toBe(7)
    const inside = recording.spans().find((span) => span.name === 'inside')
    expect(inside?.parentSpanContext?.spanId).toBe(holds()[0]?.spanContext().spanId)
    const error = new Error('mine')
    await expect(mutex.runExclusive(() => Promise.reject(error))).rejects.toBe(error)
    expect(mutex.isLocked()).toBe(false)
    expect(holds()).toHaveLength(2)
  })

  test('keeps what callers see: class, promise, releaser without arguments', async () => {
    const mutex = new Mutex()
    expect(mutex).toBeInstanceOf(Mutex)
    expect(Object.keys(mutex)).toEqual(['_semaphore'])
    const promise = mutex.acquire()
    expect(promise).toBeInstanceOf(Promise)
    const release = await promise
    expect(release()).toBeUndefined()
    await expect(new Semaphore(2).acquire()).resolves.toEqual([2, expect.any(Function)])
    expect(() => new Semaphore(2).acquire(0)).toThrow('invalid weight 0: must be positive')
  })

  test('released with release() and by another task ends the hold once', async () => {
    const mutex = new Mutex()
    const release = await mutex.acquire()
    const next = mutex.acquire()
    await recording.reporter.task('other', async () => mutex.release())
    release()
    await next
    mutex.release()
    mutex.release()
    expect(holds()).toHaveLength(2)
    expect(recording.reporter.openCount).toBe(0)
    expect(recording.reporter.swallowedCount).toBe(0)
  })
})

describe('giving up', () => {
  test('after a time-out is reported with the time-out, and the lock works on', async () => {
    const mutex = new Mutex()
    const timed = observation.withTimeout(mutex, 10)
    const release = await mutex.acquire()
    await expect(timed.acquire()).rejects.toBe(E_TIMEOUT)
    expect(waits()[0]?.attributes).toMatchObject({
      [ATTR_WAYWARD_LOCK_WAIT_RESULT]: 'timeout',
      [ATTR_WAYWARD_LOCK_TIMEOUT]: 10e6,
    })
    expect(waits()[0]?.duration[1]).toBeGreaterThan(8e6)
    release()
    await settle()
    // The library grants the abandoned request for a moment: nobody held the lock then.
    expect(holds()).toHaveLength(1)
    const mine = await timed.acquire()
    mine()
    expect(holds()).toHaveLength(2)
    expect(await timed.runExclusive(() => 3)).toBe(3)
    expect(recording.reporter.openCount).toBe(0)
  })

  test.each([0, 1, 10, -5, Number.NaN, 2 ** 31])(
    'after a time-out of %s ms is reported when the caller sees it, by the timer of the library alone',
    async (timeoutMs) => {
      const mutex = new Mutex()
      const release = await mutex.acquire()
      const timers = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
      const before = timers()
      const asked = observation.withTimeout(mutex, timeoutMs).acquire()
      expect(timers() - before).toBe(1)
      expect(recording.reporter.openCount).toBe(2)
      await expect(asked).rejects.toBe(E_TIMEOUT)
      expect(waits().map(({ attributes }) => attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT])).toEqual([
        'timeout',
      ])
      release()
    },
  )

  test('with a time-out leaves a rejection that nobody handles unhandled', async () => {
    const mutex = new Mutex()
    await mutex.acquire()
    const seen: unknown[] = []
    const listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    const rejected = new Promise<void>((resolve) => {
      process.on('unhandledRejection', (error) => {
        seen.push(error)
        resolve()
      })
    })
    void observation.withTimeout(mutex, 1).acquire()
    await rejected
    process.removeAllListeners('unhandledRejection')
    for (const listener of listeners) process.on('unhandledRejection', listener)
    expect(seen).toEqual([E_TIMEOUT])
  })

  test('at its time-out and granted at the same moment is reported as the caller sees it', async () => {
    const mutex = new Mutex()
    for (let round = 0; round < 20; round++) {
      const release = await mutex.acquire()
      const asked = observation.withTimeout(mutex, 1).acquire()
      setTimeout(release, 1)
      const isGranted = await asked.then(
        (mine) => {
          if (typeof mine === 'function') mine()
          return true
        },
        () => false,
      )
      const result = waits().at(-1)?.attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT]
      expect(result).toBe(isGranted ? 'granted' : 'timeout')
      await settle()
    }
    expect(recording.reporter.openCount).toBe(0)
  })

  test('by cancel() is reported as cancelled', async () => {
    const mutex = new Mutex()
    const release = await mutex.acquire()
    const waiting = mutex.acquire()
    mutex.cancel()
    await expect(waiting).rejects.toBe(E_CANCELED)
    release()
    expect(waits().map((span) => span.attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT])).toEqual([
      'cancelled',
    ])
    expect(recording.reporter.openCount).toBe(0)
  })

  test('at once with tryAcquire is reported as refused, and as a hold where it is free', async () => {
    const mutex = new Mutex()
    const release = await mutex.acquire()
    await expect(observation.tryAcquire(mutex).acquire()).rejects.toBe(E_ALREADY_LOCKED)
    release()
    await settle()
    ;(await observation.tryAcquire(mutex).acquire())()
    expect(waits().map((span) => span.attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT])).toEqual([
      'refused',
    ])
    expect(holds()).toHaveLength(2)
  })

  test('leaves an unhandled rejection unhandled', async () => {
    const semaphore = new Semaphore(1)
    await semaphore.acquire()
    const seen: unknown[] = []
    const listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', (error) => seen.push(error))
    void semaphore.acquire()
    semaphore.cancel()
    await sleep(5)
    process.removeAllListeners('unhandledRejection')
    for (const listener of listeners) process.on('unhandledRejection', listener)
    expect(seen).toEqual([E_CANCELED])
  })
})

describe('a semaphore', () => {
  test('is held by several, with the permits of each', async () => {
    const semaphore = nameLock(new Semaphore(3), 'slots')
    const [value, first] = await semaphore.acquire(2)
    expect(value).toBe(3)
    const [, second] = await semaphore.acquire()
    const third = semaphore.acquire(2)
    await sleep(5)
    first()
    ;(await third)[1]()
    second()
    expect(semaphore.getValue()).toBe(3)
    expect(holds().map((span) => span.attributes[ATTR_WAYWARD_LOCK_PERMITS])).toEqual([2, 2, 1])
    expect(holds().every((span) => span.attributes[ATTR_WAYWARD_LOCK_TYPE] === 'semaphore')).toBe(
      true,
    )
    expect(waits()).toHaveLength(1)
  })

  test('takes priorities into account', async () => {
    const semaphore = new Semaphore(1)
    const [, release] = await semaphore.acquire()
    const order: string[] = []
    const run = async (name: string, priority: number) => {
      const [, free] = await semaphore.acquire(1, priority)
      order.push(name)
      free()
    }
    const all = Promise.all([run('low', 0), run('high', 5), run('middle', 2)])
    release()
    await all
    expect(order).toEqual(['high', 'middle', 'low'])
    const tasks = waits().map((span) => span.attributes[ATTR_WAYWARD_LOCK_WAITER_COUNT])
    expect(tasks).toEqual([1, 2, 0])
  })
})

test("a request that timed out ends nobody else's hold when it is granted after all", async () => {
  const semaphore = new Semaphore(2)
  const [, first] = await semaphore.acquire()
  const [, second] = await semaphore.acquire()
  await expect(observation.withTimeout(semaphore, 5).acquire()).rejects.toBe(E_TIMEOUT)
  first()
  await settle()
  expect(holds()).toHaveLength(1)
  expect(recording.reporter.openCount).toBe(1)
  second()
  expect(holds()).toHaveLength(2)
  expect(semaphore.getValue()).toBe(2)
})

test('a mutex that is collected while held or waited for does not stay open', async () => {
  const gc = (globalThis as { gc?: () => void }).gc ?? exposeGc()
  await (async () => {
    const mutex = new Mutex()
    await mutex.acquire()
    void mutex.acquire()
  })()
  expect(recording.reporter.openCount).toBe(2)
  for (let tries = 0; tries < 50 && recording.reporter.openCount > 0; tries++) {
    await sleep(5)
    gc()
  }
  expect(recording.reporter.openCount).toBe(0)
  expect(recording.spans()).toEqual([])
})

test('200,000 locks and unlocks leave the heap as it was', async () => {
  const gc = (globalThis as { gc?: () => void }).gc ?? exposeGc()
  const mutex = new Mutex()
  const semaphore = new Semaphore(2)
  const round = async () => {
    for (let index = 0; index < 20_000; index++) {
      await mutex.runExclusive(() => semaphore.runExclusive(() => index))
      if (index % 1000 === 0) recording.reset()
    }
    recording.reset()
    await sleep(1)
    gc()
    return process.memoryUsage().heapUsed
  }
  await round()
  const before = await round()
  for (let rounds = 0; rounds < 2; rounds++) await round()
  const after = await round()
  expect(after - before).toBeLessThan(1_000_000)
  expect(recording.reporter.openCount).toBe(0)
}, 120_000)

test('a deadlock of two mutexes is seen in the snapshots: who waits, who holds what', async () => {
  const a = nameLock(new Mutex(), 'a')
  const b = nameLock(new Mutex(), 'b')
  const lockBoth = async (first: Mutex, second: Mutex) => {
    await first.acquire()
    await sleep(2)
    await second.acquire()
  }
  void Promise.all([lockBoth(a, b), lockBoth(b, a)])
  await expect.poll(() => recording.reporter.openCount).toBe(4)
  await sleep(10)
  expect(recording.reporter.snapshot()).toBe(4)
  const told = recording
    .events()
    .filter((event) => event.eventName === EVENT_WAYWARD_OPERATION_OPEN)
  expect(told).toHaveLength(4)
  const pending = told.filter((event) => event.attributes['wayward.kind'] === 'lock_wait')
  expect(pending).toHaveLength(2)
  const [one, two] = pending.map((event) => event.attributes)
  expect(one?.[ATTR_WAYWARD_LOCK_HELD]).toEqual([two?.[ATTR_WAYWARD_LOCK_ID]])
  expect(two?.[ATTR_WAYWARD_LOCK_HELD]).toEqual([one?.[ATTR_WAYWARD_LOCK_ID]])
  expect(one?.[ATTR_WAYWARD_LOCK_HOLDER_TASK_ID]).toBe(two?.[ATTR_WAYWARD_TASK_ID])
  expect(two?.[ATTR_WAYWARD_LOCK_HOLDER_TASK_ID]).toBe(one?.[ATTR_WAYWARD_TASK_ID])
  expect(one?.[ATTR_WAYWARD_OPERATION_AGE]).toBeGreaterThan(5e6)
})

describe('switching off', () => {
  test('disable() restores the library, also for locks made before', async () => {
    const mutex = new Mutex()
    observation.disable()
    ;(await mutex.acquire())()
    expect(await new Mutex().runExclusive(() => 1)).toBe(1)
    expect(recording.spans()).toEqual([])
    expect(Object.hasOwn(Semaphore.prototype, '_queue')).toBe(false)
  })

  test('a reporter that was shut down records nothing more', async () => {
    const mutex = new Mutex()
    const release = await mutex.acquire()
    recording.reporter.shutdown()
    release()
    ;(await mutex.acquire())()
    expect(holds()).toHaveLength(1)
  })

  test('observing a module twice reports once', async () => {
    const again = observeAsyncMutex(asyncMutex, recording.reporter)
    ;(await new Mutex().acquire())()
    expect(holds()).toHaveLength(1)
    again.disable()
  })
})

function exposeGc(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

describe('a semaphore whose permits come back by another way', () => {
  test('release(2) ends two holds of weight one', async () => {
    const semaphore = new Semaphore(3)
    for (let count = 0; count < 3; count++) await semaphore.acquire()
    semaphore.release(2)
    expect(holds()).toHaveLength(2)
    expect(recording.reporter.openCount).toBe(1)
  })

  test('three times release(1) ends one hold of weight three, and no other', async () => {
    const semaphore = new Semaphore(4)
    await semaphore.acquire(3)
    await semaphore.acquire(1)
    semaphore.release()
    semaphore.release()
    expect(holds()).toHaveLength(0)
    semaphore.release()
    expect(holds().map((span) => span.attributes[ATTR_WAYWARD_LOCK_PERMITS])).toEqual([3])
  })

  test('setValue(), as a token bucket is refilled, ends what was taken before', async () => {
    const bucket = new Semaphore(0)
    for (let round = 0; round < 3; round++) {
      bucket.setValue(5)
      for (let count = 0; count < 5; count++) await bucket.acquire()
    }
    expect(holds()).toHaveLength(10)
    expect(recording.reporter.openCount).toBe(5)
    // Fewer permits than before: nobody gave any back.
    bucket.setValue(-2)
    expect(holds()).toHaveLength(10)
  })

  test('a counter, released by whoever makes something, ends the hold before', async () => {
    const counter = new Semaphore(0)
    for (let count = 0; count < 5; count++) {
      counter.release()
      await counter.acquire()
    }
    expect(holds()).toHaveLength(4)
    expect(recording.reporter.openCount).toBe(1)
  })

  test('a releaser still ends its own hold, and only that', async () => {
    const semaphore = new Semaphore(2)
    const [, releaseFirst] = await semaphore.acquire()
    await semaphore.acquire()
    releaseFirst()
    expect(holds()).toHaveLength(1)
    expect(recording.reporter.openCount).toBe(1)
  })
})
