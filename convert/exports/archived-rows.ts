// Rows of a table as items of OTLP/JSON: read as their bytes come, put in the order of time, and
// written as requests.
import { isUtf8 } from 'node:buffer'
import { Groups } from './groups.ts'
import { JsonOut } from './json-out.ts'
import type { ItemSql } from './otlp-json.ts'
import { codesOf, cut, type MemberCode, MemberWriter } from './member-writer.ts'
import type { SlabPool } from './slab-pool.ts'

const itemsPerRequest = 500
const cellsAtFirst = 1024
const low32 = 2 ** 32
const comma = 0x2c
const lineEnd = Buffer.from(']}]}]}\n')

/** A request of OTLP/JSON, with its line feed. */
export interface RequestLine {
  readonly line: Buffer
  readonly signal: ItemSql['signal']
  readonly count: number
}

/** The columns that rows are wanted with. */
export function columnsOf({ group, item, resource, scope, scopeGroup, time }: ItemSql): string {
  const members = [...resource, ...group, ...scope, ...scopeGroup, ...item]
  return [`toUnixTimestamp64Nano(${time})`, ...members.map(({ sql }) => sql)].join(', ')
}

function enlarged<A extends Float64Array | Int32Array | Uint32Array>(
  cells: A,
  Cells: new (length: number) => A,
): A {
  const larger = new Cells(cells.length * 2)
  larger.set(cells)
  return larger
}

/** Rows, by the columns of `columnsOf` in RowBinary. */
export class ArchivedRows {
  readonly #signal: ItemSql['signal']
  readonly #item: readonly MemberCode[]
  readonly #out: JsonOut
  readonly #writer: MemberWriter
  readonly #groups: Groups
  #count = 0
  /** Nanoseconds, rounded; the lower half of them; and where the item is. */
  #about = new Float64Array(cellsAtFirst)
  #low = new Int32Array(cellsAtFirst)
  #group = new Uint32Array(cellsAtFirst)
  #slab = new Uint32Array(cellsAtFirst)
  #start = new Uint32Array(cellsAtFirst)
  #end = new Uint32Array(cellsAtFirst)

  constructor(item: ItemSql, slabs: SlabPool) {
    this.#signal = item.signal
    this.#item = codesOf(item.item)
    this.#out = new JsonOut(slabs)
    this.#writer = new MemberWriter(this.#out)
    this.#groups = new Groups(item, slabs)
  }

  /** What the items take of memory. */
  get bytes(): number {
    return this.#out.bytes
  }

  /** Memory that is free again when the requests are written. */
  get slabs(): readonly Buffer[] {
    return this.#out.slabs
  }

  /** Reads all rows that are whole. @returns how many bytes these have */
  read(source: Uint8Array): number {
    const writer = this.#writer
    writer.open(source)
    for (;;) {
      const begin = writer.p
      if (begin === source.length) return begin
      try {
        this.#readRow(source)
      } catch (error) {
        if (error !== cut) throw error
        this.#out.takeBack()
        return begin
      }
    }
  }

  #readRow(source: Uint8Array): void {
    const writer = this.#writer
    const time = writer.take(8)
    const group = writer.p
    writer.skip(this.#groups.members)
    const groupEnd = writer.p
    writer.object(this.#item)
    const place = this.#groups.find(source, group, groupEnd)
    const row = this.#count++
    if (row === this.#about.length) this.#grow()
    const view = new DataView(source.buffer, source.byteOffset + time, 8)
    const low = view.getUint32(0, true)
    this.#about[row] = view.getInt32(4, true) * low32 + low
    this.#low[row] = low | 0
    this.#group[row] = place
    this.#slab[row] = this.#out.slab
    this.#start[row] = this.#out.start
    this.#end[row] = this.#out.used
    this.#out.next()
  }

  #grow(): void {
    this.#about = enlarged(this.#about, Float64Array)
    this.#low = enlarged(this.#low, Int32Array)
    this.#group = enlarged(this.#group, Uint32Array)
    this.#slab = enlarged(this.#slab, Uint32Array)
    this.#start = enlarged(this.#start, Uint32Array)
    this.#end = enlarged(this.#end, Uint32Array)
  }

  /** The rows in the order of time, some hundred a request. */
  *requests(): Generator<RequestLine> {
    const about = this.#about
    const low = this.#low
    const order = Uint32Array.from({ length: this.#count }, (_, row) => row).toSorted(
      // Where two are the same but for their rounding, their lower halves tell.
      (a, b) =>
        (about[a] as number) - (about[b] as number) ||
        ((low[a] as number) - (low[b] as number)) | 0 ||
        a - b,
    )
    for (let from = 0; from < order.length; from += itemsPerRequest) {
      const rows = order.subarray(from, from + itemsPerRequest)
      yield { line: this.#request(rows), signal: this.#signal, count: rows.length }
    }
  }

  /** Rows of one resource and scope beside each other become one list. */
  #request(rows: Uint32Array): Buffer {
    const { heads, openings } = this.#groups
    const line = Buffer.allocUnsafeSlow(this.#lengthOf(rows))
    let to = 0
    let last = -1
    for (const row of rows) {
      const group = this.#group[row] as number
      if (group === last) line[to++] = comma
      else {
        to += (last < 0 ? openings.first : openings.other).copy(line, to)
        to += (heads[group] as Buffer).copy(line, to)
      }
      last = group
      const slab = this.#out.slabs[this.#slab[row] as number] as Buffer
      to += slab.copy(line, to, this.#start[row], this.#end[row])
    }
    lineEnd.copy(line, to)
    // Tables that others write may have texts that are none.
    return isUtf8(line) ? line : Buffer.from(line.toString())
  }

  #lengthOf(rows: Uint32Array): number {
    const { heads, openings } = this.#groups
    let bytes = openings.first.length + lineEnd.length
    let last = -1
    for (const row of rows) {
      const group = this.#group[row] as number
      if (group === last) bytes++
      else {
        bytes += (heads[group] as Buffer).length
        if (last >= 0) bytes += openings.other.length
      }
      last = group
      bytes += (this.#end[row] as number) - (this.#start[row] as number)
    }
    return bytes
  }
}
