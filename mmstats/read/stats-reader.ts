// Reads a stats file again and again while its writer goes on.
//
// A file is copied twice. A field whose buffer and index are the same in both copies is settled;
// the others are copied again on their own. A field that changes faster than it can be copied
// twice never settles. Of that one the buffer is read alone which does not lie across two cache
// lines: the kernel copies its eight bytes with one load, so it is a value that was written, the
// current one or a neighbour. Two buffers never both lie across. Measured: with copies of a whole
// page, 0.1 % of the values of such fields were torn; so, none of 100 million.
//
// Files are not mapped: one that its owner cuts would end this process.
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { isAbsolute, relative, sep } from 'node:path'
import { sequenceName } from '../fields/distribution.ts'
import { readLayout } from '../format/layout.ts'
import { type Layout, type Slot, unbuffered } from '../format/slot.ts'
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
  /** Of a file with more fields, those up to here are read. @default 100000 */
  readonly fieldsMax?: number
  /** A folder that the file must lie in, also where a symbolic link leads. */
  readonly within?: string | undefined
}

const defaultFileBytesMax = 64 * 1024 * 1024

/** Attempts at one field of a writer that never rests, before its last copy is taken. */
const attemptsMax = 100

/** Attempts at a field of one number, before a buffer of it is read alone. */
const numberAttemptsMax = 2

/** Attempts at a record that is being changed and stands still: its writer may have died. */
const stillAttemptsMax = 10

/** Two copies of a file. Reading never waits, so that all readers of a thread share them. */
const copies = { first: Buffer.alloc(0), second: Buffer.alloc(0) }

/** Larger copies are not kept between readings. */
const keptBytesMax = 1024 * 1024

interface OpenFile {
  readonly descriptor: number
  readonly device: number
  readonly inode: number
}

class FileReader implements StatsReader {
  readonly path: string
  readonly #settings: StatsReaderSettings
  #file: OpenFile | undefined
  #first: Buffer<ArrayBuffer> = copies.first
  #second: Buffer<ArrayBuffer> = copies.second
  #layout: Layout | undefined
  /** The bytes that the layout was found in. */
  #heads: Buffer<ArrayBuffer> = copies.first

  constructor(path: string, settings: StatsReaderSettings) {
    this.path = path
    this.#settings = settings
  }

  read(): StatsContent {
    try {
      return this.#read()
    } catch (error) {
      this.close()
      if (error instanceof StatsFileError) throw error
      const { code, text } = systemError(error)
      throw new StatsFileError(code, `Cannot read the stats file "${this.path}": ${text}`, error)
    } finally {
      if (copies.first.byteLength > keptBytesMax) {
        copies.first = Buffer.alloc(0)
        copies.second = copies.first
      }
      this.#first = copies.first
      this.#second = copies.second
    }
  }

