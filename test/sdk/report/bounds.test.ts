// What is kept of operations that do not end is bounded, and what is left out is counted and
// reported.
import * as asyncMutex from 'async-mutex'
import { observeAsyncMutex, type ReportedLock } from '@wayward/sdk'
import {
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  ATTR_WAYWARD_LOCK_CONTENDED,
  ATTR_WAYWARD_LOCK_HELD,
  ATTR_WAYWARD_LOCK_HELD_COUNT,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_NAME,
  EVENT_WAYWARD_EVENTS_DROPPED,
  WAYWARD_KIND_VALUE_LOCK_HOLD,
  WAYWARD_KIND_VALUE_LOCK_WAIT,
} from '@wayward/semconv'
import { describe, expect, test } from 'vitest'
import { createRecording, sleep } from '../recording.ts'

/** One flow asks one after the other; two asks without an `await` between are two flows. */
async function take(lock: ReportedLock): Promise<void> {
  lock.request().granted()
  await Promise.resolve()
}

describe('what a request reports of the locks that its task holds', () => {
  test('is all of them up to 32', async () => {
    const recording = createRecording()
    const { reporter } = recording
    const rows = Array.from({ length: 32 }, () => reporter.lock({ name: 'row' }))
    await reporter.task('flow', async () => {
      for (const row of rows) await take(row)
      reporter.lock({ name: 'last' }).request().granted().released()
    })
    const [last] = recording.spans(WAYWARD_KIND_VALUE_LOCK_HOLD)
    expect(last?.attributes[ATTR_WAYWARD_LOCK_HELD]).toEqual(rows.map((row) => row.id))
    expect(last?.attributes).not.toHaveProperty(ATTR_WAYWARD_LOCK_HELD_COUNT)
  })

  test('of more is the latest of each class, and how many there are', async () => {
    const recording = createRecording()
    const { reporter } = recording
    const table = reporter.lock({ name: 'table' })
    const rows = Array.from({ length: 5_000 }, () => reporter.lock({ name: 'row' }))
    await reporter.task('flow', async () => {
      for (const row of rows.slice(0, 4_990)) await take(row)
      await take(table)
      for (const row of rows.slice(4_990)) await take(row)
      reporter.lock({ name: 'last' }).request().granted().released()
    })
    const last = recording
      .spans(WAYWARD_KIND_VALUE_LOCK_HOLD)
      .find((span) => span.attributes[ATTR_WAYWARD_LOCK_NAME] === 'last')
    expect(last?.attributes[ATTR_WAYWARD_LOCK_HELD]).toEqual([table.id, rows.at(-1)?.id])
    expect(last?.attributes[ATTR_WAYWARD_LOCK_HELD_COUNT]).toBe(5_001)
  })
})

test('a class that was taken long before is reported among thousands of others', async () => {
  const recording = createRecording()
  const { reporter } = recording
  const table = reporter.lock({ name: 'table' })
  const rows = Array.from({ length: 100 }, () => reporter.lock({ name: 'row' }))
  await reporter.task('flow', async () => {
    await take(table)
    for (const row of rows) await take(row)
    reporter.lock({ name: 'last' }).request().granted().released()
    // The latest of its class ends: the one before is the latest now.
    const [hold] = rows.at(-1)?.holds ?? []
    hold?.released()
    reporter.lock({ name: 'later' }).request().granted().released()
  })
  const heldBy = (name: string) =>
    recording
      .spans(WAYWARD_KIND_VALUE_LOCK_HOLD)
      .find((span) => span.attributes[ATTR_WAYWARD_LOCK_NAME] === name)?.attributes[
      ATTR_WAYWARD_LOCK_HELD
    ]
  expect(heldBy('last')).toEqual([table.id, rows.at(-1)?.id])
  expect(heldBy('later')).toEqual([table.id, rows.at(-2)?.id])
})

