// Repeated numbers come packed into one field, or as a field each (JSON comes so); a reader takes
// both, also mixed.

import { fixed32, type MessageShape, type WireReader } from '@wayward/otlp'
import type { UInt64Column } from '@wayward/clickhouse'
import { ItemRejection } from './tally.ts'

/** A repeated field of numbers that is appended to a column while it is read. */
export class PackedNumbers {
  /** Numbers of the current item. */
  count = 0
  readonly #wire: WireReader
  readonly #column: UInt64Column
  readonly #name: string
  readonly #countMax: number

  /** @param settings.name the field's name below its item, for messages */
  constructor(settings: {
    readonly wire: WireReader
    readonly column: UInt64Column
    readonly name: string
    readonly countMax: number
  }) {
    this.#wire = settings.wire
    this.#column = settings.column
    this.#name = settings.name
    this.#countMax = settings.countMax
  }

  begin(): void {
    this.count = 0
    this.#column.mark(1)
  }

  takeBack(): void {
    this.#column.rollback(1)
  }

  /** Reads a packed field of 8-byte numbers. @returns the position after it */
  readFixed(p: number, end: number, shape: MessageShape): number {
    const wire = this.#wire
    const column = this.#column
    const start = wire.delimited(p, end, shape)
    const after = wire.next
    const bytes = after - start
    if (bytes % 8 !== 0) {
      wire.malformed(p, shape, `'${this.#name}' has ${bytes} bytes, wanted a multiple of 8`)
    }
    this.#add(bytes / 8)
    const { source } = wire
    for (let at = start; at < after; at += 8) {
      column.append(fixed32(source, at), fixed32(source, at + 4))
    }
    return after
  }

  /** Reads a field of one 8-byte number. @returns the position after it */
  readOneFixed(p: number, end: number, shape: MessageShape): number {
    const wire = this.#wire
    const after = wire.fixed(p, end, 8, shape)
    this.#add(1)
    this.#column.append(fixed32(wire.source, p), fixed32(wire.source, p + 4))
    return after
  }

  /** Reads a packed field of varints. @returns the position after it */
  readVarints(p: number, end: number, shape: MessageShape): number {
    const wire = this.#wire
    let at = wire.delimited(p, end, shape)
    const after = wire.next
    while (at < after) at = this.readOneVarint(at, after, shape)
    return after
  }

  /** Reads a field of one varint. @returns the position after it */
  readOneVarint(p: number, end: number, shape: MessageShape): number {
    const wire = this.#wire
    wire.varint64(p, end, shape)
    this.#add(1)
    this.#column.append(wire.low, wire.high)
    return wire.next
  }

  #add(count: number): void {
    this.count += count
    const countMax = this.#countMax
    if (this.count <= countMax) return
    throw new ItemRejection(
      `${this.#name} has more than ${countMax} entries, wanted at most ${countMax}`,
    )
  }
}
