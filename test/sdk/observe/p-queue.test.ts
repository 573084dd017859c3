import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import PQueue from 'p-queue'
import { nameQueue, type Observation, observePQueue } from '@wayward/sdk'
import {
  ATTR_ERROR_TYPE,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_QUEUE_CONCURRENCY,
  ATTR_WAYWARD_QUEUE_ITEM_ID,
  ATTR_WAYWARD_QUEUE_ITEM_NAME,
  ATTR_WAYWARD_QUEUE_ITEM_RESULT,
  ATTR_WAYWARD_QUEUE_NAME,
  ATTR_WAYWARD_QUEUE_PRIORITY,
  ATTR_WAYWARD_QUEUE_SIZE,
  ATTR_WAYWARD_QUEUE_WAIT_DURATION,
  ATTR_WAYWARD_TASK_ID,
  WAYWARD_KIND_VALUE_QUEUE_ITEM,
} from '@wayward/semconv'
import { SpanKind, context, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRecording, type Recording, sleep } from '../recording.ts'

let recording: Recording
let observation: Observation

beforeEach(() => {
  recording = createRecording({ thresholdMs: 0 })
  observation = observePQueue(PQueue, recording.reporter)
})
afterEach(() => observation.disable())

const items = () => recording.spans(WAYWARD_KIND_VALUE_QUEUE_ITEM)

test('an item has its time in the queue and its processing as separate numbers', async () => {
  const queue = nameQueue(new PQueue({ concurrency: 1 }), 'emails')
  const results = await Promise.all([
    queue.add(async function confirmation() {
      await sleep(20)
      return 'a'
    }),
    queue.add(() => 'b', { id: 'second', priority: 3 }),
  ])
  expect(results).toEqual(['a', 'b'])
  const [first, second] = items()
  expect(first?.name).toBe('process emails')
  expect(first?.kind).toBe(SpanKind.CONSUMER)
  expect(first?.attributes).toMatchObject({
    [ATTR_WAYWARD_QUEUE_NAME]: 'emails',
    [ATTR_WAYWARD_QUEUE_ITEM_NAME]: 'confirmation',
    [ATTR_WAYWARD_QUEUE_CONCURRENCY]: 1,
    [ATTR_WAYWARD_QUEUE_ITEM_RESULT]: 'done',
  })
  // A loaded machine may take its time with the first; the second waits for all of it besides.
  expect(first?.attributes[ATTR_WAYWARD_QUEUE_WAIT_DURATION]).toBeLessThan(
    Number(second?.attributes[ATTR_WAYWARD_QUEUE_WAIT_DURATION]),
  )
  expect(first?.duration[1]).toBeGreaterThan(15e6)
  expect(second?.attributes).toMatchObject({
    [ATTR_WAYWARD_QUEUE_ITEM_ID]: 'second',
    [ATTR_WAYWARD_QUEUE_PRIORITY]: 3,
    [ATTR_WAYWARD_QUEUE_SIZE]: 0,
  })
  expect(second?.attributes[ATTR_WAYWARD_QUEUE_WAIT_DURATION]).toBeGreaterThan(15e6)
  expect(first?.attributes[ATTR_WAYWARD_TASK_ID]).not.toBe(second?.attributes[ATTR_WAYWARD_TASK_ID])
})

test('a queue without a name is called after the place where it was made', async () => {
  await new PQueue().add(() => 1)
  expect(items()[0]?.attributes[ATTR_WAYWARD_QUEUE_NAME]).toMatch(/^p-queue\.test\.ts:\d+$/)
})

test('work is a child of the span that enqueued it, links to it, and has its own spans beneath', async () => {
  const queue = new PQueue({ concurrency: 1 })
  const tracer = recording.provider.getTracer('app')
  const parent = tracer.startSpan('request')
  await context.with(trace.setSpan(context.active(), parent), () =>
    queue.add(async () => {
      await sleep(1)
      tracer.startSpan('inside').end()
    }),
  )
  const item = items()[0]
  expect(item?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId)
  expect(item?.links[0]?.context.spanId).toBe(parent.spanContext().spanId)
  const inside = recording.spans().find((span) => span.name === 'inside')
  expect(inside?.parentSpanContext?.spanId).toBe(item?.spanContext().spanId)
})

test('errors reach the caller unchanged and are reported as failed', async () => {
  const queue = new PQueue({ concurrency: 2 })
  const error = new RangeError('mine')
  await expect(queue.add(() => Promise.reject(error))).rejects.toBe(error)
  await expect(
    queue.add(() => {
      throw error
    }),
  ).rejects.toBe(error)
  expect(items().map((span) => span.attributes[ATTR_ERROR_TYPE])).toEqual([
    'RangeError',
    'RangeError',
  ])
})

