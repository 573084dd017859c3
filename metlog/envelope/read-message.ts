// What came from outside becomes a message, or a reason why it is none. Lenient where clients are
// known to differ (a severity as text, a time without zone, a payload that is a number), strict
// where guessing would store something wrong.
import { envelopeVersion } from './message.ts'
import { readTimestamp } from './timestamp.ts'

/** A message whose parts have been looked at. */
export interface ReceivedMessage {
  /** Nanoseconds since 1970; undefined where the sender gave none. */
  readonly timeNs: bigint | undefined
  readonly type: string
  readonly logger: string
  readonly severity: number
  readonly payload: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly pid: number | undefined
  readonly hostname: string
  readonly uuid: string
}

/** Why something is no message; `reason` is one of few words, for counting. */
export interface WrongMessage {
  readonly reason: WrongReason
  readonly message: string
}

/** The reasons why something is no message. */
export const wrongReasons = [
  'not_an_object',
  'version',
  'type',
  'timestamp',
  'logger',
  'severity',
  'payload',
  'fields',
  'pid',
  'hostname',
  'name',
  'rate',
] as const
/** Why something is no message, in one word. */
export type WrongReason = (typeof wrongReasons)[number]

const nameMax = 512
const fieldsMax = 256

/** Whether something is wrong. */
export function isWrong(read: ReceivedMessage | WrongMessage): read is WrongMessage {
  return 'reason' in read
}

/** Reads a message from a value of any form. Never throws. */
export function readMessage(value: unknown): ReceivedMessage | WrongMessage {
  if (!isRecord(value)) return wrong('not_an_object', 'the message', value, 'an object')
  const version = value['env_version']
  if (version !== undefined && version !== envelopeVersion) {
    return wrong('version', 'env_version', version, `"${envelopeVersion}"`)
  }
  const { fields = {}, logger, metlog_hostname: hostname, metlog_pid: pid, type, uuid } = value
  if (!isName(type)) return wrong('type', 'type', type, `a text of 1 to ${nameMax} characters`)
  const timeNs = readTime(value['timestamp'])
  if (timeNs === 'wrong') {
    return wrong('timestamp', 'timestamp', value['timestamp'], 'a time of RFC 3339')
  }
  if (!isShortText(logger)) return wrong('logger', 'logger', logger, 'a text')
  const severity = readSeverity(value['severity'])
  if (severity === undefined) {
    return wrong('severity', 'severity', value['severity'], 'a whole number from 0 to 7')
  }
  const payload = readPayload(value['payload'])
  if (payload === undefined) return wrong('payload', 'payload', value['payload'], 'a text')
  if (fields !== null && (!isRecord(fields) || Object.keys(fields).length > fieldsMax)) {
    return wrong('fields', 'fields', fields, `an object with at most ${fieldsMax} keys`)
  }
  const readPid = readWhole(pid)
  if (readPid === 'wrong') return wrong('pid', 'metlog_pid', pid, 'a whole number')
  if (!isShortText(hostname)) return wrong('hostname', 'metlog_hostname', hostname, 'a text')
  return {
    timeNs,
    type,
    logger: logger ?? '',
    severity,
    payload,
    fields: fields ?? {},
    pid: readPid,
    hostname: hostname ?? '',
    uuid: typeof uuid === 'string' && uuid.length <= nameMax ? uuid : '',
  }
}

/** Says what is wrong with a part. */
export function wrong(
  reason: WrongReason,
  part: string,
  seen: unknown,
  wanted: string,
): WrongMessage {
  return { reason, message: `Malformed Metlog message: ${part} is ${show(seen)}, wanted ${wanted}` }
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'string') {
    return value.length > 64 ? `a text of ${value.length} characters` : JSON.stringify(value)
  }
  if (typeof value === 'number' || typeof value === 'bigint') return `${value}`
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  )
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= nameMax
}

function isShortText(value: unknown): value is string | null | undefined {
  return (
    value === undefined || value === null || (typeof value === 'string' && value.length <= nameMax)
  )
}

/** Heka counted nanoseconds; Metlog writes text. */
function readTime(value: unknown): bigint | undefined | 'wrong' {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return readTimestamp(value) ?? 'wrong'
  if (typeof value === 'bigint') return value > 0n && value < 2n ** 63n ? value : 'wrong'
  const isNanoseconds = typeof value === 'number' && value > 1e15 && value < 2 ** 63
  return isNanoseconds ? BigInt(Math.round(value)) : 'wrong'
}

function readSeverity(value: unknown): number | undefined {
  if (value === undefined || value === null) return 6
  const number = typeof value === 'string' && /^\d$/.test(value) ? Number(value) : value
  const isGood = typeof number === 'number' && Number.isInteger(number)
  return isGood && number >= 0 && number <= 7 ? number : undefined
}

function readPayload(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `${value}`
  }
  return undefined
}

function readWhole(value: unknown): number | undefined | 'wrong' {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : 'wrong'
}
