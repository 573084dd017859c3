// Goal: what is done with locks that locks are not made for is told, once and then as a count, with
// both places; what is right is not. Method: a reporter whose events stay in memory, async-mutex.
import { AsyncLocalStorage } from 'node:async_hooks'
import * as asyncMutex from 'async-mutex'
import { EVENT_WAYWARD_LOCK_MISUSE } from '@wayward/semconv'
import { observeAsyncMutex } from '@wayward/sdk'
import { afterEach, describe, expect, test } from 'vitest'
import { createRecording, sleep } from '../recording.ts'

const recording = createRecording()
const { reporter } = recording
afterEach(() => recording.reset())
/** Runs it as a flow that has asked for nothing yet. */
const inFreshFlow = AsyncLocalStorage.snapshot()

function told(): Record<string, unknown>[] {
  return recording
    .events()
    .filter(({ eventName }) => eventName === EVENT_WAYWARD_LOCK_MISUSE)
    .map(({ attributes }) =>
      Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [
          key.replace(/^wayward\.(?:lock\.)?/, ''),
          value,
        ]),
      ),
    )
}

test('a hold that is released twice, with both places', () => {
  const hold = reporter.lock({ name: 'twice' }).acquired()
  hold.released()
  expect(told()).toEqual([])
  hold.released()
  const [event] = told()
  expect(event).toMatchObject({
    name: 'twice',
    type: 'mutex',
    'misuse.rule': 'released_twice',
    'misuse.count': 1,
    'misuse.owner': hold.taskId,
  })
  expect(event?.['misuse.site']).toMatch(/lock-misuses\.test\.ts:\d+\)?$/)
  expect(event?.['misuse.asked.site']).toMatch(/lock-misuses\.test\.ts:\d+\)?$/)
  expect(event?.['misuse.site']).not.toBe(event?.['misuse.asked.site'])
  // The rest is counted, and told with the next that is due or at the end.
  for (let time = 0; time < 100; time++) hold.released()
  expect(told()).toHaveLength(1)
})

describe('a release by another task', () => {
  test('is told of a mutex, with who got it and who released it', () => {
    const lock = reporter.lock({ name: 'strange' })
    const hold = reporter.task('owner', () => lock.acquired())
    reporter.task('stranger', () => hold.released())
    expect(told()).toMatchObject([
      { 'misuse.rule': 'released_by_other', 'misuse.owner': hold.taskId, 'misuse.count': 1 },
    ])
    expect(told()[0]?.['task.id']).not.toBe(hold.taskId)
  })

  test('is not told of the flow itself, after awaits, in a timer, and in a part of it', async () => {
    const lock = reporter.lock({ name: 'own' })
    const hold = lock.acquired()
    await sleep(1)
    hold.released()
    const second = lock.acquired()
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        second.released()
        resolve()
      }, 1)
    })
    const third = lock.acquired()
    await Promise.all([
      (async () => {
        await sleep(1)
        reporter.lock({ name: 'inner' }).acquired().released()
      })(),
      (async () => {
        reporter.lock({ name: 'other' }).acquired().released()
        await sleep(2)
        third.released()
      })(),
    ])
    expect(told()).toEqual([])
  })

  test('is not told of a flow that asks for two at once, though it had asked for none before', async () => {
    const [outer, inner] = [reporter.lock({ name: 'outer' }), reporter.lock({ name: 'inner' })]
    const ask = async (): Promise<void> => {
      const first = outer.acquired()
      const second = inner.acquired()
      await sleep(1)
      first.released()
      second.released()
    }
    await inFreshFlow(ask)
    expect(told()).toEqual([])
  })

  test('is not told of permits, which anybody may give back', () => {
    const lock = reporter.lock({ name: 'permits', type: 'semaphore', capacity: 3 })
    const hold = reporter.task('consumer', () => lock.acquired({ permits: 1 }))
    reporter.task('producer', () => hold.released())
    expect(told()).toEqual([])
  })
})

test('a lock that is gone while it is held and waited for', () => {
  const lock = reporter.lock({ name: 'gone' })
  lock.acquired()
  reporter.task('waiter', () => lock.request())
  lock.abandon()
  expect(told().map((event) => event['misuse.rule'])).toEqual(['never_released', 'gone'])
  const unused = reporter.lock({ name: 'unused' })
  unused.acquired().released()
  unused.abandon()
  expect(told()).toHaveLength(2)
})

test('a lock that a task still holds at its end', async () => {
  const lock = reporter.lock({ name: 'kept' })
  const hold = await reporter.task('forgetful', async () => {
    await sleep(1)
    return lock.acquired()
  })
  expect(told()).toMatchObject([{ 'misuse.rule': 'held_past_end', 'misuse.owner': hold.taskId }])
  hold.released()
  const rejected = reporter.task('failing', async () => {
    await sleep(1)
    throw new Error('mine')
  })
  await expect(rejected).rejects.toThrow('mine')
})

describe('async-mutex', () => {
  const observation = observeAsyncMutex(asyncMutex, reporter)

  test('used as it is meant to be breaks no rule', async () => {
    const mutex = new asyncMutex.Mutex()
    const semaphore = new asyncMutex.Semaphore(2)
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await mutex.runExclusive(() => sleep(index % 3))
        const release = await mutex.acquire()
        await sleep(1)
        release()
        const [, give] = await semaphore.acquire()
        setTimeout(give, 1)
      }),
    )
    await mutex.acquire()
    mutex.release()
    await sleep(5)
    expect(told()).toEqual([])
  })

  test('whose mutex is released by itself and by its releaser', async () => {
    const mutex = asyncMutex.withTimeout(new asyncMutex.Mutex(), 100)
    const release = await mutex.acquire()
    mutex.release()
    release()
    expect(told()).toMatchObject([{ 'misuse.rule': 'released_twice', 'misuse.count': 1 }])
    observation.disable()
  })
})
