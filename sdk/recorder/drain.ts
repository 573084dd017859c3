// Reads what the threads of a process record, and sends it. It runs in a worker, which a hanging
// application does not stop; where none can be had, on a timer of the application's own thread.
//
//   areas ──▶ record-encoder ──▶ export queue ──▶ record-exporter ──▶ collector
//     └─ open ──▶ open-reports ──────▲
import {
  type Area,
  areaCell,
  areaCount,
  areaOf,
  AreaReader,
  areaState,
  countRecorded,
  encodeEvent,
  encodeLoss,
  lossReason,
  type Memory,
  processCell,
  RecordEncoder,
  recordKind,
  type RecordView,
  sequenceOf,
} from '@wayward/record'
import { existsSync } from 'node:fs'
import { diag } from '@opentelemetry/api'
import {
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_OPEN_FULL,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL,
  WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED,
  WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN,
  EVENT_WAYWARD_EVENTS_DROPPED,
  EVENT_WAYWARD_OPERATION_ENDED,
} from '@wayward/semconv'
import {
  createExportLine,
  createExportQueue,
  type ExportLine,
  type ExportQueue,
} from '../emit/export-queue.ts'
import type { QueueLimits } from '../process/environment.ts'
import type { ProcessState } from '../process/process-state.ts'
import { createLossReport, type LossReport } from '../report/loss-report.ts'
import type { SnapshotSettings } from '../report/open-operations.ts'
import type { LossEvent } from '../report/operation.ts'
import { type ControlCounts, ControlPoller, type ControlSettings } from './control-poller.ts'
import { DetailBook, detailSource } from './detail-book.ts'
import { type FlightFile, FlightWriter } from './flight-recorder.ts'
import { exportLater } from './late-exporter.ts'
import { OpenReports } from './open-reports.ts'
import type {
  EncodedItem,
  RecordExporter,
  RecordExporterSettings,
  RecordSignal,
} from './record-exporter.ts'

/** How often the rings are read. */
const readMs = 20
const secondMs = 1000
/** How often the file of the flight recorder is told that the process lives. */
const flightMs = 100

const lossReasons: Readonly<Record<number, string>> = {
  [lossReason.ringFull]: WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL,
  [lossReason.openFull]: WAYWARD_EVENTS_DROPPED_REASON_VALUE_OPEN_FULL,
}

export interface DrainSettings extends RecordExporterSettings {
  readonly spanLimits: QueueLimits
  readonly logLimits: QueueLimits
  readonly snapshots: SnapshotSettings
  /** Whom to ask how much is told of which class; nobody by default. */
  readonly control: ControlSettings | undefined
  /** The file of the flight recorder. */
  readonly file: FlightFile | undefined
}

function openWriter(file: FlightFile, { areas }: Memory): FlightWriter | undefined {
  try {
    return new FlightWriter(file, file.mode === 'mapped' ? undefined : areas)
  } catch (error) {
    diag.warn('Cannot open the file of the flight recorder; the rest goes on without it', error)
    return undefined
  }
}

function bytesOf({ bytes }: EncodedItem): number {
  return bytes.length
}

function numberOf({ sequence }: EncodedItem): number | undefined {
  return sequence
}

/** A thread that records. */
interface Recording {
  readonly reader: AreaReader
  readonly open: OpenReports
}

export class Drain {
  readonly #memory: Memory
  readonly #areas: readonly Area[]
  readonly #process: ProcessState
  readonly #encoder = new RecordEncoder({ pid: process.pid })
  readonly #losses = createLossReport()
  readonly #line: ExportLine = createExportLine()
  readonly #spans: ExportQueue<EncodedItem>
  readonly #events: ExportQueue<EncodedItem>
  readonly #exporters: readonly RecordExporter[]
  readonly #control: ControlPoller | undefined
  readonly #flight: FlightWriter | undefined
  readonly #recordings: (Recording | undefined)[] = []
  /** What another lost that read the memory before this one. */
  readonly #droppedBefore: number
  #snapshots: SnapshotSettings
  #timer: NodeJS.Timeout | undefined
  #nextSecondMs = 0
  #nextFlightMs = 0
  #nextSnapshotMs: number
  #flushing: Promise<void> | undefined
  #isWarned = false
  #snapshotAsked = 0

