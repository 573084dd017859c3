// Goal: what is reported of an item's end is what its caller saw, in every supported version.
// Method: each way to end, run on each version with the observation, and the promise of add()
// beside the row.
import {
  ATTR_ERROR_TYPE,
  ATTR_WAYWARD_QUEUE_ITEM_RESULT,
  WAYWARD_KIND_VALUE_QUEUE_ITEM,
} from '@wayward/semconv'
import { observePQueue } from '@wayward/sdk'
import PQueue9 from 'p-queue'
import PQueue8 from 'p-queue-8'
import { afterEach, describe, expect, test } from 'vitest'
import { createRecording, sleep } from '../recording.ts'

interface Queue {
  timeout?: number | undefined
  add(work: (given: { signal?: AbortSignal }) => unknown, options?: object): Promise<unknown>
  onIdle(): Promise<void>
  clear(): void
  pause(): void
}
type QueueClass = new (options?: object) => Queue

const nodeMajor = Number(process.versions.node.split('.')[0])
const versions: (readonly [string, QueueClass])[] = [
  ['8', PQueue8],
  ['9', PQueue9],
]
// Version 10 needs Node 22.
if (nodeMajor >= 22) {
  const name = 'p-queue-10'
  const { default: PQueue10 } = (await import(name)) as { default: QueueClass }
  versions.push(['10', PQueue10])
}

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const slow = async (): Promise<string> => {
  await sleep(60)
  return 'late'
}
const late = { autoStart: true, timeout: 10 }
const boom = new RangeError('boom')

/** Adds items to a queue; gives the promises of add(). */
type Ending = (PQueue: QueueClass) => Promise<unknown>[]

function abortAfter(ms: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(boom), ms)
  return controller.signal
}

const endings: Readonly<Record<string, Ending>> = {
  'a value': (PQueue) => [new PQueue().add(() => 1), new PQueue().add(async () => 2)],
  'an error': (PQueue) => [
    new PQueue().add(() => {
      throw boom
    }),
    new PQueue().add(() => Promise.reject(boom)),
  ],
  'in time, with a time-out': (PQueue) => [new PQueue({ timeout: 1000 }).add(async () => 1)],
  "the queue's time-out": (PQueue) => [new PQueue(late).add(slow)],
  "the queue's time-out, thrown": (PQueue) => [
    new PQueue({ ...late, throwOnTimeout: true }).add(slow),
  ],
  "the item's time-out": (PQueue) => [new PQueue().add(slow, { timeout: 10 })],
  "the item's time-out, thrown or not": (PQueue) => [
    new PQueue().add(slow, { timeout: 10, throwOnTimeout: true }),
    new PQueue({ throwOnTimeout: true }).add(slow, { timeout: 10, throwOnTimeout: false }),
  ],
  'a time-out whose item says that nothing is thrown, in a queue that throws': (PQueue) => {
    const queue = new PQueue({ ...late, throwOnTimeout: true })
    return [
      queue.add(slow, { throwOnTimeout: undefined }),
      queue.add(slow, { throwOnTimeout: 'yes' }),
      sleep(100).then(() => queue.add(slow)),
    ]
  },
  'time-outs of one turn, one of them thrown': (PQueue) => {
    const queue = new PQueue(late)
    return [
      queue.add(slow),
      queue.add(slow, { throwOnTimeout: true }),
      queue.add(slow),
      sleep(100).then(() => queue.add(slow)),
    ]
  },
  'work that fails in the turn of its time-out': (PQueue) =>
    [9, 10, 11].map((timeout) =>
      new PQueue({ timeout }).add(async () => {
        await sleep(10)
        throw boom
      }),
    ),
  'a time-out and a signal of one turn': (PQueue) => [
    new PQueue(late).add(slow, { signal: abortAfter(10) }),
    new PQueue({ timeout: 30 }).add(slow, { signal: abortAfter(10) }),
    new PQueue(late).add(slow, { signal: abortAfter(30) }),
  ],
  'a thenable that is late': (PQueue) => [
    // oxlint-disable-next-line unicorn/no-thenable -- a query builder is such a thing
    new PQueue(late).add(() => ({ then: (resolve: () => void) => void setTimeout(resolve, 60) })),
  ],
  'two time-outs of one queue': (PQueue) => {
    const queue = new PQueue(late)
    return [queue.add(slow), queue.add(slow), sleep(100).then(() => queue.add(slow))]
  },
  'an item without the time-out of its queue': (PQueue) => [
    new PQueue(late).add(slow, { timeout: undefined }),
  ],
  'a time-out of 0': (PQueue) => [
    new PQueue().add(slow, { timeout: 0 }),
    new PQueue(late).add(slow, { timeout: 0 }),
  ],
  'a time-out without end': (PQueue) => [
    new PQueue(late).add(slow, { timeout: Number.POSITIVE_INFINITY }),
  ],
  'an invalid time-out': (PQueue) => [
    new PQueue().add(slow, { timeout: -1 }),
    new PQueue().add(slow, { timeout: Number.NaN }),
    new PQueue().add(slow, { timeout: '10' }),
  ],
  'a time-out that is changed after the item was added': (PQueue) => {
    const longer = new PQueue({ concurrency: 1, timeout: 30 })
    const first = [longer.add(() => sleep(20)), longer.add(slow)]
    longer.timeout = 1000
    const shorter = new PQueue({ concurrency: 1 })
    const second = [shorter.add(() => sleep(20)), shorter.add(slow)]
    shorter.timeout = 10
    return [...first, ...second]
  },
  'work that blocks for longer than its time-out': (PQueue) => [
    new PQueue(late).add(() => {
      const end = performance.now() + 30
      while (performance.now() < end);
      return 'done'
    }),
  ],
  'a signal that is aborted while it runs': (PQueue) => [
    new PQueue().add(slow, { signal: abortAfter(10) }),
  ],
  'a signal that is aborted while it waits': (PQueue) => {
    const queue = new PQueue({ concurrency: 1 })
    return [queue.add(slow), queue.add(slow, { signal: abortAfter(10) })]
  },
  'a signal that was aborted before': (PQueue) => [
    new PQueue().add(slow, { signal: AbortSignal.abort(boom) }),
  ],
  'a signal that its own work aborts': (PQueue) => {
    const [one, two] = [new AbortController(), new AbortController()]
    return [
      new PQueue().add(() => (one.abort(boom), 'value'), { signal: one.signal }),
      new PQueue().add(() => (two.abort(boom), slow()), { signal: two.signal }),
    ]
  },
}

