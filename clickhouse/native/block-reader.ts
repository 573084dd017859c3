// Reads the blocks that block.ts has written, a value at a time: where a column lies is found in
// one pass, and what nobody asks for is never made.

/** A block whose columns can be asked for. */
export interface BlockReader {
  readonly rows: number
  /** @returns undefined where the block has no such column */
  column(name: string): ColumnReader | undefined
}

/** A column, whose values are made when they are asked for. */
export interface ColumnReader {
  /** ClickHouse's name of the type. */
  readonly type: string
  /**
   * The value of a row: texts as strings, times and UInt64 as bigint, other numbers as numbers,
   * maps as objects, arrays as arrays.
   */
  value(row: number): NativeValue
}

/** A column of `Map(LowCardinality(String), String)`. */
export interface MapReader extends ColumnReader {
  /** The value of a key; undefined where the row has none. Faster than the whole map. */
  entry(row: number, key: string): string | undefined
}

/** A value of a block. */
export type NativeValue =
  | string
  | number
  | bigint
  | boolean
  | Readonly<Record<string, string>>
  | readonly NativeValue[]

/** Whether a column is one of attributes. */
export function isMapReader(column: ColumnReader | undefined): column is MapReader {
  return column instanceof EntriesReader
}

/** @param bytes a block without protocol revision, as `NativeBlock.take` gives it */
export function readBlock(bytes: Uint8Array): BlockReader {
  const source = new Source(bytes)
  const count = source.varuint()
  const rows = source.varuint()
  const columns = new Map<string, ColumnReader>()
  for (let i = 0; i < count; i++) {
    const name = source.text()
    columns.set(name, readColumn(source, source.text(), rows))
  }
  return { rows, column: (name) => columns.get(name) }
}

/** The bytes of a block, and how far they were read. @throws RangeError behind their end */
class Source {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  varuint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.take(1)] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  text(): string {
    const at = this.take(this.varuint())
    return this.bytes.toString('utf8', at, this.at)
  }

  /** A UInt64 that counts something. */
  count(): number {
    const at = this.take(8)
    return this.bytes.readUInt32LE(at) + this.bytes.readUInt32LE(at + 4) * 2 ** 32
  }

  take(length: number): number {
    const at = this.at
    this.at += length
    if (this.at > this.bytes.length) throw new RangeError(`The block ends before byte ${this.at}`)
    return at
  }
}

function readColumn(source: Source, type: string, rows: number): ColumnReader {
  if (/\bLowCardinality\(/.test(type)) source.take(8)
  return readData(source, type, rows)
}

function readData(source: Source, type: string, count: number): ColumnReader {
  const element = /^Array\((.+)\)$/.exec(type)?.[1]
  if (element !== undefined) {
    const ends = readEnds(source, count)
    return new ArrayReader(type, ends, readData(source, element, ends.at(-1) ?? 0))
  }
  if (type.startsWith('Map(')) {
    const ends = readEnds(source, count)
    const entries = ends.at(-1) ?? 0
    const keys = new IndexReader(source, entries)
    return new EntriesReader(type, ends, keys, new TextReader(source, entries))
  }
  if (type === 'LowCardinality(String)') return new IndexReader(source, count)
  if (type === 'String') return new TextReader(source, count)
  return readNumbers(source, type, count)
}

function readEnds(source: Source, count: number): readonly number[] {
  return Array.from({ length: count }, () => source.count())
}

type ReadNumber = (bytes: Buffer, at: number) => number | bigint | boolean

/** Bytes of a value, and how it is read. */
const numbers: Readonly<Record<string, readonly [width: number, read: ReadNumber]>> = {
  UInt8: [1, (bytes, at) => bytes.readUInt8(at)],
  Bool: [1, (bytes, at) => bytes.readUInt8(at) === 1],
  UInt32: [4, (bytes, at) => bytes.readUInt32LE(at)],
  Int32: [4, (bytes, at) => bytes.readInt32LE(at)],
  UInt64: [8, (bytes, at) => bytes.readBigUInt64LE(at)],
  DateTime64: [8, (bytes, at) => bytes.readBigInt64LE(at)],
  Float64: [8, (bytes, at) => bytes.readDoubleLE(at)],
}

function readNumbers(source: Source, type: string, count: number): ColumnReader {
  const found = numbers[type.replace(/\(.*$/, '')]
  if (found === undefined) throw new TypeError(`Columns of type ${type} cannot be read here`)
  const [width, read] = found
  const { bytes } = source
  const start = source.take(count * width)
  return { type, value: (row) => read(bytes, start + row * width) }
}

class TextReader implements ColumnReader {
  readonly type = 'String'
  readonly #bytes: Buffer
  /** Where each text begins, with its length before it. */
  readonly #starts: Uint32Array

  constructor(source: Source, count: number) {
    this.#bytes = source.bytes
    this.#starts = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      this.#starts[i] = source.at
      source.take(source.varuint())
    }
  }

  value(row: number): string {
    const bytes = this.#bytes
    let at = this.#starts[row] as number
    let length = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] as number
      length += (byte & 127) * scale
      if (byte < 128) return bytes.toString('utf8', at, at + length)
    }
  }
}

class IndexReader implements ColumnReader {
  readonly type = 'LowCardinality(String)'
  readonly #bytes: Buffer
  readonly #keys: readonly string[]
  readonly #start: number
  readonly #width: number

  constructor(source: Source, count: number) {
    this.#bytes = source.bytes
    // Nothing is written of no rows.
    this.#width = count === 0 ? 1 : 1 << (source.count() & 0xff)
    this.#keys = count === 0 ? [] : Array.from({ length: source.count() }, () => source.text())
    if (count > 0) source.take(8)
    this.#start = source.take(count * this.#width)
  }

  value(row: number): string {
    return this.#keys[this.#bytes.readUIntLE(this.#start + row * this.#width, this.#width)] ?? ''
  }
}

class EntriesReader implements MapReader {
  readonly type: string
  readonly #ends: readonly number[]
  readonly #keys: IndexReader
  readonly #values: TextReader

  constructor(type: string, ends: readonly number[], keys: IndexReader, values: TextReader) {
    this.type = type
    this.#ends = ends
    this.#keys = keys
    this.#values = values
  }

  value(row: number): Readonly<Record<string, string>> {
    // Of a key that stands twice the first value counts, as in ClickHouse.
    const entries = new Map<string, string>()
    for (let i = this.#startOf(row); i < (this.#ends[row] ?? 0); i++) {
      const key = this.#keys.value(i)
      if (!entries.has(key)) entries.set(key, this.#values.value(i))
    }
    return Object.fromEntries(entries)
  }

  entry(row: number, key: string): string | undefined {
    for (let i = this.#startOf(row); i < (this.#ends[row] ?? 0); i++) {
      if (this.#keys.value(i) === key) return this.#values.value(i)
    }
    return undefined
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : (this.#ends[row - 1] ?? 0)
  }
}

class ArrayReader implements ColumnReader {
  readonly type: string
  readonly #ends: readonly number[]
  readonly #elements: ColumnReader

  constructor(type: string, ends: readonly number[], elements: ColumnReader) {
    this.type = type
    this.#ends = ends
    this.#elements = elements
  }

  value(row: number): readonly NativeValue[] {
    const values: NativeValue[] = []
    const start = row === 0 ? 0 : (this.#ends[row - 1] ?? 0)
    for (let i = start; i < (this.#ends[row] ?? 0); i++) values.push(this.#elements.value(i))
    return values
  }
}
