// Hot: every attribute key, service and span name is looked up here, by its bytes: no string is
// made. The keys lie in one buffer in the form in which a Native block has them, so writing the
// dictionary is one copy.
//
// Open addressing with a seeded hash. A text that finds no room within probesMax slots, or comes
// when the table is full, is added without being findable: a repeated text is then a second key,
// which ClickHouse takes. So neither colliding keys from outside nor millions of distinct ones make
// it slow: the worst case costs what a plain String column costs. Ids are given in order and taken
// back in reverse order, which is what makes removal from linear probing right.

import { isUtf8 } from 'node:buffer'
import type { MarkLevel } from './column.ts'
import { capacityAfter, grown, grownWords } from './growth.ts'
import { replaced } from './string-column.ts'
import { writeVaruint } from './varuint.ts'

const probesMax = 16
const slotsLeast = 256
const slotsMax = 1 << 17
const keysLeast = 128
const bytesAtFirst = 4096

/** The distinct texts of a LowCardinality column. Id 0 is the empty text. */
export interface Dictionary {
  readonly count: number
  /** How many texts were not valid UTF-8 and hold U+FFFD; counted at every use. */
  readonly replacedCount: number
  /** Bytes of all keys as a Native block has them. */
  readonly bytes: number
  /** The id of a text, which is added when it is new. */
  intern(source: Uint8Array, start: number, end: number): number
  /** The bytes of the key with this id, valid until the next key is added. */
  key(id: number): Uint8Array
  /** Whether the key with this id has exactly these bytes. */
  isKey(id: number, source: Uint8Array, start: number, end: number): boolean
  /** Orders two keys by their bytes. */
  compare(a: number, b: number): number
  write(out: Uint8Array, position: number): number
  mark(level: MarkLevel): void
  rollback(level: MarkLevel): void
  clear(): void
}

/** @param known keys that are always there, with the ids 1, 2, … */
export function createDictionary(known: readonly string[] = []): Dictionary {
  // Random, so that nobody outside can choose keys that collide.
  return new ByteDictionary(Math.floor(Math.random() * 0x100000000), known)
}

class ByteDictionary implements Dictionary {
  count = 0
  replacedCount = 0
  readonly #seed: number
  #buffer: Uint8Array = new Uint8Array(bytesAtFirst)
  #used = 0
  /** Three words a key: where its text starts, its length, its hash. */
  #keys: Uint32Array = new Uint32Array(keysLeast * 3)
  /** Id + 1 of the key in the slot, 0 when free. */
  #slots: Uint32Array = new Uint32Array(slotsLeast)
  #requestMark = 1
  #itemMark = 1

  readonly #known: readonly Uint8Array[]

  constructor(seed: number, known: readonly string[]) {
    this.#seed = seed | 0
    this.#known = ['', ...known].map((key) => Buffer.from(key))
    this.#addKnown()
  }

  #addKnown(): void {
    for (const key of this.#known) this.intern(key, 0, key.length)
  }

  get bytes(): number {
    return this.#used
  }

