// What is kept of operations that do not end is bounded, and what is left out is counted and told.
import type { ReportedLock } from '@wayward/sdk'
import {
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  ATTR_WAYWARD_LOCK_HELD,
  ATTR_WAYWARD_LOCK_HELD_COUNT,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_NAME,
  EVENT_WAYWARD_EVENTS_DROPPED,
  WAYWARD_KIND_VALUE_LOCK_HOLD,
} from '@wayward/semconv'
import { describe, expect, test } from 'vitest'
import { createRecording, sleep } from '../recording.ts'

/** One flow asks one after the other; two asks without an `await` between are two flows. */
async function take(lock: ReportedLock): Promise<void> {
  lock.request().granted()
  await Promise.resolve()
}

describe('what a request tells of the locks that its task holds', () => {
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

describe('open operations', () => {
  test('beyond 1,000 holds of a lock are followed no more, and still told when they end', () => {
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

  test('beyond 10,000 are left out, counted, and told as an event', async () => {
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
