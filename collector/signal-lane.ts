// The way of one signal's requests.
//
//   consume() ── decode ──┬─▶ lane of a table ─┬─▶ answer, when all its rows are inserted
//                         └─▶ lane of another ─┘
import type { ConsumeOutcome, Encoding } from './consumer.ts'
import type { DecodeResult, SignalDecoder } from './decode/decoder.ts'
import { createTableLane, type RowsOutcome, type TableLane } from './table-lane.ts'
import type { WriterParts } from './writer.ts'

export interface SignalLane {
  /** Decodes now and answers when ClickHouse has the rows. Never rejects. */
  consume(encoding: Encoding, body: Uint8Array): Promise<ConsumeOutcome>
  /** Inserts what is open without waiting for more, until `signal` gives up; then nobody waits any more. */
  drain(signal: AbortSignal): Promise<void>
  readonly tables: readonly TableLane[]
  readonly waitingRequests: number
  /** Bytes of the open blocks, the closed ones, and those being inserted. */
  readonly bytes: number
  /** Bytes that ClickHouse takes per millisecond, as measured; 0 before the first insert. */
  readonly bytesPerMs: number
}

export function createSignalLane(decoder: SignalDecoder, parts: WriterParts): SignalLane {
  return new DecodingLane(decoder, parts)
}

class DecodingLane implements SignalLane {
  readonly #decoder: SignalDecoder
  readonly #parts: WriterParts
  readonly tables: readonly TableLane[]
  waitingRequests = 0

  constructor(decoder: SignalDecoder, parts: WriterParts) {
    this.#decoder = decoder
    this.#parts = parts
    this.tables = decoder.blocks.map((block) => createTableLane(block, parts))
  }

  get bytes(): number {
    return this.tables.reduce((sum, lane) => sum + lane.bytes, 0)
  }

  get bytesPerMs(): number {
    return this.tables.reduce((sum, lane) => sum + lane.bytesPerMs, 0)
  }

  consume(encoding: Encoding, body: Uint8Array): Promise<ConsumeOutcome> {
    const rowsBefore = this.tables.map((lane) => lane.openRows)
    const result = this.#decode(encoding, body)
    if (result.status === 'malformed') return Promise.resolve(result)
    const accepted: ConsumeOutcome = {
      status: 'accepted',
      acceptedItems: result.acceptedItems,
      rejectedItems: result.rejectedItems,
      message: result.message,
    }
    const touched = this.tables.filter((lane, index) => lane.openRows !== rowsBefore[index])
    if (touched.length === 0) return Promise.resolve(accepted)
    return this.#whenInserted(
      touched.map((lane) => lane.wait()),
      accepted,
    )
  }

  async drain(signal: AbortSignal): Promise<void> {
    await Promise.all(this.tables.map((lane) => lane.drain(signal)))
  }

  /**
   * Where one table has its rows and another has not, the sender is told to send everything again:
   * rows that are there twice are better than rows that are missing.
   */
  async #whenInserted(
    waits: readonly Promise<RowsOutcome>[],
    accepted: ConsumeOutcome,
  ): Promise<ConsumeOutcome> {
    this.waitingRequests++
    const outcomes = await Promise.all(waits)
    this.waitingRequests--
    let worst: Exclude<RowsOutcome, { readonly status: 'inserted' }> | undefined
    for (const outcome of outcomes) {
      if (outcome.status === 'inserted') continue
      const isWorse = worst === undefined || outcome.retryAfterMs > worst.retryAfterMs
      if (isWorse) worst = outcome
    }
    return worst ?? accepted
  }

  /** A decoder never throws; if it does after all, its open blocks cannot be trusted and are given up. */
  #decode(encoding: Encoding, body: Uint8Array): DecodeResult {
    try {
      return this.#decoder.decode(encoding, body)
    } catch (error) {
      this.#parts.logger.error('The decoder failed on a request; it was refused', {
        tables: this.tables.map((lane) => lane.table).join(','),
        cause: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
      for (const lane of this.tables) {
        lane.giveUpOpenBlock('The block was given up because of another request in it')
      }
      return { status: 'malformed', message: 'The decoder failed on this request' }
    }
  }
}
