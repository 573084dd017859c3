// The values of a stats file, from a copy of its bytes.
import { readLayout } from './layout.ts'
import type { Layout, Metric, Slot } from './slot.ts'
import { readTyped, type StatValue } from './type-code.ts'

/** One field of a stats file with its value. */
export interface Stat {
  readonly label: string
  /** The struct code, such as `Q` or `256s`. */
  readonly type: string
  readonly isBuffered: boolean
  /** Only version 2 says it. */
  readonly metric: Metric | undefined
  /** Of an array the values, the oldest first. */
  readonly value: StatValue | readonly StatValue[]
}

/** All that could be read of a stats file. */
export interface StatsContent {
  readonly version: number
  readonly isLittleEndian: boolean
  readonly stats: readonly Stat[]
  /** Why the rest cannot be read; undefined if all was. */
  readonly problem: string | undefined
}

/**
 * Reads a stats file from its bytes. Never throws: a file that is cut or lies gives what comes
 * before the fault, and `problem` says what is wrong.
 *
 * @param bytes - the whole file
 * @returns its fields in the order of the file
 * @example
 * ```ts
 * import { readStats } from '@wayward/mmstats'
 *
 * const bytes = Uint8Array.of(1, 2, 0, 0x6f, 0x6b, 1, 0, 0x3f, 255, 1)
 * console.log(readStats(bytes).stats) // one field: ok is true
 * ```
 */
export function readStats(bytes: Uint8Array): StatsContent {
  const layout = readLayout(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    version: layout.version,
    isLittleEndian: layout.isLittleEndian,
    stats: layout.slots.map((slot) => toStat(view, slot, layout)),
    problem: layout.problem,
  }
}

/** One field with its value at this moment. */
export function toStat(view: DataView, slot: Slot, layout: Layout): Stat {
  return {
    label: slot.label,
    type: slot.type.text,
    isBuffered: slot.indexAt !== undefined,
    metric: slot.metric,
    value: valueOf(view, slot, layout.isLittleEndian),
  }
}

/** The value that counts: that of the buffer which is not the next to be written. */
function valueOf(view: DataView, slot: Slot, isLittleEndian: boolean): Stat['value'] {
  const { type, valueAt, indexAt, array } = slot
  if (array !== undefined) {
    // The slot at the write offset is not to be read; the one after it holds the oldest value.
    return Array.from({ length: array.slots - 1 }, (_, age) => {
      const index = (array.writeOffset + 1 + age) % array.slots
      return readTyped(view, valueAt + index * type.bytes, type, isLittleEndian)
    })
  }
  const buffer = indexAt === undefined ? 0 : (view.getUint8(indexAt) & 1) ^ 1
  return readTyped(view, valueAt + buffer * type.bytes, type, isLittleEndian)
}
