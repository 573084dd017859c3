// Lays the areas of the recorder into a file, so that what a process did last can be read after it
// was killed. With koffi the file is mapped into memory: what is recorded is in it at once, at no
// cost. Without, whoever drains the areas writes what has changed.
import { closeSync, ftruncateSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs'
// Not by its name, which bundles for ES modules declare once more in their first line.
import nodeModule from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { diag } from '@opentelemetry/api'
import {
  areaBytes,
  areaOf,
  areaCount,
  type Areas,
  areasBytes,
  areasOfFlight,
  areaCell,
  areaState,
  createFlight,
  flightBytes,
  type FlightHead,
  flightLife,
  type FlightMode,
  partsInUse,
  processStartOf,
  ringPlace,
  ringUnits,
} from '@wayward/record'

/** A file that areas are in. */
export interface FlightFile {
  readonly path: string
  readonly mode: FlightMode
  /** Where koffi is, for threads that do not find it by its name. */
  readonly packagePath: string | undefined
}

/** What the file is to say of the process. */
export type FlightFacts = Omit<FlightHead, 'pid' | 'processStart' | 'host' | 'mode' | 'startedAt'>

/** Not looked for by bundlers: it is there or not. */
const packageName = 'koffi'
const protReadWrite = 3
const mapShared = 1
/** Files of the same name. */
const copiesMax = 1000

/**
 * Makes a file in a folder, which is made as well.
 *
 * @returns the areas in it, or none where they have to be copied into it
 * @throws Error if it cannot be made
 */
export function createFlightFile(
  folder: string,
  facts: FlightFacts,
): { readonly file: FlightFile; readonly areas: Areas | undefined } {
  mkdirSync(folder, { recursive: true })
  const startedAt = new Date()
  const name = facts.serviceName.replaceAll(/[^\w.-]/g, '_').slice(0, 100)
  const time = startedAt.toISOString().replaceAll(/[-:]|\.\d+Z$/g, '')
  const pathOf = (copy: number): string =>
    join(folder, `${name}-${time}-${process.pid}${copy === 0 ? '' : `-${copy}`}.flight`)
  const head = {
    ...facts,
    pid: process.pid,
    processStart: processStartOf(process.pid),
    host: hostname(),
    startedAt: startedAt.toISOString(),
  }
  const make = (path: string, mode: FlightMode, flags: string): FlightFile => {
    const beginning = createFlight({ ...head, mode })
    // What is in it is nobody else's business.
    const handle = openSync(path, flags, 0o600)
    try {
      writeSync(handle, beginning)
      ftruncateSync(handle, flightBytes)
    } finally {
      closeSync(handle)
    }
    return { path, mode, packagePath: undefined }
  }
  // A file, or a link, that is there already is somebody else's.
  const made = firstFree((copy) => make(pathOf(copy), 'mapped', 'wx'))
  try {
    return mapped(made) ?? { file: make(made.path, 'copied', 'r+'), areas: undefined }
  } catch (error) {
    removeFlight(made)
    throw error
  }
}

/** Processes of several containers may have the same number, and start in the same second. */
function firstFree(make: (copy: number) => FlightFile): FlightFile {
  for (let copy = 0; ; copy++) {
    try {
      return make(copy)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || copy === copiesMax) throw error
    }
  }
}

/** @returns undefined where it cannot be mapped. @throws Error if the disk is full */
function mapped(
  made: FlightFile,
): { readonly file: FlightFile; readonly areas: Areas } | undefined {
  try {
    const packagePath = nodeModule.createRequire(import.meta.url).resolve(packageName)
    const file = { ...made, packagePath }
    const areas = mapFlight(file.path, packagePath)
    reserveHeaders(file)
    reserveArea(file, 0)
    return { file, areas }
  } catch (error) {
    if (isFull(error)) throw error
    diag.info(
      'The flight recorder has no koffi, or cannot map files with it: it writes its file a few times a second, and what came last may be missing',
      error,
    )
    return undefined
  }
}

/** All threads look at the headers of all areas. */
function reserveHeaders({ path }: FlightFile): void {
  const handle = openSync(path, 'r+')
  try {
    const header = new Uint8Array(ringPlace.headerBytes)
    for (let index = 0; index < areaCount; index++) {
      writeSync(handle, header, 0, undefined, placeInFile(index))
    }
  } finally {
    closeSync(handle)
  }
}

/**
 * Takes the disk for an area of a mapped file before it is written to: where the disk is full the
 * system ends a process that writes to memory which has no room there.
 *
 * @throws Error if the disk is full
 */
