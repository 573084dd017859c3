// Goal: an endpoint that hangs, fails or fills its disk loses only what it must, counted, and what
// is on the disk outlives the process. Method: a queue before endpoints that do as they are told.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemTime } from '@wayward/base'
import type { Endpoint, SendOutcome } from '@wayward/collector/router/endpoint'
import {
  createEndpointQueue,
  defaultQueue,
  type EndpointQueue,
  type QueueSettings,
} from '@wayward/collector/router/endpoint-queue'
import type { RoutedItem } from '@wayward/collector/router/routed-item'
import { afterAll, describe, expect, test } from 'vitest'
import { toRouted, until } from './router-harness.ts'

const root = mkdtempSync(join(tmpdir(), 'queue-'))
afterAll(() => rmSync(root, { recursive: true }))

const sent: SendOutcome = { status: 'sent' }

/** An endpoint that keeps the bodies it got, and answers as `answer` says. */
function createKeeping(answer: (tries: number, signal: AbortSignal) => Promise<SendOutcome>) {
  const bodies: string[] = []
  let tries = 0
  const endpoint: Endpoint = {
    render: () => '',
    async send(items, signal) {
      const outcome = await answer(++tries, signal)
      if (outcome.status === 'sent') bodies.push(...items.map(bodyOf))
      return outcome
    },
  }
  return { endpoint, bodies, tries: () => tries }
}

function bodyOf(item: RoutedItem): string {
  return item.signal === 'logs' ? (item.record.body?.stringValue ?? '') : ''
}

function create(
  endpoint: Endpoint,
  settings: Partial<QueueSettings> = {},
  spool?: { readonly folder: string; readonly bytesMax: number },
): { readonly queue: EndpointQueue; readonly drops: (readonly [number, string, string])[] } {
  const drops: (readonly [number, string, string])[] = []
  const queue = createEndpointQueue({
    endpoint,
    settings: { ...defaultQueue, batchWaitMs: 0, ...settings },
    time: systemTime,
    spool,
    onDropped: (...drop) => drops.push(drop),
  })
  return { queue, drops }
}

function messages(from: number, to: number): readonly RoutedItem[] {
  const payloads = Array.from({ length: to - from }, (_, index) => `m${from + index}`)
  return toRouted(payloads.map((payload) => ({ payload })))
}
const bodies = (from: number, to: number): readonly string[] => messages(from, to).map(bodyOf)

describe('a queue', () => {
  test('sends in order and whole, whatever the batches are', async () => {
    const { bodies: got, endpoint } = createKeeping(() => Promise.resolve(sent))
    const { queue } = create(endpoint, { batchItemsMax: 7 })
    for (let at = 0; at < 100; at += 10) queue.enqueue(messages(at, at + 10))
    await queue.shutdown(1_000)
    expect(got).toEqual(bodies(0, 100))
    expect(queue.counts()).toMatchObject({ waiting: 0, sent: 100, retried: 0, problem: '' })
  })

  test('tries again what failed for now, and counts that', async () => {
    const keeping = createKeeping((tries) => {
      if (tries === 1) return Promise.reject(new Error('It broke', { cause: new Error('why') }))
      return Promise.resolve(tries < 3 ? { status: 'retryable', message: 'busy' } : sent)
    })
    const { queue, drops } = create(keeping.endpoint)
    queue.enqueue(messages(0, 3))
    await until(() => queue.counts().sent === 3, 'sent')
    expect(queue.counts().retried).toBe(2)
    expect(keeping.bodies).toEqual(bodies(0, 3))
    expect(drops).toEqual([])
    await queue.shutdown(0)
  })

  test('drops what is refused for good, and what fails too often', async () => {
    const refusing = createKeeping(() => Promise.resolve({ status: 'failure', message: 'no' }))
    const one = create(refusing.endpoint)
    one.queue.enqueue(messages(0, 2))
    await until(() => one.drops.length > 0, 'dropped')
    expect(one.drops).toEqual([[2, 'refused', 'no']])
    const failing = createKeeping(() => Promise.resolve({ status: 'retryable', message: 'busy' }))
    const other = create(failing.endpoint, { triesMax: 2 })
    other.queue.enqueue(messages(0, 2))
    await until(() => other.drops.length > 0, 'given up')
    expect(other.drops).toEqual([[2, 'gave_up', 'busy']])
    expect(failing.tries()).toBe(2)
    await Promise.all([one.queue.shutdown(0), other.queue.shutdown(0)])
  })

  test('does not wait for an endpoint that hangs and does not even listen to its signal', async () => {
    const hanging = createKeeping(() => new Promise(() => undefined))
    const { queue, drops } = create(hanging.endpoint, {
      timeoutMs: 20,
      triesMax: 2,
      queueItemsMax: 10,
    })
    queue.enqueue(messages(0, 25))
    expect(queue.counts().dropped.queue_full).toBe(15)
    await until(() => queue.counts().dropped.gave_up === 10, 'given up')
    expect(drops[0]?.[2]).toBe('It is slower than what comes')
    expect(drops[1]).toEqual([10, 'gave_up', 'No answer within 20 ms'])
    const startMs = performance.now()
    queue.enqueue(messages(25, 28))
    await queue.shutdown(30)
    expect(performance.now() - startMs).toBeLessThan(1_000)
    const { dropped } = queue.counts()
    expect(dropped.shutdown + dropped.gave_up).toBe(13)
    queue.enqueue(messages(28, 29))
    expect(queue.counts().dropped.shutdown).toBe(dropped.shutdown + 1)
  })

  test('is bounded in bytes', () => {
    const hanging = createKeeping(() => new Promise(() => undefined))
    const large = toRouted([{ payload: 'x'.repeat(10_000) }])
    const { queue } = create(hanging.endpoint, { queueBytesMax: 25_000, batchItemsMax: 1 })
    for (let count = 0; count < 10; count++) queue.enqueue(large)
    const { dropped, waiting } = queue.counts()
    expect(dropped.queue_full).toBe(7)
    expect(waiting).toBe(3)
  })
})

