import {
  type Area,
  areaCell,
  cell,
  countsAt,
  lossesAt,
  lossFigures,
  lossReasonCount,
  recordKind,
  ringUnits,
  unitNumbers,
} from '@wayward/record'

const cellsOfUnit = unitNumbers * 2
const halfUnits = ringUnits / 2

/** Writes the records of a thread. A ring that is full takes no more until some are read. */
export class RingWriter {
  readonly cells: Int32Array
  readonly numbers: Float64Array
  readonly #header: Int32Array
  readonly #figures: Float64Array
  /** Units written and, as far as it is known here, read; modulo 2^32. */
  #head: number
  #tail: number

  constructor({ header, figures, ringCells, ring }: Area) {
    this.cells = ringCells
    this.numbers = ring
    this.#header = header
    this.#figures = figures
    this.#head = Atomics.load(header, areaCell.head)
    this.#tail = Atomics.load(header, areaCell.tail)
  }

  /** @returns where the record begins, in numbers of eight bytes; -1 where there is no room */
  reserve(units: number): number {
    const place = this.#head & (ringUnits - 1)
    const rest = place + units > ringUnits ? ringUnits - place : 0
    if (!this.#hasRoom(rest + units)) return -1
    if (rest === 0) return place * unitNumbers
    this.cells[place * cellsOfUnit + cell.state] = recordKind.filler
    this.cells[place * cellsOfUnit + cell.units] = rest
    this.#head = (this.#head + rest) | 0
    this.#mark(this.#head)
    return 0
  }

  /** What was reserved is written. */
  publish(units: number): void {
    const head = (this.#head + units) | 0
    if (((head ^ this.#head) & halfUnits) !== 0) this.#mark(head)
    this.#head = head
    Atomics.store(this.#header, areaCell.head, this.#head)
  }

  /** Counts an operation that is told, or one that another stands for. */
  count(isTold: boolean): void {
    const at = isTold ? countsAt : countsAt + 1
    this.#figures[at] = (this.#figures[at] as number) + 1
  }

  /** What found no room, in the ring or the table, is counted. */
  lose(reason: number, sequence: number): void {
    const bank = Atomics.load(this.#header, areaCell.lossBank) & 1
    const at = lossesAt + (bank * lossReasonCount + reason) * lossFigures
    const figures = this.#figures
    figures[at] = (figures[at] as number) + 1
    const first = figures[at + 1] as number
    if (first === 0 || sequence < first) figures[at + 1] = sequence
    if (sequence > (figures[at + 2] as number)) figures[at + 2] = sequence
  }

  /** A half of the ring is full: whoever reads it later finds where the other one begins. */
  #mark(head: number): void {
    const header = this.#header
    Atomics.store(header, areaCell.markBefore, header[areaCell.mark] as number)
    Atomics.store(header, areaCell.mark, head)
  }

  #hasRoom(units: number): boolean {
    if (ringUnits - ((this.#head - this.#tail) | 0) >= units) return true
    this.#tail = Atomics.load(this.#header, areaCell.tail)
    return ringUnits - ((this.#head - this.#tail) | 0) >= units
  }
}