  #read(): StatsContent {
    const { descriptor } = this.#open()
    const length = this.#copy(descriptor)
    const first = this.#first.subarray(0, length)
    const layout = this.#layoutOf(first)
    const view = new DataView(first.buffer, first.byteOffset, first.byteLength)
    this.#settleAll(descriptor, layout, length)
    return {
      version: layout.version,
      isLittleEndian: layout.isLittleEndian,
      problem: layout.problem,
      stats: layout.slots.map((slot): Stat => toStat(view, slot, layout)),
    }
  }

  /** The open file, opened again if another has taken its place. */
  #open(): OpenFile {
    const { ino, dev } = statSync(this.path)
    if (this.#file?.inode === ino && this.#file.device === dev) return this.#file
    this.close()
    this.#file = openFile(this.path, this.#settings.within)
    return this.#file
  }

  /** Copies the file twice. @returns the bytes that both copies have */
  #copy(descriptor: number): number {
    const { size } = fstatSync(descriptor)
    const { fileBytesMax = defaultFileBytesMax } = this.#settings
    if (size > fileBytesMax) {
      throw new StatsFileError(
        'unusable',
        `Cannot read "${this.path}": it has ${size} bytes, wanted at most ${fileBytesMax}`,
      )
    }
    if (copies.first.byteLength < size) {
      copies.first = Buffer.alloc(size)
      copies.second = Buffer.alloc(size)
    }
    this.#first = copies.first
    this.#second = copies.second
    const first = readSync(descriptor, this.#first, 0, size, 0)
    return Math.min(first, readSync(descriptor, this.#second, 0, size, 0))
  }

  /** The places of the fields: found again only where something but the values has changed. */
  #layoutOf(bytes: Buffer<ArrayBuffer>): Layout {
    const known = this.#layout
    if (known !== undefined && isSameLayout(known, this.#heads, bytes)) return known
    const layout = readLayout(bytes, this.#settings.fieldsMax)
    const headBytes = Math.min(layout.usedBytes + terminatorBytes, bytes.byteLength)
    const isKept = layout.problem === undefined && headBytes <= keptBytesMax
    this.#layout = isKept ? layout : undefined
    this.#heads = isKept ? Buffer.from(bytes.subarray(0, headBytes)) : Buffer.alloc(0)
    return layout
  }

  /** Records first: their fields are taken from the copy in which they belong together. */
  #settleAll(descriptor: number, layout: Layout, length: number): void {
    const { slots, isLittleEndian } = layout
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index]
      if (slot === undefined) return
      if (isSequence(slot)) {
        const last = lastOfRecord(slots, index)
        const end = Math.min(endOf(slots[last] ?? slot), length)
        if (this.#settleRecord(descriptor, { slot, end }, isLittleEndian)) {
          index = last
          continue
        }
      }
      this.#settle(descriptor, slot, Math.min(endOf(slot), length))
    }
  }

  #settle(descriptor: number, slot: Slot, end: number): void {
    const isNumber = slot.indexAt !== undefined && slot.type.elementBytes <= numberBytesMax
    const attempts = isNumber ? numberAttemptsMax : attemptsMax
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (isFieldSettled(this.#first, this.#second, slot)) return
      this.#copyAgain(descriptor, slot, end)
    }
    if (isNumber) this.#takeWhole(descriptor, slot)
  }

  /** Reads a buffer alone, and lets it be the one that counts. */
  #takeWhole(descriptor: number, { indexAt = 0, valueAt, type }: Slot): void {
    const current = ((this.#first[indexAt] ?? 0) & 1) ^ 1
    const isAcross = liesAcross(valueAt + current * type.bytes, type.elementBytes)
    const buffer = isAcross ? current ^ 1 : current
    const at = valueAt + buffer * type.bytes
    const read = readSync(descriptor, this.#first, at, type.elementBytes, at)
    if (read === type.elementBytes) this.#first[indexAt] = buffer ^ 1
  }

  /** @returns whether the fields are of one moment; they cannot be if the writer died amid them */
  #settleRecord(
    descriptor: number,
    { slot, end }: { readonly slot: Slot; readonly end: number },
    isLittleEndian: boolean,
  ): boolean {
    let still = 0
    for (let attempt = 0; attempt < attemptsMax && still < stillAttemptsMax; attempt++) {
      const before = numberAt(this.#first, slot, isLittleEndian)
      const after = numberAt(this.#second, slot, isLittleEndian)
      if (before === after && before % 2 === 0) return true
      still = before === after ? still + 1 : 0
      this.#copyAgain(descriptor, slot, end)
    }
    return false
  }

  /** What was the second copy becomes the first. */
  #copyAgain(descriptor: number, slot: Slot, end: number): void {
    const start = slot.indexAt ?? slot.valueAt
    this.#second.copy(this.#first, start, start, end)
    readSync(descriptor, this.#second, start, end - start, start)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor)
    this.#file = undefined
  }
}

const numberBytesMax = 8

/** The smallest of the processors that Node runs on; a file begins at the start of a line. */
const cacheLineBytes = 64

function liesAcross(at: number, bytes: number): boolean {
  return at % cacheLineBytes > cacheLineBytes - bytes
}

/** Bytes after the last record that tell whether another has come. */
const terminatorBytes = 4

/** What is no file, such as a pipe, is never waited for. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

function openFile(path: string, within: string | undefined): OpenFile {
  const descriptor = openSync(path, openFlags)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) {
      throw new StatsFileError('unusable', `Cannot read "${path}": it is not a file`)
    }
    if (within !== undefined) assertWithin(path, within, stat)
    return { descriptor, device: stat.dev, inode: stat.ino }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** The very file that is open lies in the folder, whatever links lead to it. */
function assertWithin(path: string, folder: string, { ino, dev }: Stats): void {
  const real = realpathSync(path)
  const way = relative(realpathSync(folder), real)
  const isInside = way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
  const stat = statSync(real)
  if (isInside && stat.ino === ino && stat.dev === dev) return
  throw new StatsFileError(
    'unusable',
    `Cannot read "${path}": it is a link out of "${folder}"; wanted a file in that folder`,
  )
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

/**
 * The number that guards a record. Where two copies have the same even one, the first copy's fields
 * were read while nothing was changed.
 */
function numberAt(bytes: Buffer, slot: Slot, isLittleEndian: boolean): number {
  const at = currentAt(bytes, slot)
  return isLittleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
}

/** Whether all but the values is as it was, so that the same places hold the same fields. */
function isSameLayout(layout: Layout, known: Buffer, bytes: Buffer): boolean {
  if (known.byteLength > bytes.byteLength) return false
  let at = 0
  for (const slot of layout.slots) {
    if (slot.array !== undefined) return false
    const head = slot.indexAt ?? slot.valueAt
    if (known.compare(bytes, at, head, at, head) !== 0) return false
    // The writer changes it from 0 to 1 and back; anything else is another file.
    if (slot.indexAt !== undefined && (bytes[slot.indexAt] ?? unbuffered) > 1) return false
    at = endOf(slot)
  }
  const end = known.byteLength
  // The end of the used bytes may have become the end of the file, or have moved on.
  if (end - at < terminatorBytes && bytes.byteLength !== end) return false
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
