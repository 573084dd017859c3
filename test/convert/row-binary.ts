// Rows as ClickHouse writes them in RowBinary.

/** A text, 64 bits, 32 bits, or a map of texts. */
export type Cell = string | bigint | number | Readonly<Record<string, string>>

/** A row. */
export function rowBinary(cells: readonly Cell[]): Buffer {
  return Buffer.concat(cells.map(cellBytes))
}

function cellBytes(cell: Cell): Buffer {
  if (typeof cell === 'string') {
    const bytes = Buffer.from(cell)
    return Buffer.concat([lengthBytes(bytes.length), bytes])
  }
  if (typeof cell === 'bigint') {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt.asIntN(64, cell))
    return bytes
  }
  if (typeof cell === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(cell)
    return bytes
  }
  const pairs = Object.entries(cell)
  return Buffer.concat([lengthBytes(pairs.length), ...pairs.flat().map(cellBytes)])
}

function lengthBytes(length: number): Buffer {
  const bytes: number[] = []
  let rest = length
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}
