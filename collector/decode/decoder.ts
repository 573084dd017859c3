import type { Encoding } from '../consumer.ts'

/**
 * What became of the bytes of one request.
 *
 * - `decoded`: the accepted items are rows of the open block. `message` gives the first reason for
 * a rejection, or
 *   warnings; it is empty when there is nothing to say.
 * - `malformed`: the bytes are not a request; the block is as it was before.
 */
export type DecodeResult =
  | {
      readonly status: 'decoded'
      readonly acceptedItems: number
      readonly rejectedItems: number
      readonly message: string
    }
  | { readonly status: 'malformed'; readonly message: string }

/** Gathers the requests of one signal into a Native block. Never throws for what the bytes hold. */
export interface SignalDecoder {
  /** The table whose columns the block has. */
  readonly table: string
  /** Rows in the open block. */
  readonly rows: number
  /** Different days of the rows in the open block, or a few more. */
  readonly days: number
  /** About the size of the open block in bytes. */
  readonly bytes: number
  /**
   * Appends the items of a request. The bytes are only read during the call and remain the
   * caller's.
   */
  decode(encoding: Encoding, body: Uint8Array): DecodeResult
  /**
   * Ends the block and begins a new one. The chunks are copies and belong to the caller, who may
   * insert them as often and as late as it needs; the decoder never touches them again. With no
   * rows the block is still valid.
   */
  takeBlock(): Uint8Array[]
}

/** Milliseconds since the Unix epoch, as `Date.now` gives them. */
export type Clock = () => number
