// At a limit the collector refuses, with a hint when to try again where that helps.
import { defaultsOf, type Limit, type LimitValues } from '@wayward/base'
import { CollectorError } from './collector-error.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const gibibyte = 1024 * mebibyte

/** The limits of listeners, requests and batches. */
export const collectorLimits = {
  requestBytesMax: {
    default: 64 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of one request, before and after decompression',
    setting: { min: 64 * kibibyte, max: 256 * mebibyte },
  },
  smallChunksMax: {
    default: 1_024,
    unit: 'count',
    text: 'Chunks or frames of one request that may have fewer than 64 bytes on average: each costs time',
  },
  requestBytesInFlightMax: {
    default: 192 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of request bodies that are being received or decompressed, over both receivers',
    setting: { min: mebibyte, max: 16 * gibibyte },
  },
  decompressionsMax: {
    default: 2,
    unit: 'count',
    text: 'Requests that are decompressed at the same time',
  },
  connectionsMax: {
    default: 1000,
    unit: 'count',
    text: 'Connections per listener',
    setting: { min: 1, max: 1_000_000 },
  },
  answerTimeoutMs: {
    default: 300_000,
    unit: 'ms',
    text: 'A request over HTTP/1.1 whose answer has not begun after this time is answered with 503',
  },
  streamsPerConnectionMax: {
    default: 100,
    unit: 'count',
    text: 'Requests at the same time per HTTP/2 connection',
    setting: { min: 1, max: 10_000 },
  },
  receiveWindowBytes: {
    default: mebibyte,
    unit: 'bytes',
    text: 'Bytes that an HTTP/2 peer may send ahead, per request and per connection',
  },
  headersTimeoutMs: {
    default: 10_000,
    unit: 'ms',
    text: 'Time that a client may take to send the head of an HTTP request',
    setting: { min: 100, max: 600_000 },
  },
  requestTimeoutMs: {
    default: 30_000,
    unit: 'ms',
    text: 'Time that a client may take to send a whole request',
    setting: { min: 100, max: 600_000 },
  },
  keepAliveTimeoutMs: {
    default: 60_000,
    unit: 'ms',
    text: 'Time that an idle connection is kept',
    setting: { min: 1_000, max: 3_600_000 },
  },
  headerBytesMax: {
    default: 16 * kibibyte,
    unit: 'bytes',
    text: 'Bytes of the head of a request',
  },
  handshakesMax: {
    default: 256,
    unit: 'count',
    text: 'TLS handshakes under way, per listener; where one too many begins, the oldest goes',
  },
  handshakeTimeoutMs: {
    default: 10_000,
    unit: 'ms',
    text: 'Time that a client may take for its TLS handshake',
  },
  openBytesMax: {
    default: 64 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of decoded rows that are not in the journal yet, over all signals',
  },
  waitingRequestsMax: {
    default: 10_000,
    unit: 'count',
    text: 'Requests that are decoded and not in the journal yet',
  },
  commitBytesEnough: {
    default: 4 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of decoded rows that are written to the journal without waiting for more',
  },
  commitWaitMsMax: {
    default: 25,
    unit: 'ms',
    text: 'Time that requests wait at most for others to share their commit',
  },
  batchRowsEnough: {
    default: 57_344,
    unit: 'count',
    text: 'Rows of a batch that is inserted without waiting for more',
  },
  batchRowsMax: {
    default: 65_536,
    unit: 'count',
    text: 'Rows after which a batch takes no more',
  },
  batchBytesMax: {
    default: 24 * mebibyte,
    unit: 'bytes',
    text: 'Bytes after which a batch takes no more',
  },
  batchDaysMax: {
    default: 50,
    unit: 'count',
    text: 'Different days of rows after which a batch takes no more: ClickHouse writes a part for each',
  },
  insertIntervalMs: {
    default: 1_000,
    unit: 'ms',
    text: 'Time between two inserts into a table whose batches are small',
  },
  decodeAtOnceBytesMax: {
    default: 2 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of a request that is decoded at once; larger ones are decoded on a thread of their own, one after another',
  },
  decodeWaitingBytesMax: {
    default: 128 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of the requests that wait for that thread',
  },
  insertPauseMsMax: {
    default: 10_000,
    unit: 'ms',
    text: 'Longest pause between two tries of an insert',
  },
  repeatsMax: {
    default: 400_000,
    unit: 'count',
    text: 'Requests that are remembered, to recognise them when they come again',
  },
  repeatWindowMs: {
    default: 60_000,
    unit: 'ms',
    text: 'Time for which a request is remembered: the same bytes are not stored again. Exporters try again within 45 s',
    setting: { min: 0, max: 3_600_000 },
  },
  ledgerEntriesMax: {
    default: 1_000,
    unit: 'count',
    text: 'Entries of the ledger for senders who were refused, a quarter of it kept for senders with a token or certificate; more senders go under the name "other"',
  },
  ledgerEntriesPerAddressMax: {
    default: 50,
    unit: 'count',
    text: 'Entries of the ledger for one address; more of its agents go under the name "other"',
  },
  ledgerIntervalMs: {
    default: 10_000,
    unit: 'ms',
    text: 'Time for which the ledger sums up before it writes rows',
  },
  ledgerRowsPerSecondMax: {
    default: 10,
    unit: 'count',
    text: 'Rows per second that the ledger writes on average; with more it sums up for longer',
  },
  liveWatchersMax: {
    default: 64,
    unit: 'count',
    text: 'Streams of live items that are open at the same time; more are refused',
    setting: { min: 0, max: 10_000 },
  },
  liveQueueBytesMax: {
    default: mebibyte,
    unit: 'bytes',
    text: 'Bytes that wait for one who watches; beyond it the oldest are dropped, and the stream says how many',
  },
  liveBacklogBytesMax: {
    default: 32 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of committed blocks that wait to be shown; beyond it the oldest are dropped, and the streams say how many rows',
  },
  liveKeptBytesMax: {
    default: 32 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of committed blocks that are kept for streams that are resumed',
  },
  liveKeptMs: {
    default: 60_000,
    unit: 'ms',
    text: 'Time for which they are kept, counted from the commit; without a watcher in that time nothing is kept',
  },
  liveStalledMsMax: {
    default: 60_000,
    unit: 'ms',
    text: 'One who watches and takes nothing for this long is given up',
  },
  liveTimeShareMax: {
    default: 10,
    unit: 'percent',
    text: "Share of the collector's time that all streams together may take; beyond it blocks wait, and then drop",
    setting: { min: 1, max: 100 },
  },
  archiveBytesMax: {
    default: 16 * 2 ** 30,
    unit: 'bytes',
    text: 'Bytes of an archive of sessions that is imported; it is kept on the disk meanwhile',
    setting: { min: mebibyte, max: 2 ** 50 },
  },
  jobsMax: {
    default: 50_000,
    unit: 'count',
    text: 'Jobs that are reported over HTTP; a report of another is refused',
    setting: { min: 1, max: 1_000_000 },
  },
  jobsPerSenderMax: {
    default: 20_000,
    unit: 'count',
    text: 'Jobs that were made with one token or one key; a report of another is refused',
    setting: { min: 1, max: 1_000_000 },
  },
  jobOpenRunsMax: {
    default: 50,
    unit: 'count',
    text: 'Runs of one job that go on at the same time; with one more the oldest is given up as lost',
  },
  jobReportsWaitingMax: {
    default: 10_000,
    unit: 'count',
    text: 'Reports of jobs that wait to be kept',
  },
  jobReportsKnownMax: {
    default: 200_000,
    unit: 'count',
    text: 'Runs that ended and reports with an id, of all jobs, that are known when they come again, those of the last seven days after a start; the last 20 runs of a job are known besides',
    setting: { min: 1_000, max: 5_000_000 },
  },
  jobBodyBytesMax: {
    default: mebibyte,
    unit: 'bytes',
    text: 'Bytes of the body of a request about jobs',
    setting: { min: 1024, max: 64 * mebibyte },
  },
  jobOutputBytesMax: {
    default: 100_000,
    unit: 'bytes',
    text: "Bytes of a run's output that are kept; the rest is cut off, as the header Ping-Body-Limit says",
    setting: { min: 0, max: mebibyte },
  },
  controlClientsMax: {
    default: 5_000,
    unit: 'count',
    text: 'Clients that are listed by the back-channel; others are told their settings all the same, and counted',
    setting: { min: 1, max: 100_000 },
  },
  controlPollMs: {
    default: 15_000,
    unit: 'ms',
    text: 'Time after which a client of the back-channel is to ask again; longer where there are many',
    setting: { min: 1_000, max: 3_600_000 },
  },
  controlSettingsMax: {
    default: 200,
    unit: 'count',
    text: 'Settings that the back-channel keeps',
  },
  controlBodyBytesMax: {
    default: 16 * kibibyte,
    unit: 'bytes',
    text: 'Bytes of the body of a request to the back-channel',
  },
  messageBytesMax: {
    default: 64 * kibibyte,
    unit: 'bytes',
    text: 'Bytes of one message over syslog/TCP or ZeroMQ',
    setting: { min: 1024, max: 16 * mebibyte },
  },
  messageWaitingBytesMax: {
    default: 64 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of messages of Metlog, statsd and syslog that wait to be stored, per receiver; what comes beyond is dropped',
    setting: { min: mebibyte, max: 4 * gibibyte },
  },
  messageReceiveBufferBytes: {
    default: 8 * mebibyte,
    unit: 'bytes',
    text: "Bytes that the kernel is asked to keep of a UDP socket's datagrams; it gives at most net.core.rmem_max",
    setting: { min: 64 * kibibyte, max: gibibyte },
  },
  messageIdleTimeoutMs: {
    default: 3_600_000,
    unit: 'ms',
    text: 'A syslog connection on which nothing comes for so long is closed',
  },
} satisfies Record<string, Limit>

