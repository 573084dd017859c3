// What is open is told by snapshots, and what was told is told again when it ends. The table is
// read from outside: a thread that hangs is told with all that it holds.
import {
  type AreaReader,
  cell,
  encodeEnded,
  encodeOpen,
  type EventFacts,
  number,
  type OpenSlot,
  type RecordEncoder,
  recordKind,
  type RecordView,
  sequenceOf,
} from '@wayward/record'
import { oldestOfEach, type SnapshotSettings } from '../report/open-operations.ts'
import { elapsedNs } from '../process/clock.ts'
import type { ProcessState } from '../process/process-state.ts'

/** Takes an event that is encoded. @param isEnd whether it tells an end, which may not be lost */
export type SendEvent = (bytes: Uint8Array, sequence: number, isEnd: boolean) => void

interface Told {
  readonly open: OpenSlot
  readonly view: RecordView
}

/** The open operations of one thread that were told. */
export class OpenReports {
  readonly #reader: AreaReader
  readonly #process: ProcessState
  readonly #encoder: RecordEncoder
  readonly #send: SendEvent
  /** By sequence number. */
  readonly #told = new Map<number, Told>()

  constructor(reader: AreaReader, process: ProcessState, encoder: RecordEncoder, send: SendEvent) {
    this.#reader = reader
    this.#process = process
    this.#encoder = encoder
    this.#send = send
  }

  /** Tells all that is old enough, and the ends of what has gone without a record of its own. */
  snapshot({ thresholdMs, operationsMax, intervalMs }: SnapshotSettings): void {
    for (const [sequence, told] of this.#told) {
      if (!this.#reader.isOpen(told.open)) this.#tellEnd(sequence, told, undefined)
    }
    const old = this.#reader
      .open()
      .filter((open) => this.#ageNs(open) >= thresholdMs * 1e6)
      .toSorted((a, b) => a.startSeconds - b.startSeconds || a.startNs - b.startNs)
    for (const open of oldestOfEach(old, operationsMax, ({ state }) => state & 0xff)) {
      const view = this.#reader.copy(open)
      if (view === undefined) continue
      const facts = this.#facts(view)
      if (facts.ageNs < thresholdMs * 1e6) continue
      this.#told.set(sequenceOf(view), { open, view })
      this.#send(encodeOpen(this.#encoder, view, facts, intervalMs * 1e6), facts.sequence, false)
    }
  }

  /** A record of it was read: it has ended, or is followed no more for the reason that it says. */
  ended(record: RecordView): void {
    if (this.#told.size === 0) return
    const sequence = sequenceOf(record)
    const told = this.#told.get(sequence)
    if (told === undefined) return
    const { cells, at, texts } = record
    const isForgotten = ((cells[at * 2 + cell.state] as number) & 0xff) === recordKind.forgotten
    const reason = isForgotten ? texts.textOf(cells[at * 2 + cell.result] as number) : undefined
    this.#tellEnd(sequence, told, reason)
  }

  /** Nothing more will be heard of what was told. */
  finish(reason: string): void {
    for (const [sequence, told] of this.#told) {
      const isOpen = this.#reader.isOpen(told.open)
      this.#tellEnd(sequence, told, isOpen ? reason : undefined)
    }
  }

  #tellEnd(sequence: number, { view }: Told, reason: string | undefined): void {
    this.#told.delete(sequence)
    const facts = this.#facts(view)
    this.#send(encodeEnded(this.#encoder, view, facts, reason), facts.sequence, true)
  }

  #ageNs(open: OpenSlot): number {
    return elapsedNs(open, this.#process.clock.read())
  }

  /** By the operation's own anchor: never earlier than its start, or than the snapshot before. */
  #facts(view: RecordView): EventFacts {
    const { cells, numbers, at } = view
    const { clock, nextSequence, uptimeNs } = this.#process
    const { seconds, ns } = clock.read(numbers[at + number.anchorMs])
    const startSeconds = cells[at * 2 + cell.startSeconds] as number
    const startNs = cells[at * 2 + cell.startNs] as number
    const ageNs = elapsedNs({ startSeconds, startNs }, { seconds, ns })
    return { seconds, ns, sequence: nextSequence(), ageNs, uptimeNs: uptimeNs() }
  }
}
