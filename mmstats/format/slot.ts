// What is known about a field's place in a stats file.
import type { TypeCode } from './type-code.ts'

/** What a field means; version 1 does not say it. */
export type Metric = 'gauge' | 'counter' | 'info'

/** An array of version 2: a ring with one slot that is not to be read. */
export interface ArraySlots {
  readonly writeOffset: number
  readonly slots: number
}

/** One field's place in a file. */
export interface Slot {
  readonly label: string
  readonly type: TypeCode
  /** Where the byte lies that names the buffer to be written next; undefined if unbuffered. */
  readonly indexAt: number | undefined
  readonly valueAt: number
  readonly metric: Metric | undefined
  readonly array: ArraySlots | undefined
}

/** The places of all fields of a file, as far as it can be read. */
export interface Layout {
  readonly version: number
  readonly isLittleEndian: boolean
  readonly slots: readonly Slot[]
  /** Bytes up to the end of the last record. */
  readonly usedBytes: number
  /** Why the rest cannot be read; undefined if all was. */
  readonly problem: string | undefined
}

/** The index byte of a field with one buffer only. */
export const unbuffered = 0xff
