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
  /** The value of a row as a number, rounded beyond 2^53; NaN where it is none. */
  number(row: number): number
  /** The value of a row as a text; empty where it is none. */
  text(row: number): string
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

/**
 * @param block a block without protocol revision, as `NativeBlock.take` gives it
 * @param starts where its columns begin: what nobody asks for is not looked at then. @default found
 *   by going through all of it
 */
export function readBlock(block: Uint8Array, starts?: readonly number[]): BlockReader {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength)
  const source = new Source(bytes)
  const count = source.varuint()
  const rows = source.varuint()
  if (starts !== undefined) return { rows, column: findColumns(bytes, starts, rows) }
  const columns = new Map<string, ColumnReader>()
  for (let i = 0; i < count; i++) {
    const name = source.text()
    columns.set(name, readColumn(source, source.text(), rows))
  }
  return { rows, column: (name) => columns.get(name) }
}

/** A column is read when it is asked for. */
function findColumns(
  bytes: Buffer,
  starts: readonly number[],
  rows: number,
): BlockReader['column'] {
  const sources = new Map(
    starts.map((start) => {
      const source = new Source(bytes, { at: start, isAlone: true })
      return [source.text(), source] as const
    }),
  )
  const columns = new Map<string, ColumnReader>()
  return (name) => {
    const known = columns.get(name)
    if (known !== undefined) return known
    const source = sources.get(name)
    if (source === undefined) return undefined
    const column = readColumn(source, source.text(), rows)
    columns.set(name, column)
    return column
  }
}

/** The bytes of a block, and how far they were read. @throws RangeError behind their end */
class Source {
  readonly bytes: Buffer
  at: number
  /** Whether nothing is read behind the column: texts, which stand last, are not passed then. */
  readonly isAlone: boolean

  constructor(bytes: Buffer, { at = 0, isAlone = false } = {}) {
    this.bytes = bytes
    this.at = at
    this.isAlone = isAlone
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

  /** Goes on behind so many texts: the most of what a block has, so nothing is called in it. */
  skipTexts(count: number): void {
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < count && at <= bytes.length; i++) {
      let byte = bytes[at++] as number
      let length = byte & 127
      for (let scale = 128; byte >= 128; scale *= 128) {
        byte = bytes[at++] as number
        length += (byte & 127) * scale
      }
      at += length
    }
    this.at = at
    this.take(0)
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
    const ends = new EndsReader(source, count)
    return new ArrayReader(type, ends, readData(source, element, ends.of(count - 1)))
  }
  if (type.startsWith('Map(')) {
    const ends = new EndsReader(source, count)
    const entries = ends.of(count - 1)
    const keys = new IndexReader(source, entries)
    return new EntriesReader(type, ends, keys, new TextReader(source, entries))
  }
  if (type === 'LowCardinality(String)') return new IndexReader(source, count)
  if (type === 'String') return new TextReader(source, count)
  return readNumbers(source, type, count)
}

/** Where the elements of each row end, counted over all rows. */
class EndsReader {
  readonly #view: DataView
  readonly #start: number

  constructor(source: Source, count: number) {
    this.#view = viewOf(source.bytes)
    this.#start = source.take(count * 8)
  }

  /** 0 before the first row. */
  of(row: number): number {
    if (row < 0) return 0
    return readUint64(this.#view, this.#start + row * 8)
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** Without a BigInt, which would be made for each row, and without a Buffer's own checks. */
function readUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
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
  const view = type === 'UInt64' ? viewOf(bytes) : undefined
  return {
    type,
    value: (row) => read(bytes, start + row * width),
    text: () => '',
    number: (row) => {
      const at = start + row * width
      return view === undefined ? Number(read(bytes, at)) : readUint64(view, at)
    },
  }
}

/** Columns of what is no number. */
class OtherReader {
  number(): number {
    return Number.NaN
  }

  text(_row: number): string {
    return ''
  }
}

class TextReader extends OtherReader implements ColumnReader {
  readonly type = 'String'
  readonly #bytes: Buffer
  readonly #start: number
  readonly #count: number
  /** Where each text begins, with its length before it; undefined until one is asked for. */
  #starts: Uint32Array | undefined

  constructor(source: Source, count: number) {
    super()
    this.#bytes = source.bytes
    this.#start = source.at
    this.#count = count
    if (!source.isAlone) source.skipTexts(count)
  }

  override text(row: number): string {
    return this.value(row)
  }

  value(row: number): string {
    this.#starts ??= this.#findStarts()
    const bytes = this.#bytes
    let at = this.#starts[row] as number
    let length = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] as number
      length += (byte & 127) * scale
      if (byte < 128) return bytes.toString('utf8', at, at + length)
    }
  }

