// Goal: asynchronous tasks of one thread are told apart. Method: ordinary code with async-mutex,
// observed; what is looked at is what the spans say.
import { Mutex } from 'async-mutex'
import * as asyncMutex from 'async-mutex'
import { nameLock, type Observation, observeAsyncMutex } from '@wayward/sdk'
import {
  ATTR_WAYWARD_LOCK_HELD,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_TASK_ID,
  WAYWARD_KIND_VALUE_LOCK_HOLD,
} from '@wayward/semconv'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRecording, type Recording, sleep } from '../recording.ts'

let recording: Recording
let observation: Observation
let outer: Mutex
let inner: Mutex

beforeEach(() => {
  recording = createRecording()
  observation = observeAsyncMutex(asyncMutex, recording.reporter)
  outer = nameLock(new Mutex(), 'outer')
  inner = nameLock(new Mutex(), 'inner')
})
afterEach(() => observation.disable())

interface Row {
  readonly name: unknown
  readonly task: unknown
  /** Names of the locks held when this one was asked for. */
  readonly held: readonly unknown[]
}

/** The holds that were taken, in order of their release, with the names of what was held. */
function rows(): Row[] {
  const spans = recording.spans(WAYWARD_KIND_VALUE_LOCK_HOLD)
  const names = new Map(
    spans.map(({ attributes }) => [
      attributes[ATTR_WAYWARD_LOCK_ID],
      attributes[ATTR_WAYWARD_LOCK_NAME],
    ]),
  )
  return spans.map(({ attributes }) => ({
    name: attributes[ATTR_WAYWARD_LOCK_NAME],
    task: attributes[ATTR_WAYWARD_TASK_ID],
    held: (attributes[ATTR_WAYWARD_LOCK_HELD] as string[]).map((id) => names.get(id) ?? 'open'),
  }))
}

async function branch(): Promise<void> {
  const releaseOuter = await outer.acquire()
  await sleep(3)
  const releaseInner = await inner.acquire()
  await sleep(3)
  releaseInner()
  releaseOuter()
}

const branchRows = (task: unknown) => [
  { name: 'inner', task, held: ['outer'] },
  { name: 'outer', task, held: [] },
]

function expectTwoBranches(): void {
  const found = rows()
  const [first, , third] = found
  expect(first?.task).not.toBe(third?.task)
  expect(found).toEqual([...branchRows(first?.task), ...branchRows(third?.task)])
}

test('branches of Promise.all are two tasks, each one the same across its awaits', async () => {
  await Promise.all([branch(), branch()])
  expectTwoBranches()
})

test('branches that wait for something else first are two tasks as well', async () => {
  const late = async (ms: number) => {
    await sleep(ms)
    await branch()
  }
  await Promise.all([late(1), late(2)])
  expectTwoBranches()
})

test('branches within a task are told apart, at once or after another await', async () => {
  await recording.reporter.task('request', () => Promise.all([branch(), branch()]))
  expectTwoBranches()
  recording.reset()
  const late = async () => {
    await sleep(1)
    await branch()
  }
  await recording.reporter.task('request', () => Promise.all([late(), late()]))
  expectTwoBranches()
})

test('branches that hold different locks and nest in opposite order do not mix', async () => {
  const other = nameLock(new Mutex(), 'other')
  const lockTwo = async (first: Mutex, second: Mutex) => {
    await sleep(1)
    const releaseFirst = await first.acquire()
    await sleep(3)
    ;(await second.acquire())()
    releaseFirst()
  }
  await recording.reporter.task('request', () =>
    Promise.all([lockTwo(outer, inner), lockTwo(other, nameLock(new Mutex(), 'fourth'))]),
  )
  const held = Object.fromEntries(rows().map((row) => [row.name, row.held]))
  expect(held).toEqual({ outer: [], inner: ['outer'], other: [], fourth: ['other'] })
  const tasks = new Map(rows().map((row) => [row.name, row.task]))
  expect(tasks.get('outer')).toBe(tasks.get('inner'))
  expect(tasks.get('other')).toBe(tasks.get('fourth'))
  expect(tasks.get('outer')).not.toBe(tasks.get('other'))
})

test('a function that calls others one after another stays one task', async () => {
  const helper = async () => {
    await sleep(1)
    ;(await inner.acquire())()
    await sleep(1)
    ;(await inner.acquire())()
  }
  const release = await outer.acquire()
  await helper()
  await helper()
  release()
  ;(await inner.acquire())()
  const found = rows()
  expect(new Set(found.map((row) => row.task)).size).toBe(1)
  const heldByInner = found.filter((row) => row.name === 'inner').map((row) => row.held)
  expect(heldByInner).toEqual([['outer'], ['outer'], ['outer'], ['outer'], []])
})

test('a helper that returns the lock leaves it with its caller', async () => {
  const lockOuter = async () => {
    const release = await outer.acquire()
    return release
  }
  const release = await lockOuter()
  await sleep(1)
  ;(await inner.acquire())()
  release()
  expect(rows()[0]).toMatchObject({ name: 'inner', held: ['outer'] })
})

test('branches inside runExclusive hold what their caller holds', async () => {
  const other = nameLock(new Mutex(), 'other')
  await outer.runExclusive(() =>
    Promise.all([inner.runExclusive(() => sleep(2)), other.runExclusive(() => sleep(2))]),
  )
  const held = Object.fromEntries(rows().map((row) => [row.name, row.held]))
  expect(held).toEqual({ inner: ['outer'], other: ['outer'], outer: [] })
  expect(new Set(rows().map((row) => row.task)).size).toBe(2)
})

test('ticks of one interval that overlap are tasks of their own', async () => {
  const third = nameLock(new Mutex(), 'third')
  const locks = [outer, third]
  await new Promise<void>((resolve) => {
    let tick = 0
    const timer = setInterval(async () => {
      const lock = locks[tick++]
      if (lock === undefined) {
        clearInterval(timer)
        return
      }
      const release = await lock.acquire()
      await sleep(15)
      ;(await inner.acquire())()
      release()
      if (lock === third) resolve()
    }, 5)
  })
  const found = rows()
  const held = found.filter((row) => row.name === 'inner').map((row) => row.held)
  expect(held).toEqual([['outer'], ['third']])
})

test('task() names a task, and reporter.currentTask() names it', async () => {
  const { reporter } = recording
  const seen = await Promise.all([
    reporter.task('left', async () => {
      await sleep(1)
      return reporter.currentTask()
    }),
    reporter.task('right', async () => reporter.currentTask()),
  ])
  expect(seen.map((task) => task.name)).toEqual(['left', 'right'])
  expect(seen[0]?.id).not.toBe(seen[1]?.id)
})
