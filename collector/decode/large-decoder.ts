// A request of many MiB takes up to a second to decode, and on the event loop everybody else would
// wait for it. Such requests are decoded on a thread of their own, one after another, into blocks
// of their own: what others append to the open blocks meanwhile, and take back, is not mixed with
// them.
//
//   body ──▶ thread: decoder of its own ──▶ blocks, whole ──▶ commit
//
// A thread and not slices between which the event loop runs: one item alone can have 64 MiB (a
// metric with all points, a span with a thousand events), and so can JSON, which is rewritten
// before it is read.
import { createTurns } from '@wayward/base'
import { Worker } from 'node:worker_threads'
import type { Encoding, Signal } from '../consumer.ts'
import type { Clock, DecodeResult, OpenBlock } from './decoder.ts'
import type { DecodeLimits } from './limits.ts'

/** What became of a large request, and its rows. */
export interface LargeDecodeResult {
  /** `unavailable` where the decoder was shut down first; the sender should try again. */
  readonly result: DecodeResult | { readonly status: 'unavailable'; readonly message: string }
  /** The blocks with rows; nobody appends to them. */
  readonly blocks: readonly OpenBlock[]
}

export interface LargeDecoder {
  /** Whether a request of so many bytes can be taken besides those that wait; one always can. */
  hasRoom(bytes: number): boolean
  /**
   * Decodes a request. Never rejects.
   *
   * @param body belongs to the decoder from the call on: its bytes go to the thread, and are gone
   *   here
   */
  decode(signal: Signal, encoding: Encoding, body: Uint8Array): Promise<LargeDecodeResult>
  /** Ends the thread; requests that wait are `unavailable`. */
  shutdown(): Promise<void>
}

export interface LargeDecoderSettings {
  readonly limits: DecodeLimits
  readonly clock: Clock
  /** Bytes of the requests that may wait. */
  readonly waitingBytesMax: number
  /**
   * Milliseconds after which a thread without work ends, and with it the memory that its columns
   * took.
   */
  readonly idleMs?: number
  /** Of the thread, without the bytes of requests and columns. */
  readonly heapMibMax?: number
}

/** What the thread is sent. */
export interface LargeRequest {
  readonly signal: Signal
  readonly encoding: Encoding
  readonly body: Uint8Array
  readonly limits: DecodeLimits
  readonly nowMs: number
}

/** What the thread answers. */
export interface LargeReply {
  readonly result: DecodeResult
  readonly blocks: readonly {
    readonly table: string
    readonly rows: number
    readonly days: number
    readonly chunks: Uint8Array<ArrayBuffer>[]
  }[]
}

const idleAfterMs = 5_000
const heapMibLimit = 256

export function createLargeDecoder(settings: LargeDecoderSettings): LargeDecoder {
  return new ThreadDecoder(settings)
}

class ThreadDecoder implements LargeDecoder {
  readonly #settings: LargeDecoderSettings
  #worker: Worker | undefined
  readonly #turns = createTurns()
  #waitingBytes = 0
  #idleTimer: NodeJS.Timeout | undefined
  #isShutDown = false

  constructor(settings: LargeDecoderSettings) {
    this.#settings = settings
  }

  hasRoom(bytes: number): boolean {
    return this.#waitingBytes === 0 || this.#waitingBytes + bytes <= this.#settings.waitingBytesMax
  }

  async decode(signal: Signal, encoding: Encoding, body: Uint8Array): Promise<LargeDecodeResult> {
    const { byteLength } = body
    this.#waitingBytes += byteLength
    const nowMs = this.#settings.clock()
    const { limits } = this.#settings
    const reply = await this.#turns.take(() =>
      this.#decodeNext({ signal, encoding, body, limits, nowMs }),
    )
    this.#waitingBytes -= byteLength
    if (reply !== undefined) return { result: reply.result, blocks: toBlocks(reply) }
    return { result: this.#isShutDown ? shutDown : failedResult, blocks: [] }
  }

  async shutdown(): Promise<void> {
    this.#isShutDown = true
    await this.#end()
  }

  /** Never rejects; undefined where the thread failed. */
  async #decodeNext(request: LargeRequest): Promise<LargeReply | undefined> {
    if (this.#isShutDown) return undefined
    clearTimeout(this.#idleTimer)
    const reply = await this.#ask(request)
    // What happened to the thread on this request must not happen to the next.
    if (reply === undefined) await this.#end()
    this.#idleTimer = setTimeout(() => void this.#end(), this.#settings.idleMs ?? idleAfterMs)
    this.#idleTimer.unref()
    return reply
  }

  #ask(request: LargeRequest): Promise<LargeReply | undefined> {
    const worker = (this.#worker ??= this.#start())
    return new Promise((resolve) => {
      const finish = (reply: LargeReply | undefined): void => {
        worker.off('message', finish).off('error', fail).off('exit', fail)
        worker.unref()
        resolve(reply)
      }
      const fail = (): void => finish(undefined)
      worker.on('message', finish).on('error', fail).on('exit', fail)
      worker.ref()
      const { body } = request
      worker.postMessage(request, isWholeBuffer(body) ? [body.buffer] : [])
    })
  }

  #start(): Worker {
    const maxOldGenerationSizeMb = this.#settings.heapMibMax ?? heapMibLimit
    const worker = new Worker(workerUrl(), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb },
    })
    worker.unref()
    // One that dies between two requests is made again for the next.
    worker.on('error', ignore)
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    return worker
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idleTimer)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

/** Sent again, it would break the next thread, too. */
const failedResult: LargeDecodeResult['result'] = {
  status: 'malformed',
  message: 'The decoder failed on this request; send smaller batches',
}

const shutDown: LargeDecodeResult['result'] = {
  status: 'unavailable',
  message: 'The collector shuts down',
}

/** Tests run from the sources, but a thread runs only what is compiled. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(
    isSource ? '../dist/decode/large-decoder-thread.js' : './large-decoder-thread.js',
    import.meta.url,
  )
}

/**
 * Whether the bytes have their memory nearly to themselves, so that it can be handed over instead
 * of copied.
 */
function isWholeBuffer(body: Uint8Array): body is Uint8Array<ArrayBuffer> {
  return body.buffer instanceof ArrayBuffer && body.buffer.byteLength <= body.byteLength + 64
}

function toBlocks({ blocks }: LargeReply): OpenBlock[] {
  return blocks.map(({ table, rows, days, chunks }) => {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    return { table, rows, days, bytes, take: () => chunks }
  })
}

function ignore(): void {
  // On purpose; the caller says why.
}
