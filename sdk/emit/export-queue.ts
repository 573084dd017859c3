// The queue in front of an exporter, in the place of OpenTelemetry's batch processors, which
//   - drop silently when they are full: here every loss is counted and reported;
//   - give a batch up at the first failure, and the OTLP/gRPC exporter does not try again: here a
//     batch is tried again for as long as `exportTimeoutMs`, so a collector that restarts loses
//     nothing;
//   - hold the process while a collector hangs, one time-out per waiting batch: here only an export
//     that is under way does, and every timer is unreferenced.
//
//   add ──▶ waiting ──▶ batch ──▶ export ──▶ sent
//     └▶ dropped  ▲       ▲           │ failed, time left: pause
//        (queue_full)     └───────────┴▶ dropped (export_failed)
//                 └───────────────────┘ what may not be lost
//
// What corrects what was reported before may not be lost: the ends of operations that were reported
// as open have places of their own, and wait until the collector takes them.
import { context, diag } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, suppressTracing } from '@opentelemetry/core'
import type { LogRecordExporter, LogRecordProcessor, SdkLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  EVENT_WAYWARD_EVENTS_DROPPED,
  EVENT_WAYWARD_OPERATION_ENDED,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL,
} from '@wayward/semconv'
import type { QueueLimits } from '../process/environment.ts'
import { type ExportSockets, watchExportSockets } from './export-sockets.ts'
import type { Dropped, LossReport } from '../report/loss-report.ts'
import { followedOperationsMost } from '../report/open-operations.ts'

/** Sends a batch, once. */
export interface Exporter<T> {
  export(items: T[], onResult: (result: ExportResult) => void): void
  shutdown(): Promise<void>
}

/** Takes items at any time and sends them in batches, one batch at a time. */
export interface ExportQueue<T> {
  add(item: T): void
  /** Whether an item without a reserve would be taken. */
  hasRoom(): boolean
  /** Sends what waits, once; what fails and can be tried again stays. Never rejects. */
  readonly flush: () => Promise<void>
  /** Sends what waits, once, and closes the exporter. Never rejects. */
  readonly shutdown: () => Promise<void>
  /**
   * Gives up everything, what is under way included: nothing of ours holds the process after this.
   */
  readonly abandon: () => void
  /** Items that wait or are under way. */
  readonly waitingCount: () => number
}

/**
 * What the queues of one process share: one export at a time, and one pause for all after a
 * failure. So with a collector that hangs there are moments without a call under way, in which a
 * process can end.
 */
export interface ExportLine {
  underWay: Promise<unknown> | undefined
  pauseMs: number
  pausedUntilMs: number
  readonly sockets: ExportSockets
}

const pauseMsMin = 1000
const pauseMsMax = 5000
/** How often a queue looks whether the line is free. */
const lineCheckMs = 20

export function createExportLine(): ExportLine {
  return {
    underWay: undefined,
    pauseMs: pauseMsMin,
    pausedUntilMs: 0,
    sockets: watchExportSockets(),
  }
}

/** The gRPC codes that OTLP lets a client try again. */
const retryableCodes = new Set<unknown>([1, 4, 8, 10, 11, 14, 15])

/**
 * Places kept free for what corrects what was reported before: ends of open operations, as many as
 * are followed, and losses themselves.
 */
const reserves: ReadonlyMap<string | undefined, number> = new Map([
  [EVENT_WAYWARD_OPERATION_ENDED, followedOperationsMost],
  [EVENT_WAYWARD_EVENTS_DROPPED, followedOperationsMost + 16],
])

function isKept({ eventName }: Item): boolean {
  return eventName === EVENT_WAYWARD_OPERATION_ENDED
}

/** A span or an event, as far as the queue knows it. */
export interface Item {
  /** Of a span, which has nothing else that is asked for. */
  readonly name?: string
  readonly eventName?: string | undefined
}

/** An item of OpenTelemetry's. */
interface AttributedItem extends Item {
  readonly attributes: object
}

function sequenceOf({ attributes }: AttributedItem): number | undefined {
  const sequence = (attributes as Record<string, unknown>)[ATTR_WAYWARD_EVENT_SEQUENCE]
  return typeof sequence === 'number' ? sequence : undefined
}

