// What the engine allows at most. Every number that bounds something is here.
import { defaultsOf, type Limit, type LimitValues } from '@wayward/base'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const gibibyte = 1024 * mebibyte

/** The limits of the embedded engine. */
export const engineLimits = {
  readSecondsMax: {
    default: 30,
    unit: 's',
    text: 'A reading query is stopped after this time; the client can ask for less',
  },
  readMemoryBytesMax: {
    default: 768 * mebibyte,
    unit: 'bytes',
    text: 'Memory of one reading query',
  },
  resultRowsMax: {
    default: 1_000_000,
    unit: 'count',
    text: "Rows of one reading query's result",
  },
  resultBytesMax: {
    default: 128 * mebibyte,
    unit: 'bytes',
    text: "Bytes of one result: of a reading query's blocks, and of any answer in its format",
  },
  unsentBytesMax: {
    default: 512 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of all results that clients have not taken yet',
  },
  unsentMsMax: {
    default: 60_000,
    unit: 'ms',
    text: 'A client that takes nothing of its result for this long is given up',
  },
  readSpillBytesMax: {
    default: gibibyte,
    unit: 'bytes',
    text: 'Disk space that one reading query may spill into',
  },
  queryBytesMax: {
    default: mebibyte,
    unit: 'bytes',
    text: 'Bytes of a statement',
  },
  externalBytesMax: {
    default: 32 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of the files of one form, which become external tables',
  },
  externalBytesTotalMax: {
    default: 128 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of such files of all requests that are under way; more are refused',
  },
  insertBytesMax: {
    default: 256 * mebibyte,
    unit: 'bytes',
    text: "Bytes of an insert's body, before and after decompression here",
  },
  readersMax: {
    default: 6,
    unit: 'count',
    text: 'Reading queries that run at the same time',
  },
  writersMax: {
    default: 4,
    unit: 'count',
    text: 'Statements of the writing account that run at the same time',
  },
  sessionsMax: {
    default: 1000,
    unit: 'count',
    text: 'Sessions (`session_id`) of an account; its least used one is forgotten for a new one',
  },
  sessionConnectionsMax: {
    default: 16,
    unit: 'count',
    text: 'Sessions with temporary tables, which only the writing account can make',
  },
  sessionBytesMax: {
    default: 16 * kibibyte,
    unit: 'bytes',
    text: 'Bytes of what one session has set',
  },
  waitingMax: {
    default: 64,
    unit: 'count',
    text: 'Requests of one account that wait for their turn; more are refused',
  },
  socketsMax: {
    default: 512,
    unit: 'count',
    text: 'Open HTTP connections',
  },
  headerBytesMax: {
    default: 256 * kibibyte,
    unit: 'bytes',
    text: "Bytes of a request's line and headers together",
  },
  requestMsMax: {
    default: 300_000,
    unit: 'ms',
    text: 'A request must have arrived wholly within this time',
  },
  answerMsMax: {
    default: 900_000,
    unit: 'ms',
    text: 'A request whose answer has not begun after this time is answered with 503',
  },
  cleanupIntervalMs: {
    default: 60_000,
    unit: 'ms',
    text: 'How often parts that a merge has replaced are deleted from disk',
  },
} satisfies Record<string, Limit>

/** The values of the bounds of the embedded engine. */
export interface EngineLimits extends LimitValues<typeof engineLimits> {}

/** The bounds where nobody has set them. */
export const defaultEngineLimits: EngineLimits = defaultsOf(engineLimits)
