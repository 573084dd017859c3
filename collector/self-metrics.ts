// Every metric of the collector, declared once. docs/self-telemetry.md shows these declarations (`npm run generate`).
//
// Labels have few values: receivers, signals, tables, and words of ours. Who sent is never a label; the ledger knows.
import type { HistogramDeclaration, MetricDeclaration } from './metrics.ts'

const PER_REQUEST = ['receiver', 'signal']
const PER_TABLE = ['table']

/** Metrics that are counted where something happens. */
export const countedMetrics = {
  requests: {
    kind: 'counter',
    name: 'wayward_requests_total',
    help: 'Export requests that ended, by how they ended; all but accepted and partial were refused.',
    labels: [...PER_REQUEST, 'status'],
  },
  receivedBytes: {
    kind: 'counter',
    name: 'wayward_received_bytes_total',
    help: 'Bytes of export requests after decompression.',
    labels: PER_REQUEST,
  },
  acceptedItems: {
    kind: 'counter',
    name: 'wayward_accepted_items_total',
    help: 'Spans, log records and data points that were accepted: they are safe.',
    labels: PER_REQUEST,
  },
  refusedItems: {
    kind: 'counter',
    name: 'wayward_refused_items_total',
    help: 'Spans, log records and data points that were refused within requests that were accepted.',
    labels: PER_REQUEST,
  },
  refusedPages: {
    kind: 'counter',
    name: 'wayward_api_unauthenticated_requests_total',
    help: 'Requests for pages of the API that came without a valid token or certificate.',
    labels: [],
  },
  repeatedRequests: {
    kind: 'counter',
    name: 'wayward_repeated_requests_total',
    help: 'Requests that were stored before, came again because their answer was lost, and were not stored twice.',
    labels: PER_REQUEST,
  },
  journalledFrames: {
    kind: 'counter',
    name: 'wayward_journalled_frames_total',
    help: 'Frames that the journal took: commits of one or more requests.',
    labels: [],
  },
  journalledRows: {
    kind: 'counter',
    name: 'wayward_journalled_rows_total',
    help: 'Rows that the journal took.',
    labels: PER_TABLE,
  },
  journalledBytes: {
    kind: 'counter',
    name: 'wayward_journalled_bytes_total',
    help: 'Bytes of Native blocks that the journal took.',
    labels: PER_TABLE,
  },
  refusedFrames: {
    kind: 'counter',
    name: 'wayward_journal_refused_frames_total',
    help: 'Frames that the journal did not take: it or the disk is full, or the disk failed.',
    labels: ['reason'],
  },
  syncSeconds: {
    kind: 'histogram',
    name: 'wayward_journal_sync_duration_seconds',
    help: 'Time in which the journal was synced to the disk.',
    labels: [],
    bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  },
  inserts: {
    kind: 'counter',
    name: 'wayward_inserts_total',
    help: 'Tries to insert a batch, by how they ended.',
    labels: ['table', 'status'],
  },
  repeatedInserts: {
    kind: 'counter',
    name: 'wayward_repeated_inserts_total',
    help: 'Tries to insert a batch that was tried before, with the same deduplication token.',
    labels: PER_TABLE,
  },
  insertSeconds: {
    kind: 'histogram',
    name: 'wayward_insert_duration_seconds',
    help: 'Time of one try to insert a batch.',
    labels: PER_TABLE,
    bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  insertRows: {
    kind: 'histogram',
    name: 'wayward_insert_rows',
    help: 'Rows of one insert that ClickHouse confirmed.',
    labels: PER_TABLE,
    bounds: [1, 10, 100, 1_000, 10_000, 30_000, 65_536],
  },
  insertedRows: {
    kind: 'counter',
    name: 'wayward_inserted_rows_total',
    help: 'Rows that ClickHouse confirmed.',
    labels: PER_TABLE,
  },
  insertedBytes: {
    kind: 'counter',
    name: 'wayward_inserted_bytes_total',
    help: 'Bytes of Native blocks that ClickHouse confirmed.',
    labels: PER_TABLE,
  },
  replayedRows: {
    kind: 'counter',
    name: 'wayward_replayed_rows_total',
    help: 'Rows that were found in the journal at the start and that ClickHouse has confirmed since.',
    labels: PER_TABLE,
  },
  setAsideRows: {
    kind: 'counter',
    name: 'wayward_set_aside_rows_total',
    help: 'Rows that were set aside: ClickHouse refuses them, or their bytes are damaged.',
    labels: ['table', 'reason'],
  },
  setAsideBytes: {
    kind: 'counter',
    name: 'wayward_set_aside_bytes_total',
    help: 'Bytes of Native blocks that were set aside.',
    labels: ['table', 'reason'],
  },
  setAsideRecords: {
    kind: 'counter',
    name: 'wayward_set_aside_records_total',
    help: 'Blocks that were set aside.',
    labels: ['table', 'reason'],
  },
  droppedRows: {
    kind: 'counter',
    name: 'wayward_dropped_rows_total',
    help: 'Rows that were dropped from ClickHouse on purpose, to keep room on the disk.',
    labels: ['table', 'reason'],
  },
  droppedBytes: {
    kind: 'counter',
    name: 'wayward_dropped_bytes_total',
    help: 'Bytes on the disk of rows that were dropped from ClickHouse on purpose.',
    labels: ['table', 'reason'],
  },
  eventLoopDelay: {
    kind: 'histogram',
    name: 'wayward_event_loop_delay_seconds',
    help: 'How much later than asked for a timer ran: how long the process could not answer.',
    labels: [],
    bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  },
} as const satisfies Record<string, MetricDeclaration | HistogramDeclaration>

/** Metrics whose values somebody else keeps, and which are read when they are asked for. */
export const observedMetrics = {
  requestBytes: {
    kind: 'gauge',
    name: 'wayward_request_bytes',
    help: 'Bytes of requests that are being received or decompressed.',
    labels: [],
  },
  waitingRequests: {
    kind: 'gauge',
    name: 'wayward_waiting_requests',
    help: 'Requests whose rows are not in the journal yet.',
    labels: [],
  },
  rememberedRequests: {
    kind: 'gauge',
    name: 'wayward_remembered_requests',
    help: 'Stored requests that are recognised when they come again, because their answer may have been lost.',
    labels: [],
  },
  openBytes: {
    kind: 'gauge',
    name: 'wayward_open_bytes',
    help: 'Bytes of decoded rows that are not in the journal yet.',
    labels: [],
  },
  journalBytes: {
    kind: 'gauge',
    name: 'wayward_journal_bytes',
    help: 'Bytes that the journal takes.',
    labels: [],
  },
  journalLimitBytes: {
    kind: 'gauge',
    name: 'wayward_journal_limit_bytes',
    help: 'Bytes that the journal may take.',
    labels: [],
  },
  journalCachedBytes: {
    kind: 'gauge',
    name: 'wayward_journal_cached_bytes',
    help: 'Bytes of blocks of the journal that are in memory, too.',
    labels: [],
  },
  journalSegments: {
    kind: 'gauge',
    name: 'wayward_journal_segments',
    help: 'Segment files of the journal, with those that wait to be used again.',
    labels: [],
  },
  recycledSegments: {
    kind: 'counter',
    name: 'wayward_journal_recycled_segments_total',
    help: 'Segment files whose rows were all confirmed and which were used again.',
    labels: [],
  },
  compactedBlocks: {
    kind: 'counter',
    name: 'wayward_journal_compacted_blocks_total',
    help: 'Blocks that were written anew, so that the segment they held could be used again.',
    labels: [],
  },
  damagedRecords: {
    kind: 'counter',
    name: 'wayward_journal_damaged_records_total',
    help: 'Frames and blocks of the journal whose bytes were found wrong.',
    labels: [],
  },
  backlogRows: {
    kind: 'gauge',
    name: 'wayward_backlog_rows',
    help: 'Rows that are safe in the journal and not in ClickHouse yet.',
    labels: PER_TABLE,
  },
  backlogBytes: {
    kind: 'gauge',
    name: 'wayward_backlog_bytes',
    help: 'Bytes of Native blocks that are safe in the journal and not in ClickHouse yet.',
    labels: PER_TABLE,
  },
  backlogBatches: {
    kind: 'gauge',
    name: 'wayward_backlog_batches',
    help: 'Batches that are safe in the journal and not in ClickHouse yet.',
    labels: PER_TABLE,
  },
  lag: {
    kind: 'gauge',
    name: 'wayward_lag_seconds',
    help: 'Age of the oldest row that ClickHouse does not have yet.',
    labels: PER_TABLE,
  },
  replayRows: {
    kind: 'gauge',
    name: 'wayward_replay_rows',
    help: 'Rows that were found in the journal at the start.',
    labels: PER_TABLE,
  },
  replayBlocks: {
    kind: 'gauge',
    name: 'wayward_replay_blocks',
    help: 'Blocks that were found in the journal at the start.',
    labels: PER_TABLE,
  },
  replayRemainingRows: {
    kind: 'gauge',
    name: 'wayward_replay_remaining_rows',
    help: 'Rows that were found in the journal at the start and are not in ClickHouse yet.',
    labels: PER_TABLE,
  },
  replayRemainingBlocks: {
    kind: 'gauge',
    name: 'wayward_replay_remaining_blocks',
    help: 'Blocks that were found in the journal at the start and are not in ClickHouse yet.',
    labels: PER_TABLE,
  },
  tableState: {
    kind: 'gauge',
    name: 'wayward_table_state',
    help: 'Whether rows get into the table: 1 for the state that it is in (well, away, refused), 0 for the others.',
    labels: ['table', 'state'],
  },
  drainRate: {
    kind: 'gauge',
    name: 'wayward_drain_rate_bytes_per_second',
    help: 'Bytes of Native blocks per second that ClickHouse took in the last ten seconds.',
    labels: [],
  },
  connections: {
    kind: 'gauge',
    name: 'wayward_connections',
    help: 'Open connections.',
    labels: ['listener'],
  },
  endedConnections: {
    kind: 'counter',
    name: 'wayward_ended_connections_total',
    help: 'Connections that were closed because one too many came.',
    labels: ['listener'],
  },
  failedHandshakes: {
    kind: 'counter',
    name: 'wayward_tls_failed_handshakes_total',
    help: 'TLS handshakes that failed, over all listeners.',
    labels: [],
  },
  ledgerEntries: {
    kind: 'gauge',
    name: 'wayward_ledger_entries',
    help: 'Entries of the ledger that are not in the journal yet.',
    labels: [],
  },
  ledgerOverflows: {
    kind: 'counter',
    name: 'wayward_ledger_overflows_total',
    help: 'Events that the ledger has under the name other, because there were too many senders at once.',
    labels: [],
  },
  residentMemory: {
    kind: 'gauge',
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the collector process.',
    labels: [],
  },
  cpuSeconds: {
    kind: 'counter',
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time of the collector process.',
    labels: [],
  },
  startTime: {
    kind: 'gauge',
    name: 'process_start_time_seconds',
    help: 'Start of the collector process, in seconds since 1970.',
    labels: [],
  },
  openFiles: {
    kind: 'gauge',
    name: 'process_open_fds',
    help: 'Files and sockets that the collector process has open, where the system tells.',
    labels: [],
  },
  certificateExpiry: {
    kind: 'gauge',
    name: 'wayward_tls_certificate_expiry_time_seconds',
    unit: 'seconds',
    help: 'When the certificate in use expires, in seconds since 1970; absent without TLS.',
    labels: [],
  },
  heapUsed: {
    kind: 'gauge',
    name: 'nodejs_heap_size_used_bytes',
    help: 'Memory of JavaScript objects of the collector process.',
    labels: [],
  },
  externalMemory: {
    kind: 'gauge',
    name: 'nodejs_external_memory_bytes',
    help: 'Memory of buffers of the collector process.',
    labels: [],
  },
} as const satisfies Record<string, MetricDeclaration>
