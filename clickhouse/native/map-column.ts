import type { MarkLevel, NativeColumn } from './column.ts'
import { createLowCardinalityColumn, type LowCardinalityColumn } from './low-cardinality-column.ts'
import { createUInt64Column, type UInt64Column } from './number-columns.ts'
import { createStringColumn, type StringColumn } from './string-column.ts'

/**
 * A column of `Map(LowCardinality(String), String)`: for each row where its entries end, then all
 * keys, then all values. Append the entries of a row, key id and value each, then end the row.
 */
export interface MapColumn extends NativeColumn {
  readonly keys: LowCardinalityColumn
  readonly values: StringColumn
  readonly rows: number
  endRow(): void
}

/** Creates a column of attributes, empty. */
export function createMapColumn(): MapColumn {
  return new EntriesColumn()
}

class EntriesColumn implements MapColumn {
  readonly type = 'Map(LowCardinality(String), String)'
  readonly isPrefixed = true
  readonly keys = createLowCardinalityColumn()
  readonly values = createStringColumn()
  readonly #ends = createUInt64Column('UInt64')

  get bytes(): number {
    return this.#ends.bytes + this.keys.bytes + this.values.bytes
  }

  get rows(): number {
    return this.#ends.count
  }

  endRow(): void {
    this.#ends.append(this.keys.count, 0)
  }

  size(): number {
    return this.#ends.size() + this.keys.size() + this.values.size()
  }

  write(out: Uint8Array, position: number): number {
    let p = this.#ends.write(out, position)
    p = this.keys.write(out, p)
    return this.values.write(out, p)
  }

  mark(level: MarkLevel): void {
    this.#ends.mark(level)
    this.keys.mark(level)
    this.values.mark(level)
  }

  rollback(level: MarkLevel): void {
    this.#ends.rollback(level)
    this.keys.rollback(level)
    this.values.rollback(level)
  }

  clear(): void {
    this.#ends.clear()
    this.keys.clear()
    this.values.clear()
  }
}

/**
 * A column of `Array(T)` whose ends are shared with the other columns of a nested table. The block
 * holds each of them as a column of its own; marks and clearing reach the shared ends several
 * times, which does no harm.
 */
export function createArrayColumn(ends: UInt64Column, elements: NativeColumn): NativeColumn {
  return new ArrayColumn(ends, elements)
}

class ArrayColumn implements NativeColumn {
  readonly type: string
  readonly isPrefixed: boolean
  readonly #ends: UInt64Column
  readonly #elements: NativeColumn

  constructor(ends: UInt64Column, elements: NativeColumn) {
    this.type = `Array(${elements.type})`
    this.isPrefixed = elements.isPrefixed
    this.#ends = ends
    this.#elements = elements
  }

  get bytes(): number {
    return this.#ends.bytes + this.#elements.bytes
  }

  size(): number {
    return this.#ends.size() + this.#elements.size()
  }

  write(out: Uint8Array, position: number): number {
    return this.#elements.write(out, this.#ends.write(out, position))
  }

  mark(level: MarkLevel): void {
    this.#ends.mark(level)
    this.#elements.mark(level)
  }

  rollback(level: MarkLevel): void {
    this.#ends.rollback(level)
    this.#elements.rollback(level)
  }

  clear(): void {
    this.#ends.clear()
    this.#elements.clear()
  }
}
