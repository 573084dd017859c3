// The shop's locks and queues. Two of them are in trouble:
//
// - `inventory`: the payment provider is called while the mutex is held, so all checkouts form a
//   convoy;
// - `emails`: one worker needs longer for an e-mail than it takes until the next order.
import { setTimeout as sleep } from 'node:timers/promises'
import { nameLock, nameQueue } from '@wayward/sdk'
import { Mutex, Semaphore } from 'async-mutex'
import PQueue from 'p-queue'
import { type Facts, lockFacts, nowNs, queueFacts } from './measurements.ts'

/** The slow call that should not be made under the lock. */
const paymentMs = 28
const stockMs = 2
const emailMs = 50
const thumbnailMs = 8
const catalogMs = 1

export interface Warehouse {
  /** Takes one piece from the stock, if it can be paid for. */
  sell(): Promise<void>
  browse(): Promise<void>
  sendEmail(): void
  makeThumbnail(): void
  /** Resolves when no work is left in the queues. */
  whenIdle(): Promise<void>
}

export function createWarehouse(facts: Facts): Warehouse {
  const inventory = nameLock(new Mutex(), 'inventory')
  const catalog = nameLock(new Semaphore(4), 'catalog')
  const emails = nameQueue(new PQueue({ concurrency: 1 }), 'emails')
  const thumbnails = nameQueue(new PQueue({ concurrency: 4 }), 'thumbnails')

  async function locked(
    lock: Mutex | Semaphore,
    name: string,
    work: () => Promise<void>,
  ): Promise<void> {
    const measured = lockFacts(facts, name)
    const isContended = lock.isLocked()
    const requestedNs = nowNs()
    const critical = async (): Promise<void> => {
      const grantedNs = nowNs()
      measured.requests++
      if (isContended) {
        measured.contended++
        measured.waitSumNs += grantedNs - requestedNs
        measured.waitMaxNs = Math.max(measured.waitMaxNs, grantedNs - requestedNs)
      }
      await work()
      measured.holdSumNs += nowNs() - grantedNs
    }
    await lock.runExclusive(critical)
  }

  function enqueue(queue: PQueue, name: string, workMs: number): void {
    const measured = queueFacts(facts, name)
    const enqueuedNs = nowNs()
    const work = async (): Promise<void> => {
      const dequeuedNs = nowNs()
      measured.items++
      measured.waitSumNs += dequeuedNs - enqueuedNs
      measured.waitMaxNs = Math.max(measured.waitMaxNs, dequeuedNs - enqueuedNs)
      await sleep(workMs)
      measured.processingSumNs += nowNs() - dequeuedNs
    }
    queue.add(work).catch((error: unknown) => {
      process.stderr.write(`Work of queue ${name} failed: ${String(error)}\n`)
    })
  }

  return {
    sell: () =>
      locked(inventory, 'inventory', async () => {
        await sleep(stockMs)
        await sleep(paymentMs)
      }),
    browse: () => locked(catalog, 'catalog', () => sleep(catalogMs)),
    sendEmail: () => enqueue(emails, 'emails', emailMs),
    makeThumbnail: () => enqueue(thumbnails, 'thumbnails', thumbnailMs),
    async whenIdle() {
      await Promise.all([emails.onIdle(), thumbnails.onIdle()])
    },
  }
}