  intern(source: Uint8Array, start: number, end: number): number {
    let hash = this.#seed
    let seen = 0
    for (let i = start; i < end; i++) {
      const byte = source[i] as number
      seen |= byte
      hash = Math.imul(hash ^ byte, 0x01000193)
    }
    if (seen > 127 && !isUtf8(source.subarray(start, end))) {
      this.replacedCount++
      const text = replaced(source, start, end)
      return this.intern(text, 0, text.length)
    }
    hash = (hash ^ (hash >>> 15)) >>> 0
    const slots = this.#slots
    const mask = slots.length - 1
    for (let probe = 0; probe < probesMax; probe++) {
      const id = slots[(hash + probe) & mask] as number
      if (id === 0) break
      if (this.#keys[id * 3 - 1] === hash && this.isKey(id - 1, source, start, end)) return id - 1
    }
    return this.#add(source, start, end, hash)
  }

  isKey(id: number, source: Uint8Array, start: number, end: number): boolean {
    const keys = this.#keys
    if (id >= this.count || keys[id * 3 + 1] !== end - start) return false
    const buffer = this.#buffer
    let at = keys[id * 3] as number
    for (let i = start; i < end; i++) {
      if (buffer[at++] !== source[i]) return false
    }
    return true
  }

  key(id: number): Uint8Array {
    const start = this.#keys[id * 3] as number
    return this.#buffer.subarray(start, start + (this.#keys[id * 3 + 1] as number))
  }

  #add(source: Uint8Array, start: number, end: number, hash: number): number {
    const length = end - start
    const id = this.count
    if (id * 3 + 3 > this.#keys.length) this.#keys = grownWords(this.#keys, id * 3, 3)
    if (this.#used + length + 5 > this.#buffer.length) {
      this.#buffer = grown(this.#buffer, this.#used, length + 5)
    }
    const at = writeVaruint(this.#buffer, this.#used, length)
    this.#buffer.set(source.subarray(start, end), at)
    this.#used = at + length
    this.#keys[id * 3] = at
    this.#keys[id * 3 + 1] = length
    this.#keys[id * 3 + 2] = hash
    this.count = id + 1
    if (this.count * 2 > this.#slots.length && this.#slots.length < slotsMax) this.#rehash()
    else this.#place(id, hash)
    return id
  }

  #place(id: number, hash: number): void {
    const mask = this.#slots.length - 1
    for (let probe = 0; probe < probesMax; probe++) {
      const slot = (hash + probe) & mask
      if (this.#slots[slot] !== 0) continue
      this.#slots[slot] = id + 1
      return
    }
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let id = 0; id < this.count; id++) this.#place(id, this.#keys[id * 3 + 2] as number)
  }

  compare(a: number, b: number): number {
    const buffer = this.#buffer
    const keys = this.#keys
    let atA = keys[a * 3] as number
    let atB = keys[b * 3] as number
    const lengthA = keys[a * 3 + 1] as number
    const lengthB = keys[b * 3 + 1] as number
    const endA = atA + (lengthA < lengthB ? lengthA : lengthB)
    while (atA < endA) {
      const difference = (buffer[atA++] as number) - (buffer[atB++] as number)
      if (difference !== 0) return difference
    }
    return lengthA - lengthB
  }

  write(out: Uint8Array, position: number): number {
    out.set(this.#buffer.subarray(0, this.#used), position)
    return position + this.#used
  }

  mark(level: MarkLevel): void {
    if (level === 0) this.#requestMark = this.count
    else this.#itemMark = this.count
  }

  rollback(level: MarkLevel): void {
    const count = level === 0 ? this.#requestMark : this.#itemMark
    const mask = this.#slots.length - 1
    for (let id = this.count - 1; id >= count; id--) {
      const hash = this.#keys[id * 3 + 2] as number
      for (let probe = 0; probe < probesMax; probe++) {
        const slot = (hash + probe) & mask
        if (this.#slots[slot] === id + 1) this.#slots[slot] = 0
      }
    }
    this.count = count
    this.#used = (this.#keys[count * 3 - 3] as number) + (this.#keys[count * 3 - 2] as number)
  }

  clear(): void {
    const bytes = capacityAfter(this.#buffer.length, this.#used, bytesAtFirst)
    if (bytes !== this.#buffer.length) this.#buffer = new Uint8Array(bytes)
    const words = capacityAfter(this.#keys.length, this.count * 3, keysLeast * 3)
    if (words !== this.#keys.length) this.#keys = new Uint32Array(words)
    if (this.#slots.length > slotsLeast && this.count * 16 < this.#slots.length) {
      this.#slots = new Uint32Array(slotsLeast)
    } else {
      this.#slots.fill(0)
    }
    this.count = 0
    this.#used = 0
    this.#requestMark = 1
    this.#itemMark = 1
    this.#addKnown()
  }
}
