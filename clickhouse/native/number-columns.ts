// Hot: every span appends to several of these. Cells are kept as 32-bit halves because a bigint
// costs 34 ns where two halves cost 5 (Node 20); the memory of the array is the column's data as it
// is, on little-endian machines, which are all that Node runs on with ClickHouse.

import type { MarkLevel, NativeColumn } from './column.ts'
import { capacityAfter, grown, grownWords } from './growth.ts'

const cellsLeast = 1024

/** A column of 64-bit cells. */
export interface UInt64Column extends NativeColumn {
  readonly count: number
  append(low: number, high: number): void
}

/** @param type the ClickHouse type, of which a cell is 8 bytes, low bytes first */
export function createUInt64Column(
  type: 'UInt64' | 'DateTime64(9)' | 'DateTime64(3)',
): UInt64Column {
  return new HalvesColumn(type)
}

/** A column of doubles; a cell is appended as the halves of its bits, which is how it arrives. */
export function createFloat64Column(): UInt64Column {
  return new HalvesColumn('Float64')
}

class HalvesColumn implements UInt64Column {
  readonly type: string
  readonly isPrefixed = false
  #words: Uint32Array = new Uint32Array(cellsLeast * 2)
  #used = 0
  #requestMark = 0
  #itemMark = 0

  constructor(type: string) {
    this.type = type
  }

  get count(): number {
    return this.#used / 2
  }

  get bytes(): number {
    return this.#used * 4
  }

  append(low: number, high: number): void {
    const at = this.#used
    if (at + 2 > this.#words.length) this.#words = grownWords(this.#words, at, 2)
    this.#words[at] = low
    this.#words[at + 1] = high
    this.#used = at + 2
  }

  size(): number {
    return this.#used * 4
  }

  write(out: Uint8Array, position: number): number {
    out.set(new Uint8Array(this.#words.buffer, 0, this.#used * 4), position)
    return position + this.#used * 4
  }

  mark(level: MarkLevel): void {
    if (level === 0) this.#requestMark = this.#used
    else this.#itemMark = this.#used
  }

  rollback(level: MarkLevel): void {
    this.#used = level === 0 ? this.#requestMark : this.#itemMark
  }

  clear(): void {
    // The ends of a nested table are cleared once by each of its columns; only the first call tells
    // what was used.
    if (this.#used === 0) return
    const capacity = capacityAfter(this.#words.length, this.#used, cellsLeast * 2)
    if (capacity !== this.#words.length) this.#words = new Uint32Array(capacity)
    this.#used = 0
  }
}

/** A column of 32-bit cells. */
export interface UInt32Column extends NativeColumn {
  /** Appends the low 32 bits of a number, whatever its sign. */
  append(value: number): void
}

/** Creates a column of 32-bit numbers, empty. */
export function createUInt32Column(type: 'UInt32' | 'Int32'): UInt32Column {
  return new WordColumn(type)
}

class WordColumn implements UInt32Column {
  readonly type: string
  readonly isPrefixed = false
  #words: Uint32Array = new Uint32Array(cellsLeast)
  #used = 0
  #requestMark = 0
  #itemMark = 0

  constructor(type: string) {
    this.type = type
  }

  get bytes(): number {
    return this.#used * 4
  }

  append(value: number): void {
    if (this.#used === this.#words.length) this.#words = grownWords(this.#words, this.#used, 1)
    this.#words[this.#used++] = value
  }

  size(): number {
    return this.#used * 4
  }

  write(out: Uint8Array, position: number): number {
    out.set(new Uint8Array(this.#words.buffer, 0, this.#used * 4), position)
    return position + this.#used * 4
  }

  mark(level: MarkLevel): void {
    if (level === 0) this.#requestMark = this.#used
    else this.#itemMark = this.#used
  }

  rollback(level: MarkLevel): void {
    this.#used = level === 0 ? this.#requestMark : this.#itemMark
  }

  clear(): void {
    const capacity = capacityAfter(this.#words.length, this.#used, cellsLeast)
    if (capacity !== this.#words.length) this.#words = new Uint32Array(capacity)
    this.#used = 0
  }
}

/** A column of bytes. */
export interface UInt8Column extends NativeColumn {
  append(value: number): void
}

/** @param type the ClickHouse type, of which a cell is one byte */
export function createUInt8Column(type: 'UInt8' | 'Bool' = 'UInt8'): UInt8Column {
  return new ByteColumn(type)
}

class ByteColumn implements UInt8Column {
  readonly type: string
  readonly isPrefixed = false
  #cells: Uint8Array = new Uint8Array(cellsLeast)
  #used = 0
  #requestMark = 0
  #itemMark = 0

  constructor(type: string) {
    this.type = type
  }

  get bytes(): number {
    return this.#used
  }

  append(value: number): void {
    if (this.#used === this.#cells.length) this.#cells = grown(this.#cells, this.#used, 1)
    this.#cells[this.#used++] = value
  }

  size(): number {
    return this.#used
  }

  write(out: Uint8Array, position: number): number {
    out.set(this.#cells.subarray(0, this.#used), position)
    return position + this.#used
  }

  mark(level: MarkLevel): void {
    if (level === 0) this.#requestMark = this.#used
    else this.#itemMark = this.#used
  }

  rollback(level: MarkLevel): void {
    this.#used = level === 0 ? this.#requestMark : this.#itemMark
  }

  clear(): void {
    const capacity = capacityAfter(this.#cells.length, this.#used, cellsLeast)
    if (capacity !== this.#cells.length) this.#cells = new Uint8Array(capacity)
    this.#used = 0
  }
}
