// Reads a stats file again and again while its writer goes on.
//
// A file is copied twice. A field whose buffer and index are the same in both copies is settled;
// the others are copied again on their own. Files are not mapped: one that its owner cuts would
// end this process.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { sequenceName } from '../fields/distribution.ts'
import { readLayout } from '../format/layout.ts'
import type { Layout, Slot } from '../format/slot.ts'
import { type Stat, type StatsContent, toStat } from '../format/stat.ts'
import { StatsFileError, systemError } from '../stats-file-error.ts'

/** A file that is kept open. */
export interface StatsReader {
  readonly path: string
  /**
   * The file as it is now, also after it was replaced.
   *
   * @throws StatsFileError if it is not there or cannot be read
   */
  read(): StatsContent
  close(): void
}

/** How a file is read. */
export interface StatsReaderSettings {
  /** Larger files are refused. @default 64 MiB */
  readonly fileBytesMax?: number
}

const defaultFileBytesMax = 64 * 1024 * 1024

/** Attempts at one field of a writer that never rests, before its last copy is taken. */
const attemptsMax = 100

interface OpenFile {
  readonly descriptor: number
  readonly inode: number
}

class FileReader implements StatsReader {
  readonly path: string
  readonly #fileBytesMax: number
  #file: OpenFile | undefined
  #first: Buffer<ArrayBuffer> = Buffer.alloc(0)
  #second: Buffer<ArrayBuffer> = Buffer.alloc(0)
  #layout: Layout | undefined
  /** The bytes that the layout was found in. */
  #heads: Buffer<ArrayBuffer> = Buffer.alloc(0)

  constructor(path: string, { fileBytesMax = defaultFileBytesMax }: StatsReaderSettings) {
    this.path = path
    this.#fileBytesMax = fileBytesMax
  }

  read(): StatsContent {
    try {
      return this.#read()
    } catch (error) {
      this.close()
      if (error instanceof StatsFileError) throw error
      const { code, text } = systemError(error)
      throw new StatsFileError(code, `Cannot read the stats file "${this.path}": ${text}`, error)
    }
  }

