// Hot: about half of a span's bytes are attributes. Two ideas keep them cheap; without either,
// `npm run bench decode` gave 10 to 12 % fewer spans:
//
// 1. The key at a place is first compared with the key that stood at this place in the item before:
//    applications send the same keys again and again, and comparing 15 bytes costs less than
//    hashing them and comparing anyway.
// 2. The order by key is remembered by the sequence of key ids: an item with a known list of keys
//    is not sorted again.
//
// Keys go into the dictionary of the map's column, values are only located; they are copied once,
// in key order.

import { keyValue, type MessageShape, shapeOf, type WireReader } from '@wayward/otlp'
import type { Dictionary, MapColumn, StringColumn } from '@wayward/clickhouse'
import type { AnyValueWriter } from './any-value.ts'
import type { RowTemplate } from './row-template.ts'
import { ItemRejection } from './tally.ts'

const listsMax = 512
/** Attribute lists longer than this are sorted again each time. */
const listKeysMax = 64
/** Words of a remembered list: stamp (epoch and how many keys), the keys, their order. */
const listWords = 1 + 2 * listKeysMax
const epochs = 1 << 25

/** The attributes of one item while it is read. */
export class AttributeList {
  count = 0
  #ids: Uint32Array = new Uint32Array(listKeysMax)
  #starts: Uint32Array = new Uint32Array(listKeysMax)
  #ends: Uint32Array = new Uint32Array(listKeysMax)
  readonly #wire: WireReader
  readonly #values: AnyValueWriter
  readonly #map: MapColumn
  readonly #keys: Dictionary
  readonly #attributesMax: number
  readonly #shape: MessageShape
  readonly #lists = new Uint32Array(listsMax * listWords)
  #order: Uint32Array = new Uint32Array(listKeysMax)
  #epoch = 1

  /** @param settings.place the field of the item that holds the attributes, for messages */
  constructor(settings: {
    readonly wire: WireReader
    readonly values: AnyValueWriter
    readonly map: MapColumn
    readonly attributesMax: number
    readonly place: string
  }) {
    this.#wire = settings.wire
    this.#values = settings.values
    this.#map = settings.map
    this.#keys = settings.map.keys.dictionary
    this.#attributesMax = settings.attributesMax
    this.#shape = shapeOf(settings.place, keyValue)
  }