/** How many of those that wait go into a batch, one at least. */
function countOfBatch<T>(
  waiting: readonly T[],
  itemsMax: number,
  bytesOf: (item: T) => number,
): number {
  const count = Math.min(waiting.length, itemsMax)
  let bytes = 0
  for (let index = 0; index < count; index++) {
    bytes += bytesOf(waiting[index] as T)
    if (bytes > batchBytesMax) return Math.max(1, index)
  }
  return count
}

/** What is larger than collectors take (gRPC's servers: 4 MiB) is lost as a whole. */
const batchBytesMax = 2 * 2 ** 20

/**
 * @param sequenceOf `wayward.event.sequence` of an item that has one
 * @param bytesOf what an item takes in a request, where that is known
 */
export function createExportQueue<T extends Item>(
  exporter: Exporter<T>,
  limits: QueueLimits,
  losses: Pick<LossReport, 'add'>,
  line: ExportLine,
  sequenceOf: (item: T) => number | undefined,
  bytesOf: (item: T) => number = () => 0,
): ExportQueue<T> {
  const toDropped = (item: T): Dropped => ({ sequence: sequenceOf(item), isEnd: isKept(item) })
  let waiting: T[] = []
  let batch: T[] = []
  /** When the batch is given up, by the monotonic clock. */
  let giveUpMs = 0
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<boolean> | undefined
  let failUnderWay: (() => void) | undefined
  let isClosed = false
  let isAbandoned = false

  function countOfNext(): number {
    return countOfBatch(waiting, limits.batchItemsMax, bytesOf)
  }

  function drop(reason: string, items: readonly T[]): void {
    for (const item of items) losses.add(reason, toDropped(item))
  }

  function schedule(delayMs: number): void {
    if (timer !== undefined || isClosed) return
    timer = setTimeout(() => {
      timer = undefined
      sendWhenFree()
    }, delayMs)
    timer.unref()
  }

  function clear(): void {
    clearTimeout(timer)
    timer = undefined
  }

  function sendWhenFree(): void {
    const pauseMs = line.pausedUntilMs - performance.now()
    if (line.underWay !== undefined) schedule(lineCheckMs)
    else if (pauseMs > 0) schedule(pauseMs)
    else void send()
  }

  /** One batch, one try. @returns whether it is done with: sent, or given up. */
  function send(): Promise<boolean> {
    sending ??= sendBatch().finally(() => {
      sending = undefined
      if (batch.length > 0 || waiting.length >= limits.batchItemsMax) sendWhenFree()
      else if (waiting.length > 0) schedule(limits.delayMs)
    })
    return sending
  }

  async function sendBatch(): Promise<boolean> {
    clear()
    while (line.underWay !== undefined) await line.underWay
    if (batch.length === 0) {
      if (waiting.length === 0) return true
      const count = countOfNext()
      if (count === waiting.length) {
        batch = waiting
        waiting = []
      } else batch = waiting.splice(0, count)
      giveUpMs = performance.now() + limits.exportTimeoutMs
    }
    const exported = tryExport(batch, giveUpMs - performance.now())
    line.underWay = exported
    const { code, error } = await exported
    line.underWay = undefined
    if (code === ExportResultCode.SUCCESS) {
      line.pauseMs = pauseMsMin
      batch = []
      return true
    }
    diag.warn(`Cannot send ${batch.length} reports`, error)
    const isRetryable = retryableCodes.has((error as { code?: unknown } | undefined)?.code)
    line.pausedUntilMs = performance.now() + line.pauseMs
    line.pauseMs = Math.min(line.pauseMs * 2, pauseMsMax)
    if (isRetryable && !isClosed && line.pausedUntilMs < giveUpMs) return false
    giveUp()
    return !isRetryable
  }

  /** The batch is dropped, but for what may not be lost, which waits for another. */
  function giveUp(): void {
    const kept = isClosed ? [] : batch.filter(isKept)
    const lost = kept.length === 0 ? batch : batch.filter((item) => !isKept(item))
    drop(WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED, lost)
    if (kept.length > 0) waiting = [...kept, ...waiting]
    batch = []
  }

  function tryExport(items: T[], timeoutMs: number): Promise<ExportResult> {
    return new Promise((resolve) => {
      const fail = (why: string): void => {
        resolve({ code: ExportResultCode.FAILED, error: new Error(why) })
      }
      if (isAbandoned) {
        fail('abandoned at exit')
        return
      }
      const deadline = setTimeout(
        () => fail(`no answer in ${limits.exportTimeoutMs} ms`),
        timeoutMs,
      )
      deadline.unref()
      failUnderWay = () => fail('abandoned at exit')
      const onResult = (result: ExportResult): void => {
        clearTimeout(deadline)
        resolve(result)
      }
      try {
        // The exporter's own calls must not become spans.
        const within = line.sockets.within(suppressTracing(context.active()))
        context.with(within, () => exporter.export(items, onResult))
      } catch (error) {
        onResult({ code: ExportResultCode.FAILED, error: error as Error })
      }
    })
  }

  async function flush(): Promise<void> {
    // What is added meanwhile is for the next time, or a busy application would never see the end.
    let left = batch.length + waiting.length
    if (sending !== undefined) {
      left -= batch.length
      if (!(await sending)) return
    }
    while (left > 0 && batch.length + waiting.length > 0) {
      left -= batch.length === 0 ? countOfNext() : batch.length
      if (!(await send())) return
    }
  }

  return {
    flush,
    hasRoom: () => waiting.length + batch.length < limits.queueItemsMax,
    waitingCount: () => waiting.length + batch.length,
    add(item) {
      if (isClosed) return
      const places = limits.queueItemsMax + (reserves.get(item.eventName) ?? 0)
      if (waiting.length + batch.length >= places) {
        losses.add(WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL, toDropped(item))
        return
      }
      waiting.push(item)
      if (sending !== undefined || batch.length > 0) return
      if (waiting.length >= limits.batchItemsMax) sendWhenFree()
      else schedule(limits.delayMs)
    },
    async shutdown() {
      await flush()
      isClosed = true
      clear()
      drop(WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED, batch)
      drop(WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED, waiting)
      batch = []
      waiting = []
      if (isAbandoned) return
      await exporter.shutdown().catch((error: unknown) => {
        diag.warn('Cannot shut the exporter down', error)
      })
    },
    abandon() {
      isAbandoned = true
      isClosed = true
      clear()
      // The batch that is under way is counted when it has failed.
      drop(WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED, waiting)
      waiting = []
      failUnderWay?.()
      line.sockets.abandon()
    },
  }
}

