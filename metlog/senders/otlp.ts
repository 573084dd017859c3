// OTLP over HTTP, into any collector: messages become OpenTelemetry here and not at a receiver.
// Batches, one request under way, bounded tries; what cannot be delivered is counted.
import { readMessage, isWrong } from '../envelope/read-message.ts'
import type { MetlogMessage } from '../envelope/message.ts'
import { createOtlpBatch, type OtlpBatch } from '../otlp/batch.ts'
import { createDropCounter, type DropCounter, type MetlogSender } from './sender.ts'

/** What is set of a sender over OTLP. */
export interface OtlpSettings {
  /** Where the collector is. @default 'http://127.0.0.1:4318' */
  readonly url?: string
  /** Headers of every request, such as one with a token. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** How long messages are collected. @default 1000 */
  readonly intervalMs?: number
  /** Messages that may wait. @default 5000 */
  readonly queueItemsMax?: number
  /** @default 10000 */
  readonly timeoutMs?: number
}

const batchItemsMax = 1_000
const triesMax = 3
const firstWaitMs = 200

/** Makes a sender over OTLP/HTTP with JSON. */
export function createOtlpSender(settings: OtlpSettings = {}): MetlogSender {
  return new OtlpSender(settings)
}

class OtlpSender implements MetlogSender {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #intervalMs: number
  readonly #itemsMax: number
  readonly #timeoutMs: number
  readonly #drops: DropCounter = createDropCounter()
  #batch: OtlpBatch = createOtlpBatch()
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> = Promise.resolve()

  constructor(settings: OtlpSettings) {
    this.#url = (settings.url ?? 'http://127.0.0.1:4318').replace(/\/+$/, '')
    this.#headers = settings.headers ?? {}
    this.#intervalMs = settings.intervalMs ?? 1_000
    this.#itemsMax = settings.queueItemsMax ?? 5_000
    this.#timeoutMs = settings.timeoutMs ?? 10_000
  }

  send(message: MetlogMessage): void {
    if (this.#waiting >= this.#itemsMax) return this.#drops.add('queue_full')
    const read = readMessage(message)
    const problem = isWrong(read) ? read : this.#batch.add(read, BigInt(Date.now()) * 1_000_000n)
    if (problem !== undefined) return this.#drops.add(`wrong_${problem.reason}`)
    this.#waiting++
    if (this.#batch.size >= batchItemsMax) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), this.#intervalMs).unref()
  }

  drops(): Readonly<Record<string, number>> {
    return this.#drops.counts()
  }

  async close(): Promise<void> {
    this.#flush()
    await this.#sending
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#batch
    if (batch.size === 0) return
    this.#batch = createOtlpBatch()
    this.#sending = this.#deliver(batch, this.#sending)
  }

  /** Never rejects. */
  async #deliver(batch: OtlpBatch, before: Promise<void>): Promise<void> {
    await before
    const [logs, metrics] = [batch.toLogs(), batch.toMetrics()]
    const isLost = await Promise.all([
      logs === undefined ? false : this.#post('/v1/logs', logs),
      metrics === undefined ? false : this.#post('/v1/metrics', metrics),
    ])
    this.#waiting -= batch.size
    // Of a request that is lost, the messages are not told apart any more.
    if (isLost.includes(true)) this.#drops.add('not_delivered', batch.size)
  }

  /** @returns whether it was lost */
  async #post(path: string, request: unknown): Promise<boolean> {
    const body = JSON.stringify(request, (_, one: unknown) =>
      typeof one === 'bigint' ? String(one) : one,
    )
    for (let tries = 1; tries <= triesMax; tries++) {
      const status = await this.#postOnce(path, body)
      if (status >= 200 && status < 300) return false
      if (status !== 429 && status < 500) return true
      if (tries < triesMax) await pause(firstWaitMs * 4 ** (tries - 1))
    }
    return true
  }

  /** @returns the status; 599 where there is none */
  async #postOnce(path: string, body: string): Promise<number> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...this.#headers },
        body,
        signal: AbortSignal.timeout(this.#timeoutMs),
      })
      await response.arrayBuffer()
      return response.status
    } catch {
      // Not there now; tried again.
      return 599
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
