import type { MarkLevel, NativeColumn } from './column.ts'
import { stringSize, writeString } from './string-column.ts'
import { varuintSize, writeUint64, writeVaruint } from './varuint.ts'

/** The columns of an open Native block, in the order of the block. */
export interface NativeBlock {
  /** Rows that are complete in every column; whoever appends to the columns counts them here. */
  rows: number
  /** About how many bytes the block will have. */
  readonly bytes: number
  mark(level: MarkLevel): void
  /** Takes every column back to the mark. */
  rollback(level: MarkLevel): void
  /**
   * Writes the block and begins an empty one. The bytes are a copy and belong to the caller for
   * good: an insert may keep and repeat them for as long as it likes, while the columns' own
   * buffers are filled again.
   */
  take(): Uint8Array
  /** Where the columns of the block that was taken last begin, each with its name. */
  readonly starts: readonly number[]
}

/** @param columns by name, each name as the table has it */
export function createBlock(columns: Readonly<Record<string, NativeColumn>>): NativeBlock {
  return new ColumnsBlock(Object.entries(columns))
}

class ColumnsBlock implements NativeBlock {
  rows = 0
  starts: readonly number[] = []
  readonly #columns: readonly (readonly [string, NativeColumn])[]
  #requestMark = 0
  #itemMark = 0

  constructor(columns: readonly (readonly [string, NativeColumn])[]) {
    this.#columns = columns
  }

  get bytes(): number {
    let bytes = 0
    for (const [, column] of this.#columns) bytes += column.bytes
    return bytes
  }

  mark(level: MarkLevel): void {
    if (level === 0) this.#requestMark = this.rows
    else this.#itemMark = this.rows
    for (const [, column] of this.#columns) column.mark(level)
  }

  rollback(level: MarkLevel): void {
    this.rows = level === 0 ? this.#requestMark : this.#itemMark
    for (const [, column] of this.#columns) column.rollback(level)
  }

  take(): Uint8Array {
    const out = new Uint8Array(Buffer.allocUnsafeSlow(this.#size()).buffer)
    const starts: number[] = []
    let p = writeVaruint(out, 0, this.#columns.length)
    p = writeVaruint(out, p, this.rows)
    for (const [name, column] of this.#columns) {
      starts.push(p)
      p = writeString(out, p, name)
      p = writeString(out, p, column.type)
      if (column.isPrefixed) p = writeUint64(out, p, 1)
      p = column.write(out, p)
    }
    this.rows = 0
    this.starts = starts
    for (const [, column] of this.#columns) column.clear()
    return out
  }

  #size(): number {
    let size = varuintSize(this.#columns.length) + varuintSize(this.rows)
    for (const [name, column] of this.#columns) {
      size += stringSize(name) + stringSize(column.type)
      size += (column.isPrefixed ? 8 : 0) + column.size()
    }
    return size
  }
}