  constructor(memory: Memory, state: ProcessState, settings: DrainSettings) {
    this.#memory = memory
    this.#areas = Array.from({ length: areaCount }, (_, index) => areaOf(memory.areas, index))
    this.#process = state
    this.#snapshots = settings.snapshots
    this.#nextSnapshotMs = performance.now() + settings.snapshots.intervalMs
    const losses: Pick<LossReport, 'add'> = {
      add: (reason, dropped) => {
        if (reason === WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED) this.#noteGivenUp()
        this.#losses.add(reason, dropped)
      },
    }
    const queueOf = (signal: RecordSignal, limits: QueueLimits) => {
      const exporter = exportLater(signal, settings)
      const queue = createExportQueue(exporter, limits, losses, this.#line, numberOf, bytesOf)
      return { exporter, queue }
    }
    const spans = queueOf('TRACES', settings.spanLimits)
    const events = queueOf('LOGS', settings.logLimits)
    this.#spans = spans.queue
    this.#events = events.queue
    this.#exporters = [spans.exporter, events.exporter]
    const { header } = memory
    this.#droppedBefore = Atomics.load(header, processCell.dropped)
    this.#takeOver(Atomics.load(header, processCell.unsent))
    this.#control = settings.control && this.#createControl(settings.control)
    this.#flight = settings.file && openWriter(settings.file, memory)
  }

  /** What another had read when it died is not in the rings any more; some of it may be sent. */
  #takeOver(unsent: number): void {
    if (unsent === 0) return
    const reason = WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED
    this.#noteGivenUp()
    this.#losses.addRange(reason, unsent, Number.POSITIVE_INFINITY, 0)
  }

  /** The file of the flight recorder may be the only place where it is. */
  #noteGivenUp(): void {
    Atomics.store(this.#memory.header, processCell.hasGivenUp, 1)
  }