export function reserveArea({ path }: Pick<FlightFile, 'path'>, index: number): void {
  const { headerBytes } = ringPlace
  const handle = openSync(path, 'r+')
  try {
    const zeros = new Uint8Array(areaBytes - headerBytes)
    const start = placeInFile(index) + headerBytes
    for (let done = 0; done < zeros.length; ) {
      done += writeSync(handle, zeros, done, zeros.length - done, start + done)
    }
  } finally {
    closeSync(handle)
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
}

function placeInFile(index: number): number {
  return flightBytes - areasBytes + index * areaBytes
}

/** The areas of a file, as memory. @throws Error where that cannot be had */
function mapFlight(path: string, packagePath: string): Areas {
  const koffi = nodeModule.createRequire(packagePath)(packagePath) as Koffi
  const libc = koffi.load(process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6')
  const mmap = libc.func('void *mmap(void *, size_t, int, int, int, int64_t)')
  const handle = openSync(path, 'r+')
  try {
    const place = mmap(null, flightBytes, protReadWrite, mapShared, handle, 0)
    if (BigInt.asIntN(64, BigInt(koffi.address(place))) === -1n) {
      throw new Error(`the system does not map ${flightBytes} bytes of it into memory`)
    }
    // It stays mapped as long as the process lives: memory that is looked at must not go away.
    return areasOfFlight(koffi.view(place, flightBytes))
  } finally {
    closeSync(handle)
  }
}

/** Where the areas of another thread are. */
export function placeOf(areas: SharedArrayBuffer | undefined, file: FlightFile | undefined): Areas {
  if (areas !== undefined) return { buffer: areas, start: 0 }
  if (file?.packagePath === undefined) {
    throw new TypeError('Cannot find the areas: there is neither memory nor a file that is mapped')
  }
  return mapFlight(file.path, file.packagePath)
}

/** What is used of koffi, whose types come with it where it is installed. */
interface Koffi {
  load(library: string): { func(prototype: string): (...args: readonly unknown[]) => unknown }
  address(place: unknown): bigint | number
  view(place: unknown, bytes: number): ArrayBuffer
}

/** Takes the file away: all that was in it was sent. */
export function removeFlight({ path }: FlightFile): void {
  try {
    unlinkSync(path)
  } catch (error) {
    diag.debug('Cannot remove the file of the flight recorder', error)
  }
}

/** Keeps a file as the areas are: what lies in memory is written, and when that was. */
export class FlightWriter {
  readonly #handle: number
  readonly #areas: Areas | undefined
  readonly #life = new Int32Array(flightLife.cells)
  /** Units of each ring that were written. */
  readonly #written = new Int32Array(areaCount)
  /** Areas that are in the file as those of a thread. */
  readonly #isInUse: boolean[] = []
  #isBroken = false

  /** @param areas what has to be copied; undefined where the file is mapped */
  constructor({ path }: FlightFile, areas: Areas | undefined) {
    this.#handle = openSync(path, 'r+')
    this.#areas = areas
  }

  /** It is this time. An error is told once, and then nothing more is written. */
  write(seconds: number, ns: number): void {
    if (this.#isBroken) return
    try {
      if (this.#areas !== undefined) this.#copy(this.#areas)
      this.#life[0] = seconds
      this.#life[1] = ns
      writeSync(this.#handle, new Uint8Array(this.#life.buffer), 0, undefined, flightLife.start)
    } catch (error) {
      this.#isBroken = true
      diag.warn('Cannot write the file of the flight recorder; the rest goes on without it', error)
    }
  }

  close(): void {
    this.#isBroken = true
    closeSync(this.#handle)
  }

  #copy(areas: Areas): void {
    for (let index = 0; index < areaCount; index++) {
      const area = areaOf(areas, index)
      if (area.header[areaCell.state] === areaState.free) {
        if (this.#isInUse[index] === true) this.#clear(index)
        continue
      }
      this.#isInUse[index] = true
      // As it is now, and written last: it must not say more than what is in the file.
      const header = area.header.slice()
      this.#copyRing(areas, index, header[areaCell.head] as number)
      for (const [place, length] of partsInUse(area)) {
        this.#copyPart(areas, index * areaBytes + place, length)
      }
      writeSync(this.#handle, header, 0, undefined, placeInFile(index))
    }
  }

  /** A thread that has ended and was sent is in the file no more. */
  #clear(index: number): void {
    const header = new Uint8Array(ringPlace.headerBytes)
    writeSync(this.#handle, header, 0, undefined, placeInFile(index))
    this.#isInUse[index] = false
    this.#written[index] = 0
  }

  /** What was written to a ring since the last time, in two parts where it goes over its end. */
  #copyRing(areas: Areas, index: number, head: number): void {
    const before = this.#written[index] as number
    const units = Math.min((head - before) >>> 0, ringUnits)
    const first = (head - units) & (ringUnits - 1)
    const untilEnd = Math.min(units, ringUnits - first)
    const at = index * areaBytes + ringPlace.start
    const { unitBytes } = ringPlace
    this.#copyPart(areas, at + first * unitBytes, untilEnd * unitBytes)
    this.#copyPart(areas, at, (units - untilEnd) * unitBytes)
    this.#written[index] = head
  }

  #copyPart(areas: Areas, from: number, length: number): void {
    if (length === 0) return
    const bytes = new Uint8Array(areas.buffer, areas.start + from, length)
    writeSync(this.#handle, bytes, 0, length, placeInFile(0) + from)
  }
}
