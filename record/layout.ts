// Where what is recorded lies: two pieces of memory, which all threads of the process share. The
// areas may be a file that is mapped into memory (flight-file.ts).
//
//   control:  process header │ details
//   areas:    area │ area │ …        one for each thread that records
//   area:     header │ texts │ table │ ring
//
//   texts   what is named, once each, in the order of its first use: length and UTF-8; its number
//           is its place in that order. Only ever added to.
//   table   what is open, a slot each.
//   ring    what has ended: records in the order of their ends.
//
// One thread writes an area, one reader reads it, and neither waits for the other: what is written
// is published by an atomic store of where it ends. The memory is not touched before it is used, so
// areas that nobody took cost address space only.

/** Another number for each layout: of threads and files of another one nothing is read. */
export const layoutVersion = 2

/** Threads of a process that can record at a time. */
export const areaCount = 16
/** Operations of a thread that are open and in its table at a time. */
export const openMax = 10_240
/** So many of each kind are in it all the same: a flood of one must not hide the others. */
export const openOfKindLeast = 1024
/** Slots of a table. */
export const slotCount = openMax + 5 * openOfKindLeast
/** Numbers of eight bytes in a slot. */
export const slotNumbers = 64
/** The ring is counted in units of this many numbers. */
export const unitNumbers = 16
/** Units of the ring; a power of two. */
export const ringUnits = 16_384
const textBytes = 512 * 1024

const processHeaderBytes = 256
/** How much is told of what is text: by whom it was said, in the process and from outside. */
export const detailSources = 2
/** Bytes that each may say. */
export const detailBytesMax = 65_536
const detailsBytes = detailSources * detailBytesMax
const areaHeaderBytes = 512
const tableBytes = slotCount * slotNumbers * 8
const ringBytes = ringUnits * unitNumbers * 8
/** Bytes of one area. */
export const areaBytes = areaHeaderBytes + textBytes + tableBytes + ringBytes

const controlBytes = processHeaderBytes + detailsBytes
/** Bytes of all areas. */
export const areasBytes = areaCount * areaBytes

/** Cells of the process's header, as whole numbers of 32 bits. */
export const processCell = {
  /** Counts up with each demand to send all that is there. */
  flushAsked: 0,
  /** The last demand that was met. */
  flushDone: 1,
  /** Records that are read, and not yet sent. */
  unsent: 2,
  /** Spans and events that were lost. */
  dropped: 3,
  /** 1 when nobody reads any more. */
  isGone: 4,
  /** Changes with the details. */
  detailGeneration: 5,
  /** Bytes of details, by their source; below zero while they are written. */
  detailBytes: 6,
  /** 1 when what was not sent is given up, and counted as lost. */
  isGivenUp: 8,
  /** 1 when something that was read was not sent, and will not be. */
  hasGivenUp: 9,
  /** Counts up with each demand to tell all that is open. */
  snapshotAsked: 10,
} as const

/** Cells of an area's header. */
export const areaCell = {
  /** See `areaState`. */
  state: 0,
  /** `thread.id`. */
  threadId: 1,
  /** The system's number of the thread; 0 where it is not known. */
  systemThreadId: 2,
  /** Where the texts end, in bytes. */
  textsEnd: 3,
  /** Units written to the ring since the area was taken, modulo 2^32. */
  head: 4,
  /** Units read, modulo 2^32. */
  tail: 5,
  /** Slots that were ever in use. */
  slotsUsed: 6,
  /** Which of the two banks the thread counts its losses in. */
  lossBank: 7,
  /** Units whose records were sent, modulo 2^32. */
  sent: 8,
  /** Where the first record begins in the half of the ring that is written, and the one before. */
  mark: 9,
  markBefore: 10,
} as const

/** What an area is used for. */
export const areaState = { free: 0, taken: 1, recording: 2, ended: 3 } as const

/** Losses are counted in the header's numbers of eight bytes from here on: bank, reason, figure. */
export const lossesAt = 16
/** Figures of a reason. */
export const lossFigures = 4
/** Reasons, by their place. */
export const lossReason = { ringFull: 0, openFull: 1 } as const
/** How many reasons there are. */
export const lossReasonCount = 2
/** Behind them: operations that were told one by one, and those that others stand for. */
export const countsAt = lossesAt + 2 * lossReasonCount * lossFigures
/** The same of threads that have ended, among the process's numbers of eight bytes. */
export const endedCountsAt = 16

/** What a record or a slot is of. The number stands in the lowest byte of its first cell. */
export const recordKind = {
  free: 0,
  lockWait: 1,
  lockHold: 2,
  queueEnqueue: 3,
  queueWait: 4,
  queueItem: 5,
  zone: 6,
  /** An open operation will be heard of no more. */
  forgotten: 7,
  /** An event, whose attributes are its text, as JSON. */
  event: 8,
  /** What is left of the ring up to its end. */
  filler: 255,
} as const

/** Kinds that can have a slot are below this. */
export const recordKinds = 8