  #read(): StatsContent {
    const { descriptor } = this.#open()
    const length = this.#copy(descriptor)
    const first = this.#first.subarray(0, length)
    const layout = this.#layoutOf(first)
    const view = new DataView(first.buffer, first.byteOffset, first.byteLength)
    this.#settleAll(descriptor, layout.slots, length)
    return {
      version: layout.version,
      isLittleEndian: layout.isLittleEndian,
      problem: layout.problem,
      stats: layout.slots.map((slot): Stat => toStat(view, slot, layout)),
    }
  }

  /** The open file, opened again if another has taken its place. */
  #open(): OpenFile {
    const stat = statSync(this.path)
    if (!stat.isFile()) {
      throw new StatsFileError('unusable', `Cannot read "${this.path}": it is not a file`)
    }
    if (this.#file?.inode !== stat.ino) {
      this.close()
      this.#file = { descriptor: openSync(this.path, 'r'), inode: stat.ino }
    }
    return this.#file ?? { descriptor: -1, inode: -1 }
  }

  /** Copies the file twice. @returns the bytes that both copies have */
  #copy(descriptor: number): number {
    const { size } = fstatSync(descriptor)
    if (size > this.#fileBytesMax) {
      throw new StatsFileError(
        'unusable',
        `Cannot read "${this.path}": it has ${size} bytes, wanted at most ${this.#fileBytesMax}`,
      )
    }
    if (this.#first.byteLength !== size) {
      this.#first = Buffer.alloc(size)
      this.#second = Buffer.alloc(size)
    }
    const first = readSync(descriptor, this.#first, 0, size, 0)
    return Math.min(first, readSync(descriptor, this.#second, 0, size, 0))
  }

  /** The places of the fields: found again only where something but the values has changed. */
  #layoutOf(bytes: Buffer<ArrayBuffer>): Layout {
    const known = this.#layout
    if (known !== undefined && isSameLayout(known, this.#heads, bytes)) return known
    const layout = readLayout(bytes)
    this.#layout = layout
    this.#heads = Buffer.from(bytes)
    return layout
  }

  /** Records first: their fields are taken from the copy in which they belong together. */
  #settleAll(descriptor: number, slots: readonly Slot[], length: number): void {
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index]
      if (slot === undefined) return
      const last = isSequence(slot) ? lastOfRecord(slots, index) : index
      const end = Math.min(endOf(slots[last] ?? slot), length)
      this.#settle(descriptor, slot, { start: slot.indexAt ?? slot.valueAt, end })
      index = last
    }
  }

  #settle(descriptor: number, slot: Slot, { start, end }: Range): void {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const isSettled = isSequence(slot)
        ? isRecordSettled(this.#first, this.#second, slot)
        : isFieldSettled(this.#first, this.#second, slot)
      if (isSettled) return
      this.#second.copy(this.#first, start, start, end)
      readSync(descriptor, this.#second, start, end - start, start)
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor)
    this.#file = undefined
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

/** The number that guards a record of several fields. */
function isSequence(slot: Slot): boolean {
  return (
    slot.label.endsWith(`.${sequenceName}`) && slot.type.text === 'I' && slot.indexAt !== undefined
  )
}

function lastOfRecord(slots: readonly Slot[], index: number): number {
  const label = slots[index]?.label ?? ''
  const prefix = label.slice(0, label.length - sequenceName.length)
  let last = index
  while (slots[last + 1]?.label.startsWith(prefix) === true) last++
  return last
}

function endOf({ valueAt, indexAt, type, array }: Slot): number {
  if (array !== undefined) return valueAt + type.bytes * array.slots
  return valueAt + type.bytes * (indexAt === undefined ? 1 : 2)
}

function currentAt(bytes: Uint8Array, { valueAt, indexAt, type }: Slot): number {
  return valueAt + (indexAt === undefined ? 0 : (((bytes[indexAt] ?? 0) & 1) ^ 1) * type.bytes)
}

/** The same index and the same value, one after the other. */
function isFieldSettled(first: Buffer, second: Buffer, slot: Slot): boolean {
  if (slot.array !== undefined)
    return first.compare(second, slot.valueAt, endOf(slot), slot.valueAt, endOf(slot)) === 0
  if (slot.indexAt !== undefined && first[slot.indexAt] !== second[slot.indexAt]) return false
  const at = currentAt(first, slot)
  for (let index = at; index < at + slot.type.bytes; index++) {
    if (first[index] !== second[index]) return false
  }
  return true
}

/** The first copy's fields were read after its number and before the second copy's. */
function isRecordSettled(first: Buffer, second: Buffer, slot: Slot): boolean {
  const number = first.readUInt32LE(currentAt(first, slot))
  return number % 2 === 0 && number === second.readUInt32LE(currentAt(second, slot))
}

/** Whether all but the values is as it was, so that the same places hold the same fields. */
function isSameLayout(layout: Layout, known: Buffer, bytes: Buffer): boolean {
  if (layout.problem !== undefined || known.byteLength !== bytes.byteLength) return false
  let at = 0
  for (const slot of layout.slots) {
    if (slot.array !== undefined) return false
    const head = slot.indexAt ?? slot.valueAt
    if (known.compare(bytes, at, head, at, head) !== 0) return false
    at = endOf(slot)
  }
  const end = Math.min(at + 4, bytes.byteLength)
  return known.compare(bytes, at, end, at, end) === 0
}

/**
 * Opens a stats file for reading it often.
 *
 * @param path - the file, which need not be there yet
 * @returns the reader; close it at the end
 */
export function openStatsReader(path: string, settings: StatsReaderSettings = {}): StatsReader {
  return new FileReader(path, settings)
}

/**
 * Reads a stats file once.
 *
 * @param path - the file
 * @returns its fields; of a file that is damaged those before the fault, and what the fault is
 * @throws StatsFileError if it is not there or cannot be read
 */
export function readStatsFile(path: string, settings: StatsReaderSettings = {}): StatsContent {
  const reader = openStatsReader(path, settings)
  try {
    return reader.read()
  } finally {
    reader.close()
  }
}