/** The values of the bounds of the collector. */
export interface CollectorLimits extends LimitValues<typeof collectorLimits> {}

/** The bounds where nobody has set them. */
export const defaultCollectorLimits: CollectorLimits = defaultsOf(collectorLimits)

/**
 * Refuses limits that together let nothing through.
 *
 * @throws CollectorError
 */
export function checkLimits(limits: CollectorLimits): void {
  const { requestBytesMax, requestBytesInFlightMax, headersTimeoutMs, requestTimeoutMs } = limits
  // Node's HTTP server refuses it as well, but in its own words.
  if (requestTimeoutMs < headersTimeoutMs) {
    throw new CollectorError(
      'bad_limit',
      `Cannot give a whole request ${requestTimeoutMs} ms and its head ${headersTimeoutMs} ms; set request-timeout to at least ${headersTimeoutMs}ms, or headers-timeout to less`,
    )
  }
  // A gzip body and what it inflates to are held at the same time, and so is what chunks take
  // besides their bytes.
  if (requestBytesInFlightMax >= 2 * requestBytesMax) return
  throw new CollectorError(
    'bad_limit',
    `Cannot take requests of ${requestBytesMax} bytes with ${requestBytesInFlightMax} bytes in flight; set request-bytes-in-flight-max to at least ${2 * requestBytesMax}, or request-bytes-max to less`,
  )
}