/** A processor that feeds an export queue. */
export interface QueuedProcessor<P> {
  readonly processor: P
  /** Gives up everything that waits or is under way. */
  readonly abandon: () => void
  /** Items that wait or are under way. */
  readonly waitingCount: () => number
}

const sampled = 1

export function queueSpans(
  exporter: SpanExporter,
  limits: QueueLimits,
  losses: LossReport,
  line: ExportLine,
): QueuedProcessor<SpanProcessor> {
  const queue = createExportQueue<ReadableSpan>(exporter, limits, losses, line, sequenceOf)
  return {
    abandon: queue.abandon,
    waitingCount: queue.waitingCount,
    processor: {
      onStart: () => undefined,
      onEnd(span) {
        if ((span.spanContext().traceFlags & sampled) !== 0) queue.add(span)
      },
      forceFlush: queue.flush,
      shutdown: queue.shutdown,
    },
  }
}

export function queueLogs(
  exporter: LogRecordExporter,
  limits: QueueLimits,
  losses: LossReport,
  line: ExportLine,
): QueuedProcessor<LogRecordProcessor> {
  const queue = createExportQueue<SdkLogRecord>(exporter, limits, losses, line, sequenceOf)
  return {
    abandon: queue.abandon,
    waitingCount: queue.waitingCount,
    processor: {
      onEmit(record) {
        queue.add(record)
      },
      forceFlush: queue.flush,
      shutdown: queue.shutdown,
    },
  }
}
