import type { ReceiverName, Signal } from './consumer.ts'
import { createMetrics, type Counter, type Histogram, type Metrics } from './metrics.ts'

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

/** What the collector counts about itself. Its own spans never go through itself. */
export interface Telemetry {
  readonly metrics: Metrics
  /** labels: receiver, signal (`none` where the path names none), status. */
  readonly requests: Counter
  /** labels: receiver, signal. */
  readonly receivedBytes: Counter
  /** labels: receiver, signal. */
  readonly acceptedItems: Counter
  /** labels: receiver, signal. */
  readonly refusedItems: Counter
  /** labels: receiver, signal. */
  readonly repeatedRequests: Counter
  /** labels: table. */
  readonly insertedItems: Counter
  /** labels: table. */
  readonly insertedBytes: Counter
  /** labels: table, status (of an InsertOutcome). */
  readonly inserts: Counter
  /** labels: table. */
  readonly insertSeconds: Histogram
  /** No labels. */
  readonly syncSeconds: Histogram
}

const SYNC_SECONDS_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const INSERT_SECONDS_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createTelemetry(): Telemetry {
  const metrics = createMetrics()
  const perRequest = ['receiver', 'signal']
  const telemetry: Telemetry = {
    metrics,
    requests: metrics.counter({
      name: 'wayward_requests_total',
      help: 'Export requests that ended, by how they ended.',
      labels: ['receiver', 'signal', 'status'],
    }),
    receivedBytes: metrics.counter({
      name: 'wayward_received_bytes_total',
      help: 'Bytes of export requests after decompression.',
      labels: perRequest,
    }),
    acceptedItems: metrics.counter({
      name: 'wayward_accepted_items_total',
      help: 'Spans, log records and data points that were accepted: they are safe.',
      labels: perRequest,
    }),
    refusedItems: metrics.counter({
      name: 'wayward_refused_items_total',
      help: 'Spans, log records and data points that were refused within requests that were accepted.',
      labels: perRequest,
    }),
    repeatedRequests: metrics.counter({
      name: 'wayward_repeated_requests_total',
      help: 'Requests that were stored before, came again because their answer was lost, and were not stored twice.',
      labels: perRequest,
    }),
    insertedItems: metrics.counter({
      name: 'wayward_inserted_items_total',
      help: 'Rows that ClickHouse confirmed.',
      labels: ['table'],
    }),
    insertedBytes: metrics.counter({
      name: 'wayward_inserted_bytes_total',
      help: 'Bytes of Native blocks that ClickHouse confirmed.',
      labels: ['table'],
    }),
    inserts: metrics.counter({
      name: 'wayward_inserts_total',
      help: 'Tries to insert a block, by how they ended.',
      labels: ['table', 'status'],
    }),
    insertSeconds: metrics.histogram(
      {
        name: 'wayward_insert_duration_seconds',
        help: 'Time of one try to insert a block.',
        labels: ['table'],
      },
      INSERT_SECONDS_BOUNDS,
    ),
    syncSeconds: metrics.histogram(
      {
        name: 'wayward_journal_sync_duration_seconds',
        help: 'Time in which the journal was synced to the disk.',
        labels: [],
      },
      SYNC_SECONDS_BOUNDS,
    ),
  }
  declareProcessMetrics(metrics)
  return telemetry
}

/** Counts how a request ended. */
export function countRequest(
  telemetry: Telemetry,
  receiver: ReceiverName,
  signal: Signal | undefined,
  status: RequestStatus,
): void {
  telemetry.requests.add(1, receiver, signal ?? 'none', status)
}

/** These names are Prometheus' own conventions and not ours to choose. */
function declareProcessMetrics(metrics: Metrics): void {
  const startSeconds = Math.round(Date.now() / 1000 - process.uptime())
  metrics.gauge(
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory of the collector process.',
      labels: [],
    },
    () => [{ labelValues: [], value: process.memoryUsage.rss() }],
  )
  metrics.observedCounter(
    {
      name: 'process_cpu_seconds_total',
      help: 'User and system CPU time of the collector process.',
      labels: [],
    },
    () => {
      const { user, system } = process.cpuUsage()
      return [{ labelValues: [], value: (user + system) / 1e6 }]
    },
  )
  metrics.gauge(
    {
      name: 'process_start_time_seconds',
      help: 'Start of the collector process, in seconds since 1970.',
      labels: [],
    },
    () => [{ labelValues: [], value: startSeconds }],
  )
}