test('a thenable that works in then() is asked once', async () => {
  let calls = 0
  const lazy = {
    // oxlint-disable-next-line unicorn/no-thenable -- a query builder is such a thing
    then(resolve: (value: number) => void) {
      calls++
      resolve(5)
    },
  }
  expect(await new PQueue().add(() => lazy as unknown as Promise<number>)).toBe(5)
  expect(calls).toBe(1)
})

test('items that leave the queue unprocessed are reported: aborted, cleared, refused', async () => {
  const queue = new PQueue({ concurrency: 1 })
  const running = queue.add(() => sleep(15))
  const abort = new AbortController()
  const aborted = queue.add(() => 1, { signal: abort.signal })
  abort.abort()
  await expect(aborted).rejects.toThrow('aborted')
  void queue.add(() => 2)
  queue.clear()
  await expect(queue.add(() => 3, { timeout: -1 })).rejects.toThrow('positive finite')
  await running
  expect(items().map((span) => span.attributes[ATTR_ERROR_TYPE])).toEqual([
    'aborted',
    'cleared',
    'refused',
    undefined,
  ])
  expect(recording.reporter.openCount).toBe(0)
})

test('an item ends when the queue goes on without it: at its time-out, or when it is aborted', async () => {
  const queue = new PQueue({ concurrency: 1, timeout: 10 })
  const never = () => new Promise<never>(() => undefined)
  await expect(queue.add(never)).rejects.toThrow('timed out')
  const abort = new AbortController()
  const aborted = queue.add(never, { timeout: 1000, signal: abort.signal })
  const reason = new RangeError('enough')
  abort.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  expect(await queue.add(() => 1, { signal: new AbortController().signal })).toBe(1)
  expect(items().map((span) => span.attributes[ATTR_ERROR_TYPE])).toEqual([
    'TimeoutError',
    'RangeError',
    undefined,
  ])
  expect(recording.reporter.openCount).toBe(0)
})

test('a signal that lives longer than its items keeps no listener of ours', async () => {
  const { signal } = new AbortController()
  const bareQueue = async () => {
    const queue = new PQueue({ concurrency: 1 })
    const running = queue.add(() => sleep(2), { signal })
    void queue.add(() => 1, { signal })
    const cleared = getEventListeners(signal, 'abort').length
    queue.clear()
    await running
    return cleared
  }
  expect(await bareQueue()).toBeGreaterThan(0)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a queue that is collected with items waiting leaves nothing open', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  ;(() => {
    const queue = new PQueue({ autoStart: false })
    void queue.add(() => 1)
    void queue.add(() => 2)
  })()
  expect(recording.reporter.openCount).toBe(2)
  for (let tries = 0; tries < 50 && recording.reporter.openCount > 0; tries++) {
    await sleep(5)
    gc()
  }
  expect(recording.reporter.openCount).toBe(0)
})

test('interval, priority and a change of concurrency work as before', async () => {
  const queue = new PQueue({ concurrency: 1, interval: 20, intervalCap: 2, autoStart: false })
  const order: string[] = []
  const work = (name: string) => async () => {
    order.push(name)
    await sleep(1)
  }
  const all = Promise.all([
    queue.add(work('low'), { priority: -1 }),
    queue.add(work('high'), { priority: 5 }),
    queue.add(work('plain')),
  ])
  const started = performance.now()
  queue.start()
  queue.concurrency = 2
  await all
  expect(order).toEqual(['high', 'plain', 'low'])
  expect(performance.now() - started).toBeGreaterThan(18)
  expect(items().at(-1)?.attributes[ATTR_WAYWARD_QUEUE_CONCURRENCY]).toBe(2)
})

test('pending and running items are seen in the snapshots', async () => {
  const queue = new PQueue({ concurrency: 1 })
  let finish = (): void => undefined
  const running = queue.add(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve
      }),
  )
  const waiting = queue.add(() => 1)
  await sleep(2)
  recording.reporter.snapshot()
  const kinds = recording.events().map((event) => event.attributes[ATTR_WAYWARD_KIND])
  expect(kinds).toEqual(['queue_item', 'queue_wait'])
  finish()
  await Promise.all([running, waiting])
})

test('addAll, pause and start work as before; disable() restores the class', async () => {
  const queue = new PQueue({ concurrency: 2, autoStart: false })
  const all = queue.addAll([() => 1, async () => 2, () => 3])
  expect(queue.size).toBe(3)
  queue.start()
  expect(await all).toEqual([1, 2, 3])
  expect(items()).toHaveLength(3)
  observation.disable()
  expect(await queue.add(() => 4)).toBe(4)
  queue.concurrency = 5
  expect(queue.concurrency).toBe(5)
  expect(items()).toHaveLength(3)
})
