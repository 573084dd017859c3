// Uses of locks, queues and jobs at their worst: never released, never ended, without end of names.
// Each says what one step does; what the libraries themselves keep is measured by the same steps
// unobserved.
import { AsyncResource } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import { nameLock, nameQueue, type Reporter } from '@wayward/sdk'
import { Mutex, Semaphore, tryAcquire } from 'async-mutex'
import PQueue from 'p-queue'

/** One step of a pattern; `index` counts from 0. */
export type Step = (index: number) => unknown

/**
 * Makes the step; without a reporter it does the same to the libraries, and reports nothing by
 * hand.
 */
export type Pattern = (reporter: Reporter | undefined) => Step

const nothing = (): void => undefined

/** A flow that holds 5,000 locks and goes on to ask for others. */
async function holdMany(locks: readonly Mutex[]): Promise<void> {
  for (const lock of locks) await lock.acquire()
}

export const soakPatterns: Readonly<Record<string, Pattern>> = {
  'a semaphore that nobody releases': () => {
    const semaphore = new Semaphore(Number.MAX_SAFE_INTEGER)
    return () => semaphore.acquire()
  },
  'a token bucket refilled by setValue()': () => {
    const bucket = new Semaphore(0)
    return (index) => {
      if (index % 500 === 0) bucket.setValue(500)
      return bucket.acquire()
    }
  },
  'a semaphore that counts: released by others': () => {
    const counter = new Semaphore(0)
    return () => {
      counter.release()
      return counter.acquire()
    }
  },
  'a flow that holds 5,000 locks': () => {
    const held = holdMany(Array.from({ length: 5_000 }, () => new Mutex()))
    const other = new Mutex()
    return async (index) => {
      if (index === 0) await held
      await other.runExclusive(nothing)
    }
  },
  '100,000 requests that wait': () => {
    const mutex = new Mutex()
    void mutex.acquire()
    return (index) => {
      if (index < 100_000) void mutex.acquire()
    }
  },
  'a mutex for each request': () => () => new Mutex().runExclusive(nothing),
  'a lock that is collected while it is held': () => () => new Mutex().acquire(),
  'a lock by hand for each of a million names': (reporter) => (index) =>
    reporter
      ?.lock({ name: `lock ${index}` })
      .request()
      .granted()
      .released(),
  'a mutex named for each of a million names': () => (index) =>
    nameLock(new Mutex(), `mutex ${index}`).runExclusive(nothing),
  'a semaphore whose permits are never released in the portions that were taken': () => {
    // The library counts through all that are free at each release: few permits, or it takes hours.
    const semaphore = new Semaphore(5_000)
    return async (index) => {
      await semaphore.acquire((index % 7) + 1)
      if (index % 3 === 0) semaphore.release((index % 11) + 1)
      if (index % 1000 === 0) semaphore.setValue(5_000)
    }
  },
  'a queue by hand for each of a million names': (reporter) => (index) =>
    reporter
      ?.queue({ name: `queue ${index}` })
      .enqueued({ name: `item ${index}` })
      .dequeued()
      .done(),
  'tasks of a million names, each in the one before, with a lock that it keeps': (reporter) => {
    const lock = reporter?.lock({ name: 'row', capacity: 1_000_000 })
    let within = (run: () => void): void => run()
    return (index) =>
      within(() =>
        reporter?.task(`task ${index}`, () => {
          lock?.request().granted()
          within = AsyncResource.bind((run: () => void) => run())
        }),
      )
  },
  'a lock by hand for each of a million names, never released': (reporter) => (index) =>
    reporter
      ?.lock({ name: `lock ${index}` })
      .request()
      .granted(),
  'locks by hand that are never released': (reporter) => {
    const lock = reporter?.lock({ name: 'row' })
    return () => lock?.request().granted()
  },
  'locks by hand that are never granted': (reporter) => {
    const lock = reporter?.lock({ name: 'row' })
    return () => lock?.request()
  },
  'items by hand that nobody takes': (reporter) => {
    const queue = reporter?.queue({ name: 'mails' })
    return () => queue?.enqueued()
  },
  'items by hand that are never done': (reporter) => {
    const queue = reporter?.queue({ name: 'mails' })
    return () => queue?.enqueued().dequeued()
  },
  'jobs by hand that never end, each of its own name': (reporter) => (index) =>
    reporter?.job({ name: `job ${index}` }).start(),
  'attempts by hand that never end': (reporter) => {
    const run = reporter?.job({ name: 'report' }).start()
    return () => run?.startAttempt()
  },
  'zones by hand that never end': (reporter) => (index) => reporter?.startZone(`zone ${index}`),
  'zones and logs': (reporter) => (index) =>
    reporter?.zone(`zone ${index}`, () => reporter.log({ body: 'inside' })),
  'requests that are refused or given up at once': () => {
    const mutex = new Mutex()
    void mutex.acquire()
    const never = tryAcquire(mutex)
    return async (index) => {
      void never.acquire().catch(nothing)
      void mutex.acquire().catch(nothing)
      if (index % 500 > 0) return
      await new Promise((resolve) => setTimeout(resolve, 2))
      mutex.cancel()
    }
  },
  'a p-queue for each of a million names': () => (index) =>
    nameQueue(new PQueue(), `queue ${index}`).add(nothing),
  'items of a p-queue that are aborted by a signal which they share': () => {
    const queue = new PQueue({ autoStart: false })
    let controller = new AbortController()
    return async (index) => {
      if (index % 1000 === 0) {
        controller.abort()
        controller = new AbortController()
        setMaxListeners(0, controller.signal)
        await new Promise((resolve) => setImmediate(resolve))
      }
      void queue.add(nothing, { signal: controller.signal }).catch(nothing)
    }
  },
  '100,000 items of a p-queue that is paused': () => {
    const queue = new PQueue({ autoStart: false })
    return (index) => {
      if (index < 100_000) void queue.add(nothing)
    }
  },
  'items of a p-queue that never end': () => {
    const queue = new PQueue({ concurrency: Number.POSITIVE_INFINITY })
    return (index) => {
      if (index < 100_000) void queue.add(() => new Promise(nothing))
    }
  },
}

/** What is reported while nobody takes it: spans, and ends of what was reported as open. */
export const reportPattern: Pattern = (reporter) => {
  const lock = reporter?.lock({ name: 'row', capacity: 1_000_000 })
  const queue = reporter?.queue({ name: 'mails' })
  return (index) => {
    const hold = lock?.request().granted()
    const item = queue?.enqueued({ name: `item ${index}` }).dequeued()
    if (index % 100 === 0) reporter?.snapshot()
    hold?.released()
    item?.done()
    return index % 1000 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined
  }
}