/** Cells of 32 bits of a record or slot. */
export const cell = {
  /** The kind, and above it a count that changes with each use of the slot. */
  state: 0,
  units: 1,
  startSeconds: 2,
  startNs: 3,
  endSeconds: 4,
  endNs: 5,
  spanId: 6,
  traceId: 8,
  parentSpanId: 12,
  flags: 14,
  taskName: 15,
  name: 16,
  type: 17,
  scope: 18,
  mode: 19,
  depth: 20,
  heldCount: 21,
  heldTold: 22,
  result: 23,
  errorType: 24,
  /** Bytes of text behind the locks that are held. */
  textBytes: 25,
  /** How many operations a record stands for. */
  weight: 26,
  /** Where a lock was asked for, see report/call-sites.ts. */
  site: 27,
} as const

/** Numbers of eight bytes of a record or slot. */
export const number = {
  sequence: 14,
  anchorMs: 15,
  task: 16,
  /** Of a lock or queue; a text's number below zero where it is not one of ours. */
  id: 17,
  /** The wait of a hold or an item, the time-out of a wait. */
  durationNs: 18,
  /** The task that holds what is waited for. */
  holder: 19,
  /** The item's number within its queue. */
  item: 19,
  permits: 20,
  priority: 20,
  capacity: 21,
  /** Of a wait: the text of its chain, with `chainSeparator` between the links. */
  chain: 21,
  concurrency: 22,
  /** Waiters or items that were there already. */
  size: 23,
  /** The ids of the locks that are held, then the text. */
  held: 24,
} as const

/** Between the links of a chain, in its text. */
export const chainSeparator = '\u0000'

/** Bits of `cell.flags` above the trace flags. */
export const flag = {
  isParentRemote: 1 << 8,
  isContended: 1 << 9,
  hasPermits: 1 << 10,
  hasTimeout: 1 << 11,
  hasPriority: 1 << 12,
  hasCapacity: 1 << 13,
  hasConcurrency: 1 << 14,
  /** The item's id is text. */
  hasItemText: 1 << 15,
} as const

/** Where a record is written: cells of 32 bits, and the same as numbers of eight bytes. */
export interface RecordPlace {
  readonly cells: Int32Array
  readonly numbers: Float64Array
}

/** An area, as views of the memory. */
export interface Area {
  readonly header: Int32Array
  readonly figures: Float64Array
  readonly texts: Uint8Array
  readonly tableCells: Int32Array
  readonly table: Float64Array
  readonly ringCells: Int32Array
  readonly ring: Float64Array
}

/** The memory of a process. */
export interface Memory {
  readonly control: SharedArrayBuffer
  readonly areas: Areas
  readonly header: Int32Array
  /** The header as numbers of eight bytes. */
  readonly figures: Float64Array
  readonly details: readonly Uint8Array[]
}

/** Where the areas lie in a buffer. */
export interface Areas {
  readonly buffer: ArrayBufferLike
  readonly start: number
}

/** New memory; its areas may lie elsewhere. */
export function createMemory(areas?: Areas): Memory {
  const given = areas ?? { buffer: new SharedArrayBuffer(areasBytes), start: 0 }
  return openMemory(new SharedArrayBuffer(controlBytes), given)
}

/** Memory that another thread made. */
export function openMemory(control: SharedArrayBuffer, areas: Areas): Memory {
  return {
    control,
    areas,
    header: new Int32Array(control, 0, processHeaderBytes / 4),
    figures: new Float64Array(control, 0, processHeaderBytes / 8),
    details: Array.from(
      { length: detailSources },
      (_, source) =>
        new Uint8Array(control, processHeaderBytes + source * detailBytesMax, detailBytesMax),
    ),
  }
}

/** @param index from 0 to `areaCount` - 1 */
export function areaOf(areas: Areas, index: number): Area {
  const { buffer } = areas
  const start = areas.start + index * areaBytes
  const textsAt = start + areaHeaderBytes
  const tableAt = textsAt + textBytes
  const ringAt = tableAt + tableBytes
  return {
    header: new Int32Array(buffer, start, areaHeaderBytes / 4),
    figures: new Float64Array(buffer, start, areaHeaderBytes / 8),
    texts: new Uint8Array(buffer, textsAt, textBytes),
    tableCells: new Int32Array(buffer, tableAt, tableBytes / 4),
    table: new Float64Array(buffer, tableAt, tableBytes / 8),
    ringCells: new Int32Array(buffer, ringAt, ringBytes / 4),
    ring: new Float64Array(buffer, ringAt, ringBytes / 8),
  }
}

/** Texts and table of an area as far as they are in use, as places in it: the rest is zeros. */
export function partsInUse(area: Area): readonly (readonly [from: number, length: number])[] {
  const tableAt = areaHeaderBytes + textBytes
  const slots = Atomics.load(area.header, areaCell.slotsUsed)
  return [
    [areaHeaderBytes, Atomics.load(area.header, areaCell.textsEnd)],
    [tableAt, slots * slotNumbers * 8],
  ]
}

/** Where the ring is in an area, how long a unit, and how long what all begins with. */
export const ringPlace = {
  headerBytes: areaHeaderBytes,
  start: areaHeaderBytes + textBytes + tableBytes,
  unitBytes: unitNumbers * 8,
} as const

/** Takes an area for this thread, which is not read before its state is `recording`. */
export function takeArea(memory: Memory): Area | undefined {
  for (let index = 0; index < areaCount; index++) {
    const area = areaOf(memory.areas, index)
    const { free, taken } = areaState
    if (Atomics.compareExchange(area.header, areaCell.state, free, taken) === free) return area
  }
  return undefined
}