describe('a queue with a folder', () => {
  test('keeps what is not sent over a restart, in order, and sends it then', async () => {
    const spool = { folder: join(root, 'restart'), bytesMax: 2 ** 30 }
    const failing = createKeeping(() => Promise.resolve({ status: 'retryable', message: 'away' }))
    const settings = { batchItemsMax: 10, queueItemsMax: 60 }
    const first = create(failing.endpoint, settings, spool)
    for (let at = 0; at < 200; at += 20) {
      first.queue.enqueue(messages(at, at + 20))
      await until(() => first.queue.counts().waiting <= 30, 'moved to the disk')
    }
    await first.queue.shutdown(10)
    expect(first.drops).toEqual([])
    const well = createKeeping(() => Promise.resolve(sent))
    const second = create(well.endpoint, settings, spool)
    second.queue.enqueue(messages(200, 210))
    await until(() => well.bodies.length === 210, 'all of it')
    expect(well.bodies).toEqual(bodies(0, 210))
    await second.queue.shutdown(1_000)
    expect(readdirSync(spool.folder)).toEqual([])
  })

  test('drops beyond its bytes, and tells it', async () => {
    const spool = { folder: join(root, 'full'), bytesMax: 2_000 }
    const hanging = createKeeping(() => new Promise(() => undefined))
    const { drops, queue } = create(
      hanging.endpoint,
      { batchItemsMax: 10, queueItemsMax: 20 },
      spool,
    )
    for (let at = 0; at < 200; at += 10) {
      queue.enqueue(messages(at, at + 10))
      await until(() => queue.counts().waiting <= 10, 'moved or dropped')
    }
    await queue.shutdown(0)
    const { dropped, spooled } = queue.counts()
    expect(spooled).toBeGreaterThan(0)
    expect(spooled + dropped.queue_full).toBe(200)
    expect(drops.every(([, reason]) => reason === 'queue_full')).toBe(true)
  })

  test('goes on without a folder that cannot be used, and says so', async () => {
    writeFileSync(join(root, 'a-file'), '')
    const spool = { folder: join(root, 'a-file', 'queue'), bytesMax: 2_000 }
    const well = createKeeping(() => Promise.resolve(sent))
    const { queue } = create(well.endpoint, {}, spool)
    await until(() => queue.counts().problem !== '', 'told')
    expect(queue.counts().problem).toMatch(/folder cannot be used: .*ENOTDIR/)
    queue.enqueue(messages(0, 3))
    await queue.shutdown(1_000)
    expect(well.bodies).toEqual(bodies(0, 3))
  })

  test('sets aside what is damaged or cut at any byte, and sends the rest', async () => {
    const spool = { folder: join(root, 'damaged'), bytesMax: 2 ** 30 }
    const failing = createKeeping(() => Promise.resolve({ status: 'retryable', message: 'away' }))
    const before = create(failing.endpoint, { batchItemsMax: 1 }, spool)
    for (let at = 0; at < 40; at++) before.queue.enqueue(messages(at, at + 1))
    await before.queue.shutdown(0)
    const names = readdirSync(spool.folder).toSorted()
    expect(names).toHaveLength(40)
    for (const [index, name] of names.slice(0, 39).entries()) {
      const path = join(spool.folder, name)
      const bytes = readFileSync(path)
      const at = (index * 7) % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ 0xff
      writeFileSync(path, index % 2 === 0 ? bytes : bytes.subarray(0, index * 3 + 1))
    }
    writeFileSync(join(spool.folder, '0000000000000001-1.batch.part'), 'half')
    writeFileSync(join(spool.folder, 'something else'), 'not ours')
    const well = createKeeping(() => Promise.resolve(sent))
    const after = create(well.endpoint, {}, spool)
    await until(() => well.bodies.length > 0, 'the one that is well')
    expect(well.bodies).toEqual(['m39'])
    await after.queue.shutdown(1_000)
    expect(after.queue.counts().dropped.damaged).toBe(39)
    const left = readdirSync(spool.folder)
    expect(left.filter((name) => name.endsWith('.damaged'))).toHaveLength(39)
    expect(left).toContain('something else')
    expect(left.some((name) => name.endsWith('.part'))).toBe(false)
  })
})
