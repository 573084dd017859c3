import { systemTime, type Time } from '@wayward/base'
import type { Sender, Signal } from '../consumer.ts'
import type { ListenerName } from '../listeners.ts'
import { createLedger, type Ledger } from './ledger/ledger.ts'
import { type CollectorLimits, defaultCollectorLimits } from '../limits.ts'
import {
  type Counter,
  createMetrics,
  type Histogram,
  type HistogramDeclaration,
  type MetricDeclaration,
  type Metrics,
} from './metrics.ts'
import type { Observe } from './observe.ts'
import { observeProcess, single } from './process-metrics.ts'
import { countedMetrics, observedMetrics } from './self-metrics.ts'

/** How a request ended, as a label value; all but `accepted` and `partial` are refusals. */
export type RequestStatus =
  | 'accepted'
  | 'partial'
  | 'malformed'
  | 'overloaded'
  | 'unavailable'
  | 'too_large'
  | 'unsupported'
  | 'unauthenticated'
  | 'timeout'
  | 'aborted'

type Counted = typeof countedMetrics

type CountedMetrics = {
  readonly [Name in keyof Counted]: Counted[Name]['kind'] extends 'histogram' ? Histogram : Counter
}

/** What the collector counts about itself. Its own spans never go through itself. */
export interface Telemetry extends CountedMetrics {
  readonly metrics: Metrics
  readonly observe: Observe
  /** What was refused or lost, and from whom. */
  readonly ledger: Ledger
}

export function createTelemetry(
  limits: Pick<
    CollectorLimits,
    'ledgerEntriesMax' | 'ledgerEntriesPerAddressMax'
  > = defaultCollectorLimits,
  time: Pick<Time, 'wallMs'> = systemTime,
): Telemetry {
  const metrics = createMetrics()
  const ledger = createLedger(limits, time.wallMs)
  const observe: Observe = (name, read) => metrics.observe(observedMetrics[name], read)
  const counted = Object.fromEntries(
    Object.entries(countedMetrics).map(([name, declaration]) => [
      name,
      createCounted(metrics, declaration),
    ]),
  )
  observe(
    'ledgerEntries',
    single(() => ledger.size),
  )
  observe(
    'ledgerOverflows',
    single(() => ledger.overflows),
  )
  observeProcess(observe)
  // One entry for each declaration, of its kind.
  return { ...(counted as unknown as CountedMetrics), metrics, ledger, observe }
}

function createCounted(
  metrics: Metrics,
  declaration: HistogramDeclaration | (MetricDeclaration & { readonly kind: 'counter' }),
): Counter | Histogram {
  if (declaration.kind === 'histogram') return metrics.histogram(declaration)
  const counter = metrics.counter(declaration)
  // What has not happened yet is 0, and not unknown.
  if (declaration.labels.length === 0) counter.add(0)
  return counter
}

/** Shows how many connections a listener has. */
export function observeConnections(
  { observe }: Pick<Telemetry, 'observe'>,
  listener: ListenerName,
  limit: { readonly size: number; readonly endedCount: number },
): void {
  observe('connections', () => [{ labelValues: [listener], value: limit.size }])
  observe('endedConnections', () => [{ labelValues: [listener], value: limit.endedCount }])
}

/** What is known of a request that was refused, besides its status. */
export interface RefusedRequest {
  /** Bytes of the request, as far as they are known. */
  readonly bytes?: number
  /** What the sender was told. */
  readonly message?: string
}

/** Counts how a request ended, and enters it into the ledger where it was refused. */
export function countRequest(
  telemetry: Telemetry,
  sender: Sender,
  signal: Signal | undefined,
  status: RequestStatus,
  { bytes = 0, message = '' }: RefusedRequest = {},
): void {
  telemetry.requests.add(1, sender.receiver, signal ?? 'none', status)
  if (status === 'accepted' || status === 'partial') return
  telemetry.ledger.note({
    event: 'refused',
    reason: status,
    sender,
    signal,
    requests: 1,
    bytes,
    message,
  })
}

/**
 * Counts the items of a request that was accepted, and enters those that were not into the ledger.
 */
export function countItems(
  telemetry: Telemetry,
  sender: Sender,
  signal: Signal,
  {
    acceptedItems,
    rejectedItems,
    message,
    ignored,
    completedItems = 0,
  }: {
    readonly acceptedItems: number
    readonly rejectedItems: number
    readonly message: string
    readonly ignored?: string
    readonly completedItems?: number
  },
): void {
  telemetry.acceptedItems.add(acceptedItems, sender.receiver, signal)
  if (ignored !== undefined) {
    const note = { event: 'ignored', reason: 'not_understood', sender, signal } as const
    telemetry.ledger.note({ ...note, requests: 1, message: ignored })
  }
  if (completedItems > 0) {
    const note = { event: 'completed', reason: 'no_time', sender, signal } as const
    telemetry.ledger.note({ ...note, requests: 1, items: completedItems, message })
  }
  if (rejectedItems === 0) return
  telemetry.refusedItems.add(rejectedItems, sender.receiver, signal)
  telemetry.ledger.note({
    event: 'rejected',
    reason: 'item_checks',
    sender,
    signal,
    requests: 1,
    items: rejectedItems,
    message,
  })
}

/** Counts a request that was stored before and came again. */
export function countRepeat(
  telemetry: Telemetry,
  sender: Sender,
  signal: Signal,
  bytes: number,
): void {
  telemetry.repeatedRequests.add(1, sender.receiver, signal)
  telemetry.ledger.note({
    event: 'repeated',
    reason: 'stored_before',
    sender,
    signal,
    requests: 1,
    bytes,
    message: 'The request was stored before; it came again and was not stored twice',
  })
}

/** Rows of a table that something happened to. */
export interface TableRows {
  readonly table: string
  readonly rows: number
  readonly bytes: number
}

/** Counts a block that was set aside: the rows are in a file, and not in ClickHouse. */
export function countSetAside(
  telemetry: Telemetry,
  { table, rows, bytes }: TableRows,
  reason: 'refused' | 'damaged',
  message: string,
): void {
  telemetry.setAsideRecords.add(1, table, reason)
  telemetry.setAsideRows.add(rows, table, reason)
  telemetry.setAsideBytes.add(bytes, table, reason)
  const event = reason === 'damaged' ? 'damaged' : 'set_aside'
  telemetry.ledger.note({ event, reason, table, items: rows, bytes, message })
}

/** Rows that were dropped from ClickHouse because the disk gets full. */
export interface DroppedRows extends TableRows {
  readonly partition: string
  /** Why, for people. */
  readonly reason: string
}

export function countDropped(telemetry: Telemetry, dropped: DroppedRows): void {
  const { table, rows, bytes, partition } = dropped
  telemetry.droppedRows.add(rows, table)
  telemetry.droppedBytes.add(bytes, table)
  const reason = 'disk_floor'
  const message = `Dropped the day ${partition}: ${dropped.reason}`
  telemetry.ledger.note({ event: 'dropped', reason, table, items: rows, bytes, message })
}

/** Counts acknowledged rows that are gone. */
export function countLost(
  telemetry: Telemetry,
  { table, rows, bytes }: TableRows,
  reason: string,
  message: string,
): void {
  telemetry.ledger.note({ event: 'lost', reason, table, items: rows, bytes, message })
}
