// What is reported, as records in memory that a worker reads: on the application's path nothing is
// made for it, no span and no attribute. What a record cannot say goes out as a span.
//
//   begin ──▶ a slot of the table ──end──▶ a record of the ring ──▶ worker
//
// The mark of an operation is its slot's number, or a span that has it and was asked for.
import {
  type Area,
  areaCell,
  areaState,
  cell,
  lossReason,
  number,
  openMax,
  openOfKindLeast,
  recordKind,
  recordKinds,
  slotCount,
  slotNumbers,
  TextWriter,
  unitNumbers,
  type RecordPlace,
} from '@wayward/record'
import { type Context, type Span, trace } from '@opentelemetry/api'
import {
  WAYWARD_LOCK_SCOPE_VALUE_PROCESS,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE,
} from '@wayward/semconv'
import type { Emitter } from '../emit/emitter.ts'
import { toLogRecord } from '../emit/log-record.ts'
import type { Operation, ReportedEvent } from '../report/operation.ts'
import type { Rules } from './detail.ts'
import {
  canBeRecorded,
  kindNumberOf,
  OperationWriter,
  type RecordedOperation,
} from './operation-record.ts'
import { RecordedSpan } from './recorded-span.ts'
import { RingWriter } from './ring-writer.ts'
import { type Parent, parentOf, TraceIds } from './trace-ids.ts'

/** There was no room for it. */
const noSlot = -1
/** A larger event goes out as what it is without a recorder. */
const eventUnitsMax = 512
/** Nothing is told of its class. */
const isOff = Symbol('off')

export interface RecorderSettings {
  readonly area: Area
  /** Takes what a record cannot say. */
  readonly spans: Emitter
  /** How much is told of which class. */
  readonly rules: Rules
  /** Zones are a matter of a sampler, as other spans. */
  readonly areZonesSampled?: boolean
  /** Told once: too many different names. */
  readonly onTextsFull: () => void
}

/** Records what a thread reports. */
export class Recorder implements Emitter {
  readonly #area: Area
  readonly #spans: Emitter
  readonly #ids = new TraceIds()
  readonly #ring: RingWriter
  readonly #table: RecordPlace
  readonly #writer: OperationWriter
  readonly #texts: TextWriter
  /** The slots that are free, the one that was freed last at the end. */
  readonly #free = new Int32Array(slotCount)
  #freeCount = 0
  #slotsUsed = 0
  #openCount = 0
  readonly #openOfKind = new Int32Array(recordKinds)
  #isClosed = false
  readonly #areZonesSampled: boolean
  /** For what has no slot. */
  readonly #spare: RecordPlace

  constructor({ area, spans, rules, areZonesSampled = false, onTextsFull }: RecorderSettings) {
    this.#area = area
    this.#areZonesSampled = areZonesSampled
    this.#spans = spans
    this.#ring = new RingWriter(area)
    this.#table = { cells: area.tableCells, numbers: area.table }
    this.#texts = new TextWriter(area, onTextsFull)
    this.#writer = new OperationWriter(this.#texts, rules)
    const numbers = new Float64Array(slotNumbers)
    this.#spare = { cells: new Int32Array(numbers.buffer), numbers }
  }

  /** What is open of what is recorded. */
  get openCount(): number {
    return this.#openCount
  }

  /** Whether an operation is recorded, and not a span. */
  isRecorded({ mark }: Operation): boolean {
    return typeof mark === 'number' || mark instanceof RecordedSpan || mark === isOff
  }

  /** Whether the worker sees that it is open, or need not. */
  isInTable({ mark }: Operation): boolean {
    return !(mark instanceof RecordedSpan) || mark.slot !== noSlot
  }

