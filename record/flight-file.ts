// The file of the flight recorder: the areas of a process's memory, behind what is known of the
// process. It is mapped into memory, or written now and then; so it can be read after the process
// was killed, as far as it is good.
//
//   0        "WAYWARDF", version, length of the head (32 bits each, little endian), head as JSON
//   65,472   life: when the process was last known to run, in seconds and nanoseconds since 1970
//   65,536   areas (layout.ts)
import { readFileSync } from 'node:fs'
import { AreaReader, type OpenSlot, type RecordView } from './area-reader.ts'
import {
  type Area,
  areaCell,
  areaCount,
  areaOf,
  type Areas,
  areasBytes,
  areaState,
  cell,
  layoutVersion,
  number,
  recordKind,
  ringUnits,
  slotCount,
  slotNumbers,
  unitNumbers,
} from './layout.ts'

const magic = 'WAYWARDF'
const headAt = 16
const lifeAt = 65_472
const areasAt = 65_536
const cellsOfUnit = unitNumbers * 2

/** Bytes of a file. */
export const flightBytes = areasAt + areasBytes

/** How it came into the file: what was written to memory is there at once, or some time later. */
export type FlightMode = 'mapped' | 'copied'

/** What is known of the process. */
export interface FlightHead {
  readonly pid: number
  /** Of the process, in ticks since the boot, where the system says it; else 0. */
  readonly processStart: number
  readonly host: string
  readonly sessionId: string
  readonly serviceName: string
  readonly startedAt: string
  readonly mode: FlightMode
  /** How often what is open is told, in nanoseconds. */
  readonly snapshotNs: number
  /** The content of OTLP's `Resource`, as base64. */
  readonly resource: string
  readonly scopeName: string
}

/** A file cannot be read; the message says why, for people. */
export class FlightError extends Error {
  override readonly name = 'FlightError'
}

/** The beginning of a new file. */
export function createFlight(head: FlightHead): Uint8Array {
  const bytes = Buffer.alloc(areasAt)
  const text = Buffer.from(JSON.stringify(head))
  if (headAt + text.length > lifeAt) {
    throw new FlightError(
      `Cannot make the file: what is known of the process has ${text.length} bytes, at most ${lifeAt - headAt} are wanted; shorten its name and resource attributes`,
    )
  }
  bytes.write(magic)
  bytes.writeUInt32LE(layoutVersion, 8)
  bytes.writeUInt32LE(text.length, 12)
  text.copy(bytes, headAt)
  const startedMs = Date.parse(head.startedAt)
  bytes.writeInt32LE(Math.floor(startedMs / 1000), lifeAt)
  bytes.writeInt32LE((startedMs % 1000) * 1e6, lifeAt + 4)
  return bytes
}

/** The areas of a file that is mapped into memory or was read. */
export function areasOfFlight(buffer: ArrayBufferLike): Areas {
  return { buffer, start: areasAt }
}

/** Where the life of a file stands, and the cells of it. */
export const flightLife = { start: lifeAt, cells: 2, importedAt: lifeAt + 8 } as const

/** When a process started, in ticks since the boot; 0 where that is not known, or it is gone. */
export function processStartOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the command, which may have blanks and brackets in it, is the second field.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) || 0
  } catch {
    return 0
  }
}

/** What a thread of the process had recorded. */
export interface FlightThread {
  readonly threadId: number
  /** What was open. */
  open(): readonly RecordView[]
  /** What ended last, the oldest first: all that is still there, or what was not sent. */
  read(unsentOnly: boolean, onRecord: (view: RecordView, kind: number) => void): void
  /** Whether something after that was damaged, and not read. */
  readonly isTorn: boolean
  /** Whether it may have recorded more that was not sent, and that is there no more. */
  readonly isPartLost: boolean
}

/** A file, read. */
export interface Flight {
  readonly head: FlightHead
  /** When the process was last known to run. */
  readonly seconds: number
  readonly ns: number
  readonly threads: readonly FlightThread[]
  /** Requests of it that an import has sent. */
  readonly importedRequests: number
  /** Bytes that are missing at its end. */
  readonly missingBytes: number
}

/**
 * @param file is read where it lies, and may be changed
 * @throws FlightError for what is no such file, or of another version
 */
export function readFlight(file: Uint8Array): Flight {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  if (bytes.toString('latin1', 0, magic.length) !== magic) {
    throw new FlightError('it is no file of the flight recorder: it does not begin with WAYWARDF')
  }
  if (bytes.length < headAt) throw new FlightError('it ends before it says what it is')
  const found = bytes.readUInt32LE(8)
  if (found !== layoutVersion) {
    throw new FlightError(`it is of version ${found}, and version ${layoutVersion} can be read`)
  }
  const head = readHead(bytes)
  const buffer = wholeOf(file)
  const life = new Int32Array(buffer, lifeAt, flightLife.cells + 1)
  const areas = areasOfFlight(buffer)
  const threads: FlightThread[] = []
  for (let index = 0; index < areaCount; index++) {
    const area = areaOf(areas, index)
    const state = area.header[areaCell.state] as number
    if (state === areaState.recording || state === areaState.ended) threads.push(threadOf(area))
  }
  return {
    head,
    seconds: life[0] as number,
    ns: life[1] as number,
    threads,
    importedRequests: life[2] as number,
    missingBytes: Math.max(0, flightBytes - bytes.length),
  }
}

