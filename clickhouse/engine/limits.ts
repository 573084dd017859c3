/** What the engine allows at most. Every number that bounds something is here. */
export interface EngineLimits {
  /** A reading query is stopped after this time; the client can ask for less. */
  readonly readSecondsMax: number
  /** Memory of one reading query. */
  readonly readMemoryBytesMax: number
  /** Rows of one reading query's result. */
  readonly resultRowsMax: number
  /** Bytes of one result: of a reading query's blocks, and of any answer in its format. */
  readonly resultBytesMax: number
  /** Bytes of all results that clients have not taken yet. */
  readonly unsentBytesMax: number
  /** A client that takes nothing of its result for this long is given up. */
  readonly unsentMsMax: number
  /** Disk space that one reading query may spill into. */
  readonly readSpillBytesMax: number
  /** Bytes of a statement. */
  readonly queryBytesMax: number
  /** Bytes of an insert's body, before and after decompression here. */
  readonly insertBytesMax: number
  /** Reading queries that run at the same time. */
  readonly readersMax: number
  /** Statements of the writing account that run at the same time. */
  readonly writersMax: number
  /** Requests of one account that wait for their turn; more are refused. */
  readonly waitingMax: number
  /** Open HTTP connections. */
  readonly socketsMax: number
  /** Bytes of a request's line and headers together. */
  readonly headerBytesMax: number
  /** A request must have arrived wholly within this time. */
  readonly requestMsMax: number
  /** How often parts that a merge has replaced are deleted from disk. */
  readonly cleanupIntervalMs: number
}

export const defaultEngineLimits: EngineLimits = {
  readSecondsMax: 30,
  readMemoryBytesMax: 512 * 1024 * 1024,
  resultRowsMax: 1_000_000,
  resultBytesMax: 128 * 1024 * 1024,
  unsentBytesMax: 512 * 1024 * 1024,
  unsentMsMax: 60_000,
  readSpillBytesMax: 1024 * 1024 * 1024,
  queryBytesMax: 1024 * 1024,
  insertBytesMax: 256 * 1024 * 1024,
  readersMax: 6,
  writersMax: 4,
  waitingMax: 64,
  socketsMax: 512,
  headerBytesMax: 256 * 1024,
  requestMsMax: 300_000,
  cleanupIntervalMs: 60_000,
}