  #findStarts(): Uint32Array {
    const source = new Source(this.#bytes, { at: this.#start })
    const starts = new Uint32Array(this.#count)
    for (let i = 0; i < this.#count; i++) {
      starts[i] = source.at
      source.skipTexts(1)
    }
    return starts
  }
}

class IndexReader extends OtherReader implements ColumnReader {
  readonly type = 'LowCardinality(String)'
  readonly #bytes: Buffer
  readonly #keys: readonly string[]
  readonly #start: number
  readonly #width: number
  /** The places of the keys; undefined until one is asked for. */
  #codes: ReadonlyMap<string, number> | undefined

  constructor(source: Source, count: number) {
    super()
    this.#bytes = source.bytes
    // Nothing is written of no rows.
    this.#width = count === 0 ? 1 : 1 << (source.count() & 0xff)
    this.#keys = count === 0 ? [] : Array.from({ length: source.count() }, () => source.text())
    if (count > 0) source.take(8)
    this.#start = source.take(count * this.#width)
  }

  override text(row: number): string {
    return this.value(row)
  }

  value(row: number): string {
    return this.#keys[this.code(row)] ?? ''
  }

  /** The number that stands for the value of a row. */
  code(row: number): number {
    const bytes = this.#bytes
    if (this.#width === 1) return bytes[this.#start + row] as number
    return bytes.readUIntLE(this.#start + row * this.#width, this.#width)
  }

  /** The number that stands for a value; undefined where no row has it. */
  codeOf(key: string): number | undefined {
    this.#codes ??= new Map(this.#keys.map((one, code) => [one, code]))
    return this.#codes.get(key)
  }
}

class EntriesReader extends OtherReader implements MapReader {
  readonly type: string
  readonly #ends: EndsReader
  readonly #keys: IndexReader
  readonly #values: TextReader

  constructor(type: string, ends: EndsReader, keys: IndexReader, values: TextReader) {
    super()
    this.type = type
    this.#ends = ends
    this.#keys = keys
    this.#values = values
  }

  value(row: number): Readonly<Record<string, string>> {
    // Of a key that stands twice the first value counts, as in ClickHouse.
    const entries = new Map<string, string>()
    for (let i = this.#ends.of(row - 1); i < this.#ends.of(row); i++) {
      const key = this.#keys.value(i)
      if (!entries.has(key)) entries.set(key, this.#values.value(i))
    }
    return Object.fromEntries(entries)
  }

  entry(row: number, key: string): string | undefined {
    const code = this.#keys.codeOf(key)
    // Most keys that are asked for are in no row of a block.
    if (code === undefined) return undefined
    const end = this.#ends.of(row)
    for (let i = this.#ends.of(row - 1); i < end; i++) {
      if (this.#keys.code(i) === code) return this.#values.value(i)
    }
    return undefined
  }
}

class ArrayReader extends OtherReader implements ColumnReader {
  readonly type: string
  readonly #ends: EndsReader
  readonly #elements: ColumnReader

  constructor(type: string, ends: EndsReader, elements: ColumnReader) {
    super()
    this.type = type
    this.#ends = ends
    this.#elements = elements
  }

  value(row: number): readonly NativeValue[] {
    const values: NativeValue[] = []
    for (let i = this.#ends.of(row - 1); i < this.#ends.of(row); i++) {
      values.push(this.#elements.value(i))
    }
    return values
  }
}
