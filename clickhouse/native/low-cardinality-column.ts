// Hot: one index a row. Indexes are kept 32 bits wide and narrowed when the block is written, when
// it is known how many keys there are.

import type { MarkLevel, NativeColumn } from './column.ts'
import { createDictionary, type Dictionary } from './dictionary.ts'
import { capacityAfter, grownWords } from './growth.ts'
import { writeUint64 } from './varuint.ts'

const cellsLeast = 1024
/** "Additional keys" and "update dictionary": the block brings its own dictionary. */
const dictionaryFlags = 0x600

/** A column of `LowCardinality(String)`: a dictionary and for each row the index of its key. */
export interface LowCardinalityColumn extends NativeColumn {
  readonly dictionary: Dictionary
  readonly count: number
  /** Appends a key of the dictionary. */
  appendId(id: number): void
  /** Appends the ids of several rows. */
  appendIds(ids: Uint32Array, count: number): void
}

/** @param known keys that are always in the dictionary, with the ids 1, 2, … */
export function createLowCardinalityColumn(known: readonly string[] = []): LowCardinalityColumn {
  return new IndexedColumn(createDictionary(known))
}

class IndexedColumn implements LowCardinalityColumn {
  readonly type = 'LowCardinality(String)'
  readonly isPrefixed = true
  readonly dictionary: Dictionary
  count = 0
  #ids: Uint32Array = new Uint32Array(cellsLeast)
  #requestMark = 0
  #itemMark = 0

  constructor(dictionary: Dictionary) {
    this.dictionary = dictionary
  }

  get bytes(): number {
    return this.dictionary.bytes + this.count * this.#width()
  }

  appendId(id: number): void {
    if (this.count === this.#ids.length) this.#ids = grownWords(this.#ids, this.count, 1)
    this.#ids[this.count++] = id
  }

  appendIds(ids: Uint32Array, count: number): void {
    const at = this.count
    if (at + count > this.#ids.length) this.#ids = grownWords(this.#ids, at, count)
    const own = this.#ids
    for (let i = 0; i < count; i++) own[at + i] = ids[i] as number
    this.count = at + count
  }

  #width(): number {
    if (this.dictionary.count <= 0x100) return 1
    return this.dictionary.count <= 0x10000 ? 2 : 4
  }

  size(): number {
    return this.count === 0 ? 0 : 24 + this.dictionary.bytes + this.count * this.#width()
  }

  write(out: Uint8Array, position: number): number {
    if (this.count === 0) return position
    const width = this.#width()
    let p = writeUint64(out, position, dictionaryFlags | (width >> 1))
    p = writeUint64(out, p, this.dictionary.count)
    p = this.dictionary.write(out, p)
    p = writeUint64(out, p, this.count)
    const ids = this.#ids
    const { count } = this
    for (let i = 0; i < count; i++) {
      let id = ids[i] as number
      for (let byte = 0; byte < width; byte++) {
        out[p++] = id & 255
        id >>>= 8
      }
    }
    return p
  }

  mark(level: MarkLevel): void {
    this.dictionary.mark(level)
    if (level === 0) this.#requestMark = this.count
    else this.#itemMark = this.count
  }

  rollback(level: MarkLevel): void {
    this.dictionary.rollback(level)
    this.count = level === 0 ? this.#requestMark : this.#itemMark
  }

  clear(): void {
    const capacity = capacityAfter(this.#ids.length, this.count, cellsLeast)
    if (capacity !== this.#ids.length) this.#ids = new Uint32Array(capacity)
    this.count = 0
    this.dictionary.clear()
  }
}
