/** A cell as a test compares it: 64-bit numbers as bigint, maps as pairs in their order. */
export type Cell = string | number | bigint | Cell[]
export type Row = Record<string, Cell>

/**
 * Reads a Native block by the format's description, independent of the writer. Throws where it does
 * not add up.
 */
export function readNativeBlock(bytes: Uint8Array): { columns: Map<string, string>; rows: Row[] } {
  const reader = new Reader(bytes)
  const columnCount = reader.varuint()
  const rowCount = reader.varuint()
  const columns = new Map<string, string>()
  const rows: Row[] = Array.from({ length: rowCount }, () => ({}))
  for (let i = 0; i < columnCount; i++) {
    const name = reader.string()
    const type = reader.string()
    columns.set(name, type)
    if (type.includes('LowCardinality') && reader.uint64() !== 1n) throw new Error('Wrong version')
    const cells = readCells(reader, type, rowCount)
    rows.forEach((row, index) => {
      row[name] = cells[index] as Cell
    })
  }
  if (reader.p !== bytes.length) throw new Error(`Read ${reader.p} of ${bytes.length} bytes`)
  return { columns, rows }
}

function readCells(reader: Reader, type: string, count: number): Cell[] {
  if (type === 'String') return times(count, () => reader.string())
  if (type === 'UInt8' || type === 'Bool') return times(count, () => reader.byte())
  if (type === 'UInt32') return times(count, () => reader.little(4))
  if (type === 'Int32') return times(count, () => reader.little(4) | 0)
  if (type === 'Float64') return times(count, () => reader.float64())
  if (type === 'UInt64' || type === 'DateTime64(9)') return times(count, () => reader.uint64())
  if (type === 'LowCardinality(String)') return readLowCardinality(reader, count)
  if (type.startsWith('Array(')) {
    const ends = times(count, () => Number(reader.uint64()))
    return slices(ends, readCells(reader, type.slice(6, -1), ends.at(-1) ?? 0))
  }
  if (type === 'Map(LowCardinality(String), String)') {
    const ends = times(count, () => Number(reader.uint64()))
    const total = ends.at(-1) ?? 0
    const keys = readLowCardinality(reader, total)
    const values = times(total, () => reader.string())
    return slices(
      ends,
      keys.map((key, i) => [key, values[i] as Cell]),
    )
  }
  throw new Error(`Unknown type '${type}'`)
}

function readLowCardinality(reader: Reader, count: number): Cell[] {
  if (count === 0) return []
  const flags = reader.uint64()
  if ((flags & ~0xffn) !== 0x600n) throw new Error(`Unknown flags ${flags}`)
  const keys = times(Number(reader.uint64()), () => reader.string())
  if (Number(reader.uint64()) !== count) throw new Error('Wrong number of indexes')
  const width = 1 << Number(flags & 0xffn)
  return times(count, () => {
    const index = reader.little(width)
    const key = keys[index]
    if (key === undefined) throw new Error(`Index ${index} of ${keys.length} keys`)
    return key
  })
}

function slices(ends: readonly number[], cells: readonly Cell[]): Cell[] {
  return ends.map((end, i) => {
    const start = ends[i - 1] ?? 0
    if (end < start) throw new Error(`An array ends at ${end}, before it starts at ${start}`)
    return cells.slice(start, end)
  })
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}

class Reader {
  p = 0
  private readonly bytes: Uint8Array
  private readonly text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  byte(): number {
    const byte = this.bytes[this.p++]
    if (byte === undefined) throw new Error('The block ends early')
    return byte
  }

  little(width: number): number {
    let value = 0
    for (let i = 0; i < width; i++) value += this.byte() * 2 ** (8 * i)
    return value
  }

  uint64(): bigint {
    return BigInt(this.little(4)) | (BigInt(this.little(4)) << 32n)
  }

  float64(): number {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(this.uint64())
    return bytes.readDoubleLE()
  }

  varuint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
  }

  string(): string {
    const length = this.varuint()
    const start = this.p
    this.p += length
    if (this.p > this.bytes.length) throw new Error('A string ends after the block')
    return this.text.decode(this.bytes.subarray(start, this.p))
  }
}
