import { MalformedError } from '@wayward/otlp'
import type { Dictionary, NativeBlock } from '@wayward/clickhouse'
import type { Encoding, Signal } from '../consumer.ts'
import type { AttributeList } from './attributes.ts'
import type { DecodeResult, OpenBlock, SignalDecoder } from './decoder.ts'
import type { RequestTime } from './item-checks.ts'
import { JsonTranscoder } from './json.ts'
import { jsonRequest } from './json-schema.ts'
import type { DecodeLimits } from './limits.ts'
import type { ItemReader, RequestReader } from './request-reader.ts'
import type { Tally } from './tally.ts'

/** What a signal brings along; everything else is the same for all signals. */
export interface SignalParts {
  readonly signal: Signal
  readonly limits: DecodeLimits
  readonly tally: Tally
  readonly time: RequestTime
  readonly tables: readonly [TableParts, ...TableParts[]]
  readonly items: ItemReader
  readonly request: RequestReader
  /** The dictionaries that texts of the request go into, which count those they had to repair. */
  readonly dictionaries: readonly Dictionary[]
}

/** What a signal brings along for each of its tables. */
export interface TableParts {
  readonly table: string
  readonly block: NativeBlock
  /** The attribute lists, which remember ids of the block's dictionaries. */
  readonly lists: readonly AttributeList[]
}

export function createSignalDecoder(parts: SignalParts): SignalDecoder {
  return new BlocksDecoder(parts)
}

class BlocksDecoder implements SignalDecoder {
  readonly blocks: readonly [TableBlock, ...TableBlock[]]
  readonly #parts: SignalParts
  readonly #json: JsonTranscoder

  constructor(parts: SignalParts) {
    const [first, ...others] = parts.tables
    this.blocks = [new TableBlock(first), ...others.map((table) => new TableBlock(table))]
    this.#parts = parts
    this.#json = new JsonTranscoder(jsonRequest(parts.signal), parts.limits.jsonNestingMax)
  }

  decode(encoding: Encoding, body: Uint8Array): DecodeResult {
    const { tally, time, items, request } = this.#parts
    const bytesBefore = this.#bytes
    for (const block of this.blocks) block.mark()
    tally.begin()
    time.begin()
    const replacedBefore = this.#replacedKeys()
    try {
      request.read(this.#protobuf(encoding, body), items)
      for (const block of this.blocks) block.measure()
      this.#checkRowBytes(this.#bytes - bytesBefore)
      for (const block of this.blocks) block.endRequest(time.days)
      tally.replaced += this.#replacedKeys() - replacedBefore
      const ignored = encoding === 'json' ? this.#json.ignored : undefined
      const result = tally.result(ignored)
      return time.isUsed ? { ...result, usesArrivalTime: true } : result
    } catch (error) {
      for (const block of this.blocks) block.rollback()
      if (error instanceof MalformedError) return { status: 'malformed', message: error.message }
      throw error
    }
  }

  get #bytes(): number {
    let bytes = 0
    for (const block of this.blocks) bytes += block.bytes
    return bytes
  }

  /**
   * An insert that is too large for ClickHouse would fail at every try, and with it those who share
   * the block.
   */
  #checkRowBytes(bytes: number): void {
    const { rowBytesMax } = this.#parts.limits
    if (bytes <= rowBytesMax) return
    throw new MalformedError(
      `The request's rows take ${bytes} bytes, wanted at most ${rowBytesMax}; send smaller batches`,
    )
  }

  #replacedKeys(): number {
    let count = 0
    for (const dictionary of this.#parts.dictionaries) count += dictionary.replacedCount
    return count
  }

  #protobuf(encoding: Encoding, body: Uint8Array): Uint8Array {
    // A Buffer is another class to the engine; with one class of bytes the hot code stays
    // monomorphic.
    const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
    return encoding === 'json' ? this.#json.transcode(bytes) : bytes
  }
}

class TableBlock implements OpenBlock {
  readonly table: string
  readonly #block: NativeBlock
  readonly #lists: readonly AttributeList[]
  readonly #blockDays = new Set<number>()
  #rowsMarked = 0
  #bytesMarked = 0
  /**
   * Kept, because everybody asks at every request, and the sum over all columns would cost as much
   * as a span.
   */
  bytes: number

  constructor({ table, block, lists }: TableParts) {
    this.table = table
    this.#block = block
    this.#lists = lists
    this.bytes = block.bytes
  }

  get rows(): number {
    return this.#block.rows
  }

  get days(): number {
    return this.#blockDays.size
  }

  get starts(): readonly number[] {
    return this.#block.starts
  }

  take(): Uint8Array[] {
    const bytes = this.#block.take()
    this.bytes = this.#block.bytes
    this.#blockDays.clear()
    this.#forgetShapes()
    return [bytes]
  }

  /** Remembers where a request begins. */
  mark(): void {
    this.#rowsMarked = this.#block.rows
    this.#bytesMarked = this.bytes
    this.#block.mark(0)
  }

  /** Takes note of the bytes, when all of a request is there. */
  measure(): void {
    if (this.#block.rows !== this.#rowsMarked) this.bytes = this.#block.bytes
  }

  /**
   * Takes over the days of a request with rows in this table, of which another table may have some.
   * What a request without rows has left in the dictionaries is taken back: no insert would empty
   * them, and senders of empty groups could make them grow for ever.
   */
  endRequest(days: ReadonlySet<number>): void {
    if (this.#block.rows === this.#rowsMarked) this.rollback()
    else for (const day of days) this.#blockDays.add(day)
  }

  /** Takes back what the request has appended. */
  rollback(): void {
    this.#block.rollback(0)
    this.bytes = this.#bytesMarked
    this.#forgetShapes()
  }

  #forgetShapes(): void {
    for (const list of this.#lists) list.reset()
  }
}