/** What is missing is taken for zeros, which is nothing. */
function wholeOf(file: Uint8Array): ArrayBufferLike {
  if (file.length === flightBytes && file.byteOffset === 0) return file.buffer
  const whole = new Uint8Array(flightBytes)
  whole.set(file.subarray(0, flightBytes))
  return whole.buffer
}

function readHead(bytes: Buffer): FlightHead {
  const length = bytes.readUInt32LE(12)
  try {
    if (headAt + length > Math.min(lifeAt, bytes.length)) throw new Error(`length ${length}`)
    const head = JSON.parse(bytes.toString('utf8', headAt, headAt + length)) as FlightHead
    const { pid, serviceName, sessionId, resource, scopeName } = head
    const texts = [serviceName, sessionId, resource, scopeName]
    if (!Number.isSafeInteger(pid) || texts.some((text) => typeof text !== 'string')) {
      throw new Error('fields are missing')
    }
    return head
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new FlightError(`what it says of its process is damaged: ${why}`)
  }
}

function threadOf(area: Area): FlightThread {
  const { header } = area
  // What a header says is not believed.
  header[areaCell.textsEnd] = within(header[areaCell.textsEnd] as number, area.texts.length)
  header[areaCell.slotsUsed] = within(header[areaCell.slotsUsed] as number, slotCount)
  const { oldest, unsent, end, isTorn, isPartLost } = soundPart(area)
  const reader = new AreaReader(area)
  return {
    threadId: reader.threadId,
    isTorn,
    isPartLost,
    open: () => openOf(reader),
    read(unsentOnly, onRecord) {
      header[areaCell.head] = end
      header[areaCell.tail] = unsentOnly ? unsent : oldest
      new AreaReader(area).read(onRecord)
    },
  }
}

function openOf(reader: AreaReader): readonly RecordView[] {
  const slots: readonly OpenSlot[] = reader.open(true)
  const found: RecordView[] = []
  for (const slot of slots) {
    const view = reader.copy(slot)
    if (view !== undefined && isSound(view, slotNumbers / unitNumbers)) found.push(view)
  }
  return found
}

function within(value: number, max: number): number {
  return value < 0 || value > max ? 0 : value
}

interface Part {
  /** Units where the oldest record begins, the first that was not sent, and the end. */
  readonly oldest: number
  readonly unsent: number
  readonly end: number
  readonly isTorn: boolean
  readonly isPartLost: boolean
}

/** The part of a ring that can be read: from where a record begins, as far as it is good. */
function soundPart(area: Area): Part {
  const { header } = area
  const [head, tail, sent, mark] = [
    header[areaCell.head] as number,
    header[areaCell.tail] as number,
    header[areaCell.sent] as number,
    header[areaCell.markBefore] as number,
  ]
  const oldest =
    [mark, sent, tail, head].find(
      (from) => ((head - from) | 0) >= 0 && ((head - from) | 0) <= ringUnits,
    ) ?? head
  const begins = new Set<number>()
  let at = oldest
  while (at !== head) {
    const units = unitsAt(area, at, (head - at) | 0)
    if (units === undefined) break
    begins.add(at)
    at = (at + units) | 0
  }
  begins.add(at)
  // What was read and not sent has gone with the process: where it reaches back beyond the ring,
  // nothing in the ring was sent.
  const isOlder = ((oldest - sent) | 0) > 0
  const unsent = begins.has(sent) ? sent : isOlder ? oldest : begins.has(tail) ? tail : at
  const isPartLost = unsent !== sent
  return { oldest, unsent, end: at, isTorn: at !== head, isPartLost }
}

/** How long a record is; undefined where it cannot be one. */
function unitsAt(area: Area, at: number, left: number): number | undefined {
  const place = at & (ringUnits - 1)
  const { ringCells: cells, ring: numbers } = area
  const units = cells[place * cellsOfUnit + cell.units] as number
  const kind = (cells[place * cellsOfUnit + cell.state] as number) & 0xff
  if (units < 1 || units > left || place + units > ringUnits) return undefined
  if (kind === recordKind.filler) return units
  const view = { cells, numbers, at: place * unitNumbers }
  return kind >= recordKind.lockWait && kind <= recordKind.event && isSound(view, units)
    ? units
    : undefined
}

/** Whether what a record says of its own length is so. */
function isSound(view: Pick<RecordView, 'cells' | 'at'>, units: number): boolean {
  const told = view.cells[view.at * 2 + cell.heldTold] as number
  const text = view.cells[view.at * 2 + cell.textBytes] as number
  const kind = (view.cells[view.at * 2 + cell.state] as number) & 0xff
  if (kind === recordKind.forgotten) return true
  const least = kind === recordKind.event ? number.held : number.held + told
  return told >= 0 && told <= heldMost && text >= 0 && least * 8 + text <= units * unitNumbers * 8
}

/** Locks that a record names at most of those that are held. */
const heldMost = 32