/** What the types do not let a caller give, and a caller gives all the same. */
const oddOptions: readonly unknown[] = [
  null,
  5,
  'text',
  Object.create({ timeout: 5, throwOnTimeout: true }),
  { signal: {} },
  { signal: 5 },
  { id: Symbol('id') },
  { id: null, priority: 'high' },
  { timeout: 10n },
  {
    get priority() {
      throw boom
    },
  },
]

/** What a caller sees of an addition: what it throws, or how its promise settles. */
async function seenOf(PQueue: QueueClass, options: unknown): Promise<string> {
  try {
    const result = new PQueue().add(() => 'value', options as object)
    return String(await Promise.race([result, sleep(60).then(() => 'nothing')]))
  } catch (error) {
    return String(error)
  }
}

describe.each(versions)('p-queue %s', (_version, PQueue) => {
  test('odd options do to a caller what they do without observation', async () => {
    const bare = await Promise.all(oddOptions.map((options) => seenOf(PQueue, options)))
    const { reporter } = createRecording()
    const observation = observePQueue(PQueue, reporter)
    const observed = await Promise.all(oddOptions.map((options) => seenOf(PQueue, options)))
    observation.disable()
    expect(observed).toEqual(bare)
  })

  test("a promise's own cancel() is called at the time-out, where the library calls it", async () => {
    const cancelled = async (): Promise<number> => {
      let count = 0
      const never = new Promise(() => undefined)
      const work = (): unknown => Object.assign(never, { cancel: () => void count++ })
      await new PQueue(late).add(work).catch(() => undefined)
      return count
    }
    const bare = await cancelled()
    const observation = observePQueue(PQueue, createRecording().reporter)
    const observed = await cancelled()
    observation.disable()
    expect(observed).toBe(bare)
  })

  test.each(Object.entries(endings))('%s', async (_name, ending) => {
    const recording = createRecording()
    const observation = observePQueue(PQueue, recording.reporter)
    stops.push(() => observation.disable())
    const seen = await Promise.allSettled(ending(PQueue))
    await sleep(80)
    const told = recording.spans(WAYWARD_KIND_VALUE_QUEUE_ITEM).map(({ attributes }) => ({
      result: attributes[ATTR_WAYWARD_QUEUE_ITEM_RESULT],
      error: attributes[ATTR_ERROR_TYPE],
    }))
    const wanted = seen.map(({ status }) => (status === 'fulfilled' ? 'done' : 'failed'))
    expect(told.map(({ result }) => String(result)).toSorted()).toEqual(wanted.toSorted())
    for (const { result, error } of told) expect(error === undefined).toBe(result === 'done')
    expect(recording.reporter.openCount).toBe(0)
  })
})