describe('while more is open than is followed', () => {
  const contended = (recording: ReturnType<typeof createRecording>, name: string) =>
    recording
      .spans(WAYWARD_KIND_VALUE_LOCK_HOLD)
      .filter((span) => span.attributes[ATTR_WAYWARD_LOCK_NAME] === name)
      .map((span) => span.attributes[ATTR_WAYWARD_LOCK_CONTENDED])

  function fill(): ReturnType<typeof createRecording> {
    const recording = createRecording()
    const queue = recording.reporter.queue({ name: 'mails' })
    for (let count = 0; count < 10_000; count++) queue.enqueued()
    // Of each kind some are followed all the same: of locks, these.
    const taken = recording.reporter.lock({ name: 'taken', type: 'semaphore', capacity: 2_000 })
    for (let count = 0; count < 1_000; count++) {
      taken.request().granted()
      taken.request()
    }
    return recording
  }

  test('a wait for a mutex is still a wait', async () => {
    const recording = fill()
    const lock = recording.reporter.lock({ name: 'cart' })
    const first = lock.request().granted()
    const second = lock.request()
    await sleep(10)
    first.released()
    second.granted().released()
    expect(contended(recording, 'cart')).toEqual([false, true])
    expect(recording.spans(WAYWARD_KIND_VALUE_LOCK_WAIT).at(-1)?.name).toBe('wait cart')
  })

  test('release() of a mutex still ends its hold', async () => {
    const recording = fill()
    const observation = observeAsyncMutex(asyncMutex, recording.reporter)
    const mutex = new asyncMutex.Mutex()
    await mutex.acquire()
    mutex.release()
    observation.disable()
    const held = recording
      .spans(WAYWARD_KIND_VALUE_LOCK_HOLD)
      .filter((span) => span.attributes[ATTR_WAYWARD_LOCK_NAME] !== 'taken')
    expect(held).toHaveLength(1)
  })

  test('a semaphore of thousands of permits knows that none is left', () => {
    const recording = createRecording()
    const lock = recording.reporter.lock({ name: 'pool', type: 'semaphore', capacity: 1_500 })
    const holds = Array.from({ length: 1_500 }, () => lock.request().granted())
    const last = lock.request()
    holds[0]?.released()
    last.granted().released()
    expect(contended(recording, 'pool')).toEqual([false, true])
    for (const hold of holds) hold.released()
    lock.request().granted().released()
    expect(contended(recording, 'pool').at(-1)).toBe(false)
  })
})

describe('open operations', () => {
  test('beyond 1,000 holds of a lock are followed no more, and still reported when they end', () => {
    const recording = createRecording()
    const { reporter } = recording
    const lock = reporter.lock({ name: 'pool', type: 'semaphore', capacity: 5_000 })
    const holds = Array.from({ length: 3_000 }, () => lock.request().granted())
    expect(reporter.openCount).toBe(1_000)
    for (const hold of holds) hold.released()
    expect(recording.spans(WAYWARD_KIND_VALUE_LOCK_HOLD)).toHaveLength(3_000)
    expect(
      new Set(recording.spans().map((span) => span.attributes[ATTR_WAYWARD_LOCK_ID])).size,
    ).toBe(1)
    expect(reporter.openCount).toBe(0)
  })

  test('of one kind, however many, do not hide two tasks that wait for each other', () => {
    const recording = createRecording({ thresholdMs: 0, operationsMax: 1000 })
    const { reporter } = recording
    const mails = reporter.queue({ name: 'mails' })
    for (let count = 0; count < 12_000; count++) mails.enqueued()
    const locks = ['a', 'b'].map((name) => reporter.lock({ name }))
    const [a, b] = locks
    reporter.task('one', () => [a?.request().granted(), b?.request()])
    reporter.task('other', () => [b?.request().granted(), a?.request()])
    expect(reporter.snapshot()).toBe(1000)
    const told = recording
      .events()
      .map(({ attributes }) => attributes[ATTR_WAYWARD_LOCK_NAME])
      .filter((name) => name !== undefined)
    expect(told).toEqual(['a', 'b', 'b', 'a'])
  })

  test('beyond 10,000 are left out, counted, and reported as an event', async () => {
    const recording = createRecording({ intervalMs: 20, thresholdMs: 3_600_000 })
    const { reporter } = recording
    const queue = reporter.queue({ name: 'mails' })
    const items = Array.from({ length: 10_500 }, () => queue.enqueued())
    expect(reporter.openCount).toBe(10_000)
    await sleep(100)
    const told = recording
      .events()
      .filter((event) => event.eventName === EVENT_WAYWARD_EVENTS_DROPPED)
    expect(told.map(({ attributes }) => attributes)).toEqual([
      expect.objectContaining({
        [ATTR_WAYWARD_EVENTS_DROPPED_COUNT]: 500,
        [ATTR_WAYWARD_EVENTS_DROPPED_REASON]: 'open_full',
      }),
    ])
    for (const item of items) item.dequeued().done()
    expect(reporter.openCount).toBe(0)
    // What is asked for afterwards is followed again.
    queue.enqueued()
    expect(reporter.openCount).toBe(1)
    reporter.shutdown()
  })
})
