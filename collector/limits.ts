/** Every limit of the collector. At a limit it refuses, with a hint when to try again where that helps. */
export interface CollectorLimits {
  /** Bytes of one request, before and after decompression. */
  readonly requestBytesMax: number
  /** Chunks or frames of one request that may have fewer than 64 bytes on average: each costs time. */
  readonly smallChunksMax: number
  /** Bytes of request bodies that are being received or decompressed, over both receivers. */
  readonly requestBytesInFlightMax: number
  /** Requests that are decompressed at the same time. */
  readonly decompressionsMax: number
  /** Connections per listener. */
  readonly connectionsMax: number
  /** Requests at the same time per HTTP/2 connection. */
  readonly streamsPerConnectionMax: number
  /** Bytes that an HTTP/2 peer may send ahead, per request and per connection. */
  readonly receiveWindowBytes: number
  /** Milliseconds that a client may take to send the head of an HTTP request. */
  readonly headersTimeoutMs: number
  /** Milliseconds that a client may take to send a whole request. */
  readonly requestTimeoutMs: number
  /** Milliseconds that an idle connection is kept. */
  readonly keepAliveTimeoutMs: number
  /** Rows of a block that is inserted without waiting for more. */
  readonly blockRowsEnough: number
  /** Rows after which a block is closed, although the insert before it is not back. */
  readonly blockRowsMax: number
  /** Bytes after which a block is closed, although the insert before it is not back. */
  readonly blockBytesMax: number
  /** Different days of rows after which a block is closed: ClickHouse writes a part for each. */
  readonly blockDaysMax: number
  /** Milliseconds that a block waits for more rows after the insert before it. */
  readonly blockWaitMsMax: number
  /** Bytes of all blocks, open, waiting and being inserted, over all signals. */
  readonly blockBytesInFlightMax: number
  /** Requests whose rows are not in ClickHouse yet, per signal. */
  readonly waitingRequestsMax: number
  /** Inserts at the same time, per table. */
  readonly insertsInFlightMax: number
  /** Tries of one insert, all with the same deduplication token. */
  readonly insertAttemptsMax: number
  /** Milliseconds after which an insert is not tried again; below the 10 s that exporters wait. */
  readonly insertRetryMsMax: number
}

const MIB = 1024 * 1024

export const defaultCollectorLimits: CollectorLimits = {
  requestBytesMax: 64 * MIB,
  smallChunksMax: 1_024,
  requestBytesInFlightMax: 192 * MIB,
  decompressionsMax: 2,
  connectionsMax: 1000,
  streamsPerConnectionMax: 100,
  receiveWindowBytes: MIB,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 60_000,
  blockRowsEnough: 32_768,
  blockRowsMax: 65_536,
  blockBytesMax: 24 * MIB,
  blockDaysMax: 100,
  blockWaitMsMax: 200,
  blockBytesInFlightMax: 64 * MIB,
  waitingRequestsMax: 10_000,
  insertsInFlightMax: 1,
  insertAttemptsMax: 5,
  insertRetryMsMax: 6_000,
}