  begin(operation: Operation): void {
    const parent = parentOf(operation.parent)
    // A record has no room for a state of the trace.
    const isSpan = hasTraceState(parent) || (this.#areZonesSampled && operation.kind === 'zone')
    if (this.#isClosed || isSpan || !canBeRecorded(operation)) {
      this.#spans.begin(operation)
      return
    }
    if (this.#writer.detailOf(operation).isOff) {
      operation.mark = isOff
      return
    }
    const kind = kindNumberOf(operation)
    const slot = kind === recordKind.queueEnqueue ? noSlot : this.#takeSlot(kind)
    if (slot === noSlot) {
      const { cells } = this.#spare
      this.#ids.write(cells, 0, parent, hasOwnSpan(operation))
      operation.mark = new RecordedSpan(noSlot, cells, 0)
      return
    }
    const table = this.#table
    const at = slot * slotNumbers
    this.#ids.write(table.cells, at * 2, parent, hasOwnSpan(operation))
    this.#writer.write(table, at, operation)
    operation.mark = slot
    const used = ((table.cells[at * 2 + cell.state] as number) >>> 8) + 1
    Atomics.store(table.cells, at * 2 + cell.state, (used << 8) | kind)
  }

  end(operation: Operation, seconds: number, ns: number): void {
    const { mark } = operation
    if (mark === isOff) return
    const slot =
      typeof mark === 'number' ? mark : mark instanceof RecordedSpan ? mark.slot : undefined
    // A span's, or of what began before there was a recorder.
    if (slot === undefined) {
      this.#spans.end(operation, seconds, ns)
      return
    }
    const recorded = operation as RecordedOperation
    const isTold =
      recorded.kind === 'lock_wait' ? recorded.isReported : recorded.kind !== 'queue_wait'
    if (isTold && !this.#isClosed) {
      const weight = this.#weigh(recorded, seconds, ns)
      if (weight > 0) this.#record(recorded, slot, seconds, ns, weight)
      else this.#ring.count(false)
    }
    if (slot !== noSlot) this.#freeSlot(slot)
    if (typeof mark === 'number') operation.mark = undefined
  }

  event(event: ReportedEvent): void {
    const isRecorded = event.kind === 'lock_order' || event.kind === 'lock_misuse'
    if (isRecorded && !this.#isClosed) this.#recordEvent(event, event.context)
    else this.#spans.event(event)
  }

  spanOf(operation: Operation): Span | undefined {
    if (!this.isRecorded(operation)) return this.#spans.spanOf(operation)
    return hasOwnSpan(operation) && operation.mark !== isOff ? this.#marked(operation) : undefined
  }

  contextOf(operation: Operation): Context {
    if (!this.isRecorded(operation)) return this.#spans.contextOf(operation)
    if (!hasOwnSpan(operation) || operation.mark === isOff) return operation.parent
    const marked = this.#marked(operation)
    marked.context ??= trace.setSpan(operation.parent, marked)
    return marked.context
  }

  /** It will be heard of no more; its end may still be recorded. @param reason as the event's */
  forget(operation: Operation, reason: string): void {
    const { mark } = operation
    if (mark === isOff) return
    const slot = typeof mark === 'number' ? mark : (mark as RecordedSpan).slot
    if (slot === noSlot || this.#isClosed) return
    const at = this.#ring.reserve(2)
    if (at !== -1) {
      const { cells, numbers } = this.#ring
      cells[at * 2 + cell.units] = 2
      cells[at * 2 + cell.result] = this.#texts.numberOf(reason)
      numbers[at + number.sequence] = operation.sequence
      cells[at * 2 + cell.state] = recordKind.forgotten
      this.#ring.publish(2)
    }
    operation.mark = new RecordedSpan(noSlot, this.#table.cells, slot * slotNumbers * 2)
    this.#freeSlot(slot)
  }

  /** Counts what the table had no room for. */
  loseOpen(sequence: number): void {
    if (!this.#isClosed) this.#ring.lose(lossReason.openFull, sequence)
  }

  /** Nothing more is recorded; what is there is read to its end. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    Atomics.store(this.#area.header, areaCell.state, areaState.ended)
  }

  #marked(operation: Operation): RecordedSpan {
    const { mark } = operation
    if (mark instanceof RecordedSpan) return mark
    const slot = mark as number
    const marked = new RecordedSpan(slot, this.#table.cells, slot * slotNumbers * 2)
    operation.mark = marked
    return marked
  }

  /** How many operations this one stands for; 0 where it is not told. */
  #weigh(operation: RecordedOperation, seconds: number, ns: number): number {
    const detail = this.#writer.detailOf(operation)
    const lengthNs = (seconds - operation.startSeconds) * 1e9 + ns - operation.startNs
    if (operation.kind === 'lock_hold') {
      const isPlain =
        !operation.isContended &&
        !operation.isWaitedFor &&
        operation.lock.scope === WAYWARD_LOCK_SCOPE_VALUE_PROCESS &&
        !hasChildren(operation)
      return detail.weigh(seconds, Math.max(lengthNs, operation.waitNs), isPlain)
    }
    if (operation.kind === 'queue_item') {
      const isPlain =
        operation.result === WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE &&
        !operation.queue.hasEnqueueSpans &&
        !hasChildren(operation)
      return detail.weigh(seconds, Math.max(lengthNs, operation.waitNs), isPlain)
    }
    return detail.isTold(lengthNs) ? 1 : 0
  }

  #record(
    operation: RecordedOperation,
    slot: number,
    seconds: number,
    ns: number,
    weight: number,
  ): void {
    const ring = this.#ring
    const { cells: from, numbers: fromNumbers } =
      slot === noSlot ? this.#fillSpare(operation) : this.#table
    const fromAt = slot === noSlot ? 0 : slot * slotNumbers
    const cellsAt = fromAt * 2
    const told = from[cellsAt + cell.heldTold] as number
    const length = number.held + told + Math.ceil((from[cellsAt + cell.textBytes] as number) / 8)
    const units = Math.ceil(length / unitNumbers)
    const at = ring.reserve(units)
    if (at === -1) {
      ring.lose(lossReason.ringFull, operation.sequence)
      return
    }
    const { numbers, cells } = ring
    // Not as numbers of eight bytes: of those that are none the machine may change the bits.
    for (let index: number = cell.startSeconds; index <= cell.textBytes; index++) {
      cells[at * 2 + index] = from[cellsAt + index] as number
    }
    for (let index: number = number.sequence; index < number.held + told; index++) {
      numbers[at + index] = fromNumbers[fromAt + index] as number
    }
    for (let index = (number.held + told) * 2; index < length * 2; index++) {
      cells[at * 2 + index] = from[cellsAt + index] as number
    }
    this.#writer.writeEnd(ring, at, operation, seconds, ns)
    cells[at * 2 + cell.weight] = weight
    cells[at * 2 + cell.site] = from[cellsAt + cell.site] as number
    if (operation.kind === 'lock_wait') this.#ids.writeOwn(cells, at * 2)
    cells[at * 2 + cell.state] = kindNumberOf(operation)
    cells[at * 2 + cell.units] = units
    ring.publish(units)
    ring.count(true)
    const parent = parentOf(operation.parent)
    if (parent instanceof RecordedSpan) parent.isAsked = true
  }

  /** Events are few: their attributes are made, and lie in the record as text. */
  #recordEvent(event: ReportedEvent, context: Context): void {
    const ring = this.#ring
    const { attributes, eventName, severityNumber } = toLogRecord(event, undefined)
    const text = Buffer.from(JSON.stringify(attributes))
    const units = Math.ceil((number.held + Math.ceil(text.length / 8)) / unitNumbers)
    // Names of a million characters are too much for it.
    if (units > eventUnitsMax) {
      this.#spans.event(event)
      return
    }
    const at = ring.reserve(units)
    if (at === -1) {
      ring.lose(lossReason.ringFull, event.sequence)
      return
    }
    const { numbers, cells } = ring
    this.#ids.write(cells, at * 2, parentOf(context), false)
    cells[at * 2 + cell.startSeconds] = event.seconds
    cells[at * 2 + cell.startNs] = event.ns
    cells[at * 2 + cell.name] = this.#texts.numberOf(eventName)
    cells[at * 2 + cell.depth] = severityNumber ?? 0
    cells[at * 2 + cell.textBytes] = text.length
    numbers[at + number.sequence] = event.sequence
    text.copy(Buffer.from(numbers.buffer, numbers.byteOffset + (at + number.held) * 8, text.length))
    cells[at * 2 + cell.state] = recordKind.event
    cells[at * 2 + cell.units] = units
    ring.publish(units)
  }

  /** What has no slot is written when it ends. */
  #fillSpare(operation: RecordedOperation): RecordPlace {
    const { mark, parent } = operation
    const spare = this.#spare
    this.#ids.write(spare.cells, 0, parentOf(parent), false)
    if (mark instanceof RecordedSpan) mark.writeIds(spare.cells, 0)
    this.#writer.write(spare, 0, operation)
    return spare
  }

  #takeSlot(kind: number): number {
    const ofKind = this.#openOfKind[kind] as number
    if (this.#openCount >= openMax && ofKind >= openOfKindLeast) return noSlot
    this.#openCount++
    this.#openOfKind[kind] = ofKind + 1
    if (this.#freeCount > 0) return this.#free[--this.#freeCount] as number
    const slot = this.#slotsUsed++
    Atomics.store(this.#area.header, areaCell.slotsUsed, this.#slotsUsed)
    return slot
  }

  #freeSlot(slot: number): void {
    // It may be another thread's by now.
    if (this.#isClosed) return
    const { cells } = this.#table
    const at = slot * slotNumbers * 2 + cell.state
    const state = cells[at] as number
    Atomics.store(cells, at, state & ~0xff)
    this.#openOfKind[state & 0xff] = (this.#openOfKind[state & 0xff] as number) - 1
    this.#free[this.#freeCount++] = slot
    this.#openCount--
  }
}

/** Whether its span has its id before it ends, so that others can be its children. */
function hasOwnSpan({ kind }: Operation): boolean {
  return kind !== 'lock_wait' && kind !== 'queue_wait'
}

/** Whether another may be the child of its span. */
function hasChildren({ mark }: Operation): boolean {
  return mark instanceof RecordedSpan && mark.isAsked
}

function hasTraceState(parent: Parent | undefined): boolean {
  return (
    parent !== undefined && !(parent instanceof RecordedSpan) && parent.traceState !== undefined
  )
}
