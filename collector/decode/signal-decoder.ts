import type { Dictionary, NativeBlock } from '@wayward/clickhouse'
import type { Encoding, Signal } from '../consumer.ts'
import type { AttributeList } from './attributes.ts'
import type { DecodeResult, SignalDecoder } from './decoder.ts'
import type { RequestTime } from './item-checks.ts'
import { JsonTranscoder } from './json.ts'
import { jsonRequest } from './json-schema.ts'
import type { DecodeLimits } from './limits.ts'
import type { ItemReader, RequestReader } from './request-reader.ts'
import type { Tally } from './tally.ts'
import { MalformedError } from './wire.ts'

/** What a signal brings along; everything else is the same for all signals. */
export interface SignalParts {
  readonly table: string
  readonly signal: Signal
  readonly limits: DecodeLimits
  readonly tally: Tally
  readonly time: RequestTime
  readonly block: NativeBlock
  readonly items: ItemReader
  readonly request: RequestReader
  /** The attribute lists, which remember ids of the block's dictionaries. */
  readonly lists: readonly AttributeList[]
  /** The block's dictionaries, which count the texts that they had to repair. */
  readonly dictionaries: readonly Dictionary[]
}

export function createSignalDecoder(parts: SignalParts): SignalDecoder {
  return new BlockDecoder(parts)
}

class BlockDecoder implements SignalDecoder {
  readonly table: string
  private readonly parts: SignalParts
  private readonly json: JsonTranscoder

  constructor(parts: SignalParts) {
    this.table = parts.table
    this.parts = parts
    this.json = new JsonTranscoder(jsonRequest(parts.signal), parts.limits.jsonNestingMax)
  }

  get rows(): number {
    return this.parts.block.rows
  }

  get days(): number {
    return this.parts.time.blockDays.size
  }

  get bytes(): number {
    return this.parts.block.bytes
  }

  decode(encoding: Encoding, body: Uint8Array): DecodeResult {
    const { block, tally, time, items, request } = this.parts
    block.mark(0)
    tally.begin()
    time.begin()
    const replacedBefore = this.replacedKeys()
    const bytesBefore = block.bytes
    try {
      request.read(this.protobuf(encoding, body), items)
      this.checkRowBytes(block.bytes - bytesBefore)
      tally.replaced += this.replacedKeys() - replacedBefore
      return tally.result()
    } catch (error) {
      block.rollback(0)
      this.forgetShapes()
      if (error instanceof MalformedError) return { status: 'malformed', message: error.message }
      throw error
    }
  }

  /** An insert that is too large for ClickHouse would fail at every try, and with it those who share the block. */
  private checkRowBytes(bytes: number): void {
    const { rowBytesMax } = this.parts.limits
    if (bytes <= rowBytesMax) return
    throw new MalformedError(
      `The request's rows take ${bytes} bytes, wanted at most ${rowBytesMax}; send smaller batches`,
    )
  }

  private replacedKeys(): number {
    let count = 0
    for (const dictionary of this.parts.dictionaries) count += dictionary.replacedCount
    return count
  }

  private protobuf(encoding: Encoding, body: Uint8Array): Uint8Array {
    // A Buffer is another class to the engine; with one class of bytes the hot code stays
    // monomorphic.
    const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
    return encoding === 'json' ? this.json.transcode(bytes) : bytes
  }

  takeBlock(): Uint8Array[] {
    const bytes = this.parts.block.take()
    this.parts.time.blockDays.clear()
    this.forgetShapes()
    return [bytes]
  }

  private forgetShapes(): void {
    for (const list of this.parts.lists) list.reset()
  }
}