  get #droppedCount(): number {
    return this.#droppedBefore + this.#losses.count
  }

  /** Reads on a timer, which holds its thread if it shall. */
  start(isHolding: boolean): void {
    this.#timer = setInterval(() => this.tick(), readMs)
    if (!isHolding) this.#timer.unref()
    this.#control?.start()
  }

  /** An error of ours ends neither the worker nor, where there is none, the application. */
  tick(): void {
    try {
      this.#turn()
    } catch (error) {
      this.#warn(error)
    }
  }

  configure(snapshots: Partial<SnapshotSettings>): void {
    this.#snapshots = { ...this.#snapshots, ...snapshots }
    this.#nextSnapshotMs = performance.now() + this.#snapshots.intervalMs
  }

  /** Reads what is there, tells what is due, and sends where it was asked to. */
  #turn(): void {
    this.#read()
    const nowMs = performance.now()
    if (this.#flight !== undefined && nowMs >= this.#nextFlightMs) {
      this.#nextFlightMs = nowMs + flightMs
      const { seconds, ns } = this.#process.clock.read()
      this.#flight.write(seconds, ns)
    }
    if (this.#snapshots.intervalMs > 0 && nowMs >= this.#nextSnapshotMs) {
      this.#nextSnapshotMs = nowMs + this.#snapshots.intervalMs
      this.snapshot()
    }
    if (nowMs >= this.#nextSecondMs) {
      this.#nextSecondMs = nowMs + secondMs
      this.#tellLosses()
      this.#findDeadThreads()
    }
    const { header } = this.#memory
    const snapshotAsked = Atomics.load(header, processCell.snapshotAsked)
    if (snapshotAsked !== this.#snapshotAsked) {
      this.#snapshotAsked = snapshotAsked
      this.snapshot()
    }
    const isAsked =
      Atomics.load(header, processCell.flushAsked) !== Atomics.load(header, processCell.flushDone)
    if (isAsked) void this.flush()
    this.#countUnsent()
  }

  #createControl(settings: ControlSettings): ControlPoller {
    const book = new DetailBook(this.#memory)
    const count = (): ControlCounts => {
      const { recorded, thinned } = countRecorded(this.#memory)
      return { sent: recorded, thinned, dropped: this.#droppedCount }
    }
    return new ControlPoller(settings, count, (details) => {
      book.set(detailSource.outside, details)
    })
  }

  snapshot(): void {
    for (const recording of this.#recordings) recording?.open.snapshot(this.#snapshots)
  }

  /** Sends all that is recorded by now, once. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#timer)
    this.#control?.stop()
    // One that is under way has read before the last was written.
    await this.#flushing
    await this.flush()
    await Promise.all([this.#spans.shutdown(), this.#events.shutdown()])
    this.#countUnsent()
    this.#flight?.close()
    Atomics.store(this.#memory.header, processCell.isGone, 1)
  }

  abandon(): void {
    clearInterval(this.#timer)
    this.#read()
    this.#spans.abandon()
    this.#events.abandon()
    for (const exporter of this.#exporters) exporter.abandon()
    // What is under way is counted when it has failed, which is now.
    setImmediate(() => {
      this.#countUnsent()
      const { header } = this.#memory
      Atomics.store(header, processCell.isGivenUp, 1)
      Atomics.notify(header, processCell.isGivenUp)
    })
  }

  async #flush(): Promise<void> {
    const { header } = this.#memory
    const asked = Atomics.load(header, processCell.flushAsked)
    this.#read()
    // Events before and after: those that are known go first, should the time not last.
    this.#tellLosses()
    await this.#events.flush()
    await this.#spans.flush()
    this.#tellLosses()
    await this.#events.flush()
    this.#countUnsent()
    Atomics.store(header, processCell.flushDone, asked)
    Atomics.notify(header, processCell.flushDone)
  }

  #read(): void {
    for (let index = 0; index < areaCount; index++) {
      const recording = this.#recordings[index] ?? this.#find(index)
      if (recording === undefined) continue
      // Before the reading: what was written until then is read.
      const { hasEnded } = recording.reader
      recording.reader.read((view, kind) => this.#take(recording, view, kind))
      if (hasEnded) this.#finish(index, recording, WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN)
    }
    this.#countUnsent()
  }

  #find(index: number): Recording | undefined {
    const area = this.#areas[index] as Area
    if (Atomics.load(area.header, areaCell.state) < areaState.recording) return undefined
    const reader = new AreaReader(area)
    const send = (bytes: Uint8Array, sequence: number, isEnd: boolean): void =>
      this.#events.add({
        bytes,
        sequence,
        ...(isEnd ? { eventName: EVENT_WAYWARD_OPERATION_ENDED } : {}),
      })
    const open = new OpenReports(reader, this.#process, this.#encoder, send)
    const recording = { reader, open }
    this.#recordings[index] = recording
    return recording
  }

  #take({ open, reader }: Recording, view: RecordView, kind: number): void {
    const sequence = sequenceOf(view)
    const { end } = view
    // Before it is gone from the ring: it is in one of both at any time.
    Atomics.add(this.#memory.header, processCell.unsent, 1)
    try {
      if (kind === recordKind.event) {
        this.#events.add({ bytes: encodeEvent(this.#encoder, view), sequence, reader, end })
        return
      }
      // What finds no room is not encoded first.
      if (kind !== recordKind.forgotten && !this.#spans.hasRoom()) {
        this.#lose(WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL, sequence)
      } else if (kind !== recordKind.forgotten) {
        this.#spans.add({ bytes: this.#encoder.span(view, kind), sequence, reader, end })
      }
      open.ended(view)
    } catch (error) {
      // The next one is read all the same.
      this.#lose(WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED, sequence)
      this.#warn(error)
    }
  }

  #lose(reason: string, sequence: number): void {
    this.#losses.add(reason, { sequence, isEnd: false })
  }

  /** The first is told; they repeat themselves. */
  #warn(error: unknown): void {
    if (!this.#isWarned) diag.error('The recorder cannot send something, and goes on', error)
    this.#isWarned = true
  }

  #finish(index: number, { reader, open }: Recording, reason: string): void {
    open.finish(reason)
    this.#takeLosses(reader)
    this.#takeLosses(reader)
    reader.release(this.#memory.figures)
    this.#recordings[index] = undefined
  }

  #takeLosses(reader: AreaReader): void {
    for (const { reason, count, firstSequence, lastSequence } of reader.takeLosses()) {
      this.#losses.addRange(lossReasons[reason] ?? '', count, firstSequence, lastSequence)
    }
  }

  #tellLosses(): void {
    for (const recording of this.#recordings) {
      if (recording !== undefined) this.#takeLosses(recording.reader)
    }
    const event = (loss: LossEvent): void => {
      const bytes = encodeLoss(this.#encoder, loss)
      const { sequence } = loss
      this.#events.add({ bytes, sequence, eventName: EVENT_WAYWARD_EVENTS_DROPPED })
    }
    this.#losses.report({ event }, this.#process)
  }

  /** A thread that was terminated says nothing more, also not that it has ended. */
  #findDeadThreads(): void {
    for (const [index, recording] of this.#recordings.entries()) {
      if (recording === undefined) continue
      const { systemThreadId } = recording.reader
      if (systemThreadId === 0 || existsSync(`/proc/self/task/${systemThreadId}`)) continue
      recording.reader.read((view, kind) => this.#take(recording, view, kind))
      this.#finish(index, recording, WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED)
    }
  }

  #countUnsent(): void {
    const unsent = this.#spans.waitingCount() + this.#events.waitingCount()
    const { header } = this.#memory
    Atomics.store(header, processCell.unsent, unsent)
    if (unsent === 0 && Atomics.load(header, processCell.hasGivenUp) === 0) {
      for (const recording of this.#recordings) recording?.reader.markSent()
    }
    Atomics.store(header, processCell.dropped, this.#droppedCount)
  }
}
