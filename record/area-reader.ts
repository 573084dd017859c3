// Reads an area that another thread writes, without ever holding it up.
import {
  type Area,
  areaCell,
  areaCount,
  areaOf,
  areaState,
  cell,
  countsAt,
  endedCountsAt,
  flag,
  lossesAt,
  lossFigures,
  lossReasonCount,
  type Memory,
  number,
  type RecordPlace,
  recordKind,
  ringUnits,
  slotNumbers,
  unitNumbers,
} from './layout.ts'
import { TextReader } from './texts.ts'

/** A record or an open slot, where it lies; valid until the call that gave it returns. */
export interface RecordView extends RecordPlace {
  /** Where it begins, in numbers of eight bytes. */
  readonly at: number
  /** Of a record: where it ends in the ring, in units. */
  readonly end: number
  readonly texts: TextReader
  readonly threadId: number
}

/** Losses of one reason. */
export interface LossCount {
  readonly reason: number
  readonly count: number
  readonly firstSequence: number
  readonly lastSequence: number
}

/** What of an open operation is kept to tell its end. */
export interface OpenSlot {
  readonly slot: number
  /** The cell of the slot while it is open. */
  readonly state: number
  readonly startSeconds: number
  readonly startNs: number
}

/** Reads an area, while its thread writes it or afterwards. */
export class AreaReader {
  readonly threadId: number
  readonly systemThreadId: number
  readonly #area: Area
  readonly #texts: TextReader
  #tail: number

  constructor(area: Area) {
    this.#area = area
    this.#texts = new TextReader(area)
    this.threadId = area.header[areaCell.threadId] as number
    this.systemThreadId = area.header[areaCell.systemThreadId] as number
    this.#tail = Atomics.load(area.header, areaCell.tail)
  }

  get hasEnded(): boolean {
    return Atomics.load(this.#area.header, areaCell.state) === areaState.ended
  }

  /** Reads what was written since the last time. @returns how many records */
  read(onRecord: (view: RecordView, kind: number) => void): number {
    const { header, ringCells: cells, ring: numbers } = this.#area
    const head = Atomics.load(header, areaCell.head)
    const { threadId } = this
    const view = { cells, numbers, at: 0, end: 0, texts: this.#texts, threadId }
    let count = 0
    while (this.#tail !== head) {
      view.at = (this.#tail & (ringUnits - 1)) * unitNumbers
      const kind = (cells[view.at * 2 + cell.state] as number) & 0xff
      const units = cells[view.at * 2 + cell.units] as number
      view.end = (this.#tail + units) | 0
      if (kind !== recordKind.filler) {
        onRecord(view, kind)
        count++
      }
      this.#tail = view.end
      Atomics.store(header, areaCell.tail, this.#tail)
    }
    return count
  }

  /** All that was read so far was sent. */
  markSent(end = this.#tail): void {
    Atomics.store(this.#area.header, areaCell.sent, end)
  }

  /** What is open of the kinds that are told, in no order. @param hasZones zones as well */
  open(hasZones = false): OpenSlot[] {
    const { header, tableCells: cells } = this.#area
    const used = Atomics.load(header, areaCell.slotsUsed)
    const found: OpenSlot[] = []
    for (let slot = 0; slot < used; slot++) {
      const at = slot * slotNumbers * 2
      const state = Atomics.load(cells, at + cell.state)
      const kind = state & 0xff
      if (kind === recordKind.free || (kind === recordKind.zone && !hasZones)) continue
      const startSeconds = cells[at + cell.startSeconds] as number
      const startNs = cells[at + cell.startNs] as number
      if (Atomics.load(cells, at + cell.state) !== state) continue
      found.push({ slot, state, startSeconds, startNs })
    }
    return found
  }

  isOpen({ slot, state }: Pick<OpenSlot, 'slot' | 'state'>): boolean {
    return Atomics.load(this.#area.tableCells, slot * slotNumbers * 2 + cell.state) === state
  }

  /** A copy of a slot; undefined where what was open has ended meanwhile. */
  copy(open: OpenSlot): RecordView | undefined {
    const from = open.slot * slotNumbers
    const cells = this.#area.tableCells.slice(from * 2, (from + slotNumbers) * 2)
    if (!this.isOpen(open)) return undefined
    const numbers = new Float64Array(cells.buffer)
    return { cells, numbers, at: 0, end: 0, texts: this.#texts, threadId: this.threadId }
  }

  /**
   * What was lost since the last time but one: the thread counts in the other bank meanwhile, so
   * that none of what it writes is read or cleared.
   */
  takeLosses(): LossCount[] {
    const { header, figures } = this.#area
    const bank = Atomics.xor(header, areaCell.lossBank, 1) & 1
    const found: LossCount[] = []
    for (let reason = 0; reason < lossReasonCount; reason++) {
      const at = lossesAt + ((bank ^ 1) * lossReasonCount + reason) * lossFigures
      const count = figures[at] as number
      if (count === 0) continue
      found.push({
        reason,
        count,
        firstSequence: figures[at + 1] as number,
        lastSequence: figures[at + 2] as number,
      })
      figures.fill(0, at, at + lossFigures)
    }
    return found
  }

  /** Gives the area back, for another thread. @param counts where its counts are added to */
  release(counts: Float64Array): void {
    const { header, figures, tableCells } = this.#area
    const used = header[areaCell.slotsUsed] as number
    for (let slot = 0; slot < used; slot++) tableCells[slot * slotNumbers * 2 + cell.state] = 0
    for (let index = 0; index < 2; index++) {
      const at = endedCountsAt + index
      counts[at] = (counts[at] as number) + (figures[countsAt + index] as number)
    }
    figures.fill(0, lossesAt)
    header.fill(0, areaCell.threadId, lossesAt * 2)
    Atomics.store(header, areaCell.state, areaState.free)
  }
}

/** Operations of a process that were told one by one, and those that others stand for. */
export function countRecorded(memory: Memory): {
  readonly recorded: number
  readonly thinned: number
} {
  let recorded = memory.figures[endedCountsAt] as number
  let thinned = memory.figures[endedCountsAt + 1] as number
  for (let index = 0; index < areaCount; index++) {
    const { figures } = areaOf(memory.areas, index)
    recorded += figures[countsAt] as number
    thinned += figures[countsAt + 1] as number
  }
  return { recorded, thinned }
}

/** Records that nobody has read; exact only while nobody reads. */
export function countUnread({ header, ringCells: cells }: Area): number {
  const head = Atomics.load(header, areaCell.head)
  let count = 0
  for (let tail = Atomics.load(header, areaCell.tail); tail !== head; ) {
    const at = (tail & (ringUnits - 1)) * unitNumbers * 2
    if (((cells[at + cell.state] as number) & 0xff) !== recordKind.filler) count++
    tail = (tail + (cells[at + cell.units] as number)) | 0
  }
  return count
}

/** The sequence number of a record or slot. */
export function sequenceOf({ numbers, at }: RecordView): number {
  return numbers[at + number.sequence] as number
}

/** The text behind the fixed part of a record. */
export function textOf({ cells, numbers, at }: RecordView, told: number): string {
  const start = numbers.byteOffset + (at + number.held + told) * 8
  return Buffer.from(numbers.buffer, start, cells[at * 2 + cell.textBytes]).toString()
}

/** The id of an item, which is a number or text. */
export function itemIdOf(view: RecordView): string {
  const { cells, numbers, at } = view
  const isText = ((cells[at * 2 + cell.flags] as number) & flag.hasItemText) !== 0
  return isText
    ? textOf(view, cells[at * 2 + cell.heldTold] as number)
    : String(numbers[at + number.item])
}
