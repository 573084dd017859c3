import type { Encoding } from '../consumer.ts'

/**
 * What became of the bytes of one request.
 *
 * - `decoded`: the accepted items are rows of the open blocks. `message` gives the first reason for
 * a rejection, or
 *   warnings; it is empty when there is nothing to say.
 * - `malformed`: the bytes are not a request; the blocks are as they were before.
 */
export type DecodeResult = Decoded | { readonly status: 'malformed'; readonly message: string }

export interface Decoded {
  readonly status: 'decoded'
  readonly acceptedItems: number
  readonly rejectedItems: number
  readonly message: string
  /**
   * Whether an item without a time took that of its arrival: then equal bytes are not the same
   * items.
   */
  readonly usesArrivalTime?: boolean
  /** Accepted items that lacked a time and took their other one. */
  readonly completedItems?: number
  /** What of the request was not understood and is not stored. */
  readonly ignored?: string
}

/** The rows of one table that are gathered for its next insert. */
export interface OpenBlock {
  /** The table whose columns the block has. */
  readonly table: string
  readonly rows: number
  /** Different days of the rows, or a few more. */
  readonly days: number
  /** About the size of the block in bytes. */
  readonly bytes: number
  /**
   * Ends the block and begins a new one. The chunks are copies and belong to the caller, who may
   * insert them as often and as late as it needs; the decoder never touches them again. With no
   * rows the block is still valid.
   */
  take(): Uint8Array[]
  /**
   * Where the columns of the block that was taken last begin, for who reads only some of them.
   *
   * @default not known
   */
  readonly starts?: readonly number[]
}

/** Gathers the requests of one signal into Native blocks. Never throws for what the bytes hold. */
export interface SignalDecoder {
  /** One open block for each table that the signal's items go to. */
  readonly blocks: readonly [OpenBlock, ...OpenBlock[]]
  /**
   * Appends the items of a request to the blocks. The bytes are only read during the call and
   * remain the caller's.
   */
  decode(encoding: Encoding, body: Uint8Array): DecodeResult
}

/** Milliseconds since the Unix epoch, as `Date.now` gives them. */
export type Clock = () => number