  /**
   * Begins a new list and forgets the remembered ones: ids of the dictionary were taken back and
   * may mean other keys now.
   */
  reset(): void {
    this.count = 0
    if (++this.#epoch < epochs) return
    this.#lists.fill(0)
    this.#epoch = 1
  }

  /** Reads one KeyValue, which lies in `[start, end)` of the request. */
  add(start: number, end: number): void {
    const wire = this.#wire
    const shape = this.#shape
    const source = wire.source
    const index = this.count
    if (index >= this.#attributesMax) this.#refuse()
    if (index === this.#ids.length) this.#growLists()
    let id = 0
    let valueStart = end
    let valueEnd = end
    let p = start
    while (p < end) {
      const tag = source[p] as number
      if (tag === 0x0a) {
        const at = wire.delimited(p + 1, end, shape)
        p = wire.next
        const likely = this.#ids[index] as number
        id = this.#keys.isKey(likely, source, at, p) ? likely : this.#keys.intern(source, at, p)
      } else if (tag === 0x12) {
        valueStart = wire.delimited(p + 1, end, shape)
        p = valueEnd = wire.next
      } else {
        const number = wire.varint32(p, end, shape)
        p = wire.skip(number, wire.next, end, shape)
      }
    }
    this.#ids[index] = id
    this.#starts[index] = valueStart
    this.#ends[index] = valueEnd
    this.count = index + 1
  }

  /**
   * Appends the attributes to the map as a row, sorted by the bytes of their keys, and begins a new
   * list.
   */
  writeRow(): void {
    const map = this.#map
    const { count } = this
    const { keys, values } = map
    const order = count > 1 ? this.#keyOrder() : 0
    const lists = count > listKeysMax ? this.#order : this.#lists
    for (let i = 0; i < count; i++) {
      const from = count > 1 ? (lists[order + i] as number) : i
      keys.appendId(this.#ids[from] as number)
      this.#values.write(this.#starts[from] as number, this.#ends[from] as number, values)
    }
    map.endRow()
    this.count = 0
  }

  /** Writes the attributes, in key order, where rows can be copied from; and begins a new list. */
  writeRowTemplate(template: RowTemplate): void {
    const { count } = this
    const order = count > 1 ? this.#keyOrder() : 0
    const lists = count > listKeysMax ? this.#order : this.#lists
    template.begin(count)
    for (let i = 0; i < count; i++) {
      const from = count > 1 ? (lists[order + i] as number) : i
      template.ids[i] = this.#ids[from] as number
      this.#values.write(this.#starts[from] as number, this.#ends[from] as number, template.values)
    }
    template.end()
    this.count = 0
  }

  /**
   * Appends the text of the first attribute with this key to the column. @returns whether there is
   * one
   */
  writeValueOf(key: Uint8Array, column: StringColumn): boolean {
    for (let i = 0; i < this.count; i++) {
      if (!this.#keys.isKey(this.#ids[i] as number, key, 0, key.length)) continue
      this.#values.write(this.#starts[i] as number, this.#ends[i] as number, column)
      return true
    }
    return false
  }

  /**
   * @returns where the order of this list begins: in `lists`, or in `order` when the list is too
   * long to be remembered
   */
  #keyOrder(): number {
    const ids = this.#ids
    const lists = this.#lists
    const { count } = this
    if (count > listKeysMax) {
      this.#sortInto(this.#order, 0)
      return 0
    }
    let hash = count
    for (let i = 0; i < count; i++) hash = Math.imul(hash ^ (ids[i] as number), 0x9e3779b1)
    const at = ((hash ^ (hash >>> 15)) & (listsMax - 1)) * listWords
    const stamp = this.#epoch * (listKeysMax * 2) + count
    let isKnown = lists[at] === stamp
    for (let i = 0; isKnown && i < count; i++) isKnown = lists[at + 1 + i] === ids[i]
    if (!isKnown) {
      lists[at] = stamp
      for (let i = 0; i < count; i++) lists[at + 1 + i] = ids[i] as number
      this.#sortInto(lists, at + 1 + listKeysMax)
    }
    return at + 1 + listKeysMax
  }

  /**
   * Insertion for short lists, which are nearly always nearly sorted; equal keys keep their order.
   */
  #sortInto(order: Uint32Array, at: number): void {
    const ids = this.#ids
    const keys = this.#keys
    const { count } = this
    if (count > listKeysMax) {
      const sorted = order.subarray(at, at + count)
      for (let i = 0; i < count; i++) sorted[i] = i
      sorted.sort((a, b) => keys.compare(ids[a] as number, ids[b] as number) || a - b)
      return
    }
    for (let i = 0; i < count; i++) {
      let place = at + i
      while (place > at) {
        const before = order[place - 1] as number
        if (keys.compare(ids[before] as number, ids[i] as number) <= 0) break
        order[place--] = before
      }
      order[place] = i
    }
  }

  #growLists(): void {
    const length = this.#ids.length * 2
    this.#ids = enlarged(this.#ids, length)
    this.#starts = enlarged(this.#starts, length)
    this.#ends = enlarged(this.#ends, length)
    this.#order = enlarged(this.#order, length)
  }

  #refuse(): never {
    this.count = 0
    const max = this.#attributesMax
    throw new ItemRejection(
      `${this.#shape.place} has more than ${max} entries, wanted at most ${max}`,
    )
  }
}

function enlarged(words: Uint32Array, length: number): Uint32Array {
  const larger = new Uint32Array(length)
  larger.set(words)
  return larger
}
