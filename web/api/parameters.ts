// The parameters of the API's addresses, declared once: what they mean, how they are read, and how
// the OpenAPI file describes them.
import {
  durationWanted,
  formatTimeNs,
  parseDurationMs,
  parseTimeNs,
  TimeTextError,
  timeWanted,
} from '@wayward/base'
import type { JsonSchema } from './json-schema.ts'

/** A parameter of an address, behind the question mark or a part of the path. */
export interface Parameter {
  readonly text: string
  readonly example: string
  readonly schema: JsonSchema
  /** @throws ParameterError */
  readonly check: (text: string) => void
  /** @default false */
  readonly isRequired?: boolean
  /** Whether it may be there several times. @default false */
  readonly isRepeated?: boolean
}

/** A value that cannot be read: what was seen and what was wanted. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError'
}

const text: JsonSchema = { type: 'string' }
const textLengthMax = 10_000

/** Rows of an answer, unless `limit` asks for fewer. */
export const rowsMax = 10_000

const sqlLengthMax = 30_000

function textParameter(about: string, example: string, lengthMax = textLengthMax): Parameter {
  return {
    text: about,
    example,
    schema: text,
    check(value) {
      if (value.length > lengthMax) {
        throw new ParameterError(`it has ${value.length} characters; wanted at most ${lengthMax}`)
      }
    },
  }
}

function timeParameter(about: string, example: string): Parameter {
  return { text: about, example, schema: text, check: (value) => void readTime(value) }
}

function hexParameter(about: string, digits: number, example: string): Parameter {
  const pattern = `^[0-9a-fA-F]{${digits}}$`
  return {
    text: about,
    example,
    isRequired: true,
    schema: { type: 'string', pattern },
    check(value) {
      if (!new RegExp(pattern).test(value)) {
        throw new ParameterError(`wanted ${digits} hexadecimal digits, such as ${example}`)
      }
    },
  }
}

function integerParameter(about: string, min: number, max: number, example: string): Parameter {
  return {
    text: about,
    example,
    schema: { type: 'integer', minimum: min, maximum: max },
    check(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
      if (!(number >= min && number <= max)) {
        throw new ParameterError(`wanted a whole number from ${min} to ${max}`)
      }
    },
  }
}

function nanosecondsParameter(about: string, example = '1795240800000000000'): Parameter {
  return {
    text: about,
    example,
    schema: { type: 'string', pattern: String.raw`^\d{1,19}$` },
    check(value) {
      if (!/^\d{1,19}$/.test(value) || BigInt(value) >= 2n ** 63n) {
        throw new ParameterError('wanted a whole number of nanoseconds, at most 2^63 - 1')
      }
    },
  }
}

function choiceParameter(about: string, choices: readonly string[], example: string): Parameter {
  return {
    text: about,
    example,
    schema: { type: 'string', enum: choices },
    check(value) {
      if (choices.includes(value)) return
      const [last, ...others] = choices.toReversed()
      throw new ParameterError(`wanted ${others.toReversed().join(', ')} or ${last}`)
    },
  }
}

const laneKinds = ['lock', 'queue', 'job', 'thread', 'task', 'span', 'log', 'process']

/** All parameters, by name. */
export const parameters = {
  from: timeParameter(
    'First moment of the window; what overlaps the window counts, as far as it lies within',
    '2026-11-21T06:00:00Z',
  ),
  to: timeParameter('First moment after the window', 'now'),
  since: {
    text: 'In the place of `from`: how long before `to`, or before now, the window begins',
    example: '1h',
    schema: text,
    check: (value) => void read(value, durationWanted, parseDurationMs),
  },
  running: choiceParameter(
    'What to do with a session that still runs',
    ['refuse', 'delete'],
    'refuse',
  ),
  service: textParameter('Only this service', 'shop'),
  session: {
    ...textParameter('Only this session; may be there several times', '0f1c2d3e'),
    isRepeated: true,
  },
  analyzer: {
    ...textParameter('Name of the analyzer, as /api/v1/analyzers lists it', 'lock-contention'),
    isRequired: true,
  },
  traceId: hexParameter('The trace', 32, '4bf92f3577b34da6a3ce929d0e0e4736'),
  spanId: { ...hexParameter('Only this span', 16, '00f067aa0ba902b7'), isRequired: false },
  buckets: integerParameter('Into how many parts the window is divided', 1, 2000, '120'),
  width: integerParameter('Pixels of the timeline', 10, 8000, '1500'),
  kind: choiceParameter('Of the lane', laneKinds, 'lock'),
  by: choiceParameter('A lane for each of these', ['thread', 'task'], 'task'),
  form: choiceParameter('As JSON, or the numbers as bytes', ['json', 'bytes'], 'json'),
  find: textParameter('Only lanes whose name has this, in whatever case', 'inventory'),
  fromNs: nanosecondsParameter('First moment, nanoseconds since 1970'),
  toNs: nanosecondsParameter('Last moment, nanoseconds since 1970'),
  shortestNs: nanosecondsParameter('The shortest, nanoseconds', '1000000'),
  longestNs: nanosecondsParameter('The first length that is too long, nanoseconds', '2000000'),
  group: textParameter('A line for each value of this attribute', 'pool'),
  limit: integerParameter('Rows at most', 1, rowsMax, '100'),
  name: textParameter('Only what has this name', 'GET /cart'),
  sql: textParameter('The statement', 'SELECT 1', sqlLengthMax),
  format: choiceParameter('Of the answer', ['table', 'csv', 'json', 'parquet', 'arrow'], 'csv'),
  text: textParameter('Only records whose body has this, in whatever case', 'timed out'),
  own: choiceParameter(
    'Whether the events of Wayward itself count',
    ['with', 'without'],
    'without',
  ),
  logger: textParameter('Only records of this instrumentation scope and those below it', 'shop.db'),
  severity: integerParameter('Only records of this severity number or above', 1, 24, '13'),
  status: choiceParameter('Only spans with this status', ['Unset', 'Ok', 'Error'], 'Error'),
  longerThan: {
    text: 'Only spans that took at least this long',
    example: '250ms',
    schema: text,
    check: (value) => void read(value, durationWanted, parseDurationMs),
  },
  attribute: {
    ...textParameter('Only what has this attribute, as key=value', 'http.route=/cart'),
    check(value: string): void {
      if (!/^[^=]+=/.test(value)) {
        throw new ParameterError('wanted key=value, such as http.route=/cart')
      }
    },
  },
} as const satisfies Readonly<Record<string, Parameter>>

/** The name of a parameter. */
export type ParameterName = keyof typeof parameters

/** The parameters that were given, checked. */
export type Given = Readonly<Partial<Record<Exclude<ParameterName, 'session'>, string>>> & {
  readonly session?: readonly string[]
}

/** A moment, where `now` is now. @throws ParameterError */
export function readTime(value: string, nowNs = 0n): bigint {
  const time = read(value, timeWanted, parseTimeNs)
  return time === 'now' ? nowNs : time
}

/** Milliseconds of a duration that has been checked. */
export function readDurationMs(value: string): number {
  return read(value, durationWanted, parseDurationMs)
}

function read<T>(value: string, wanted: string, parse: (value: string) => T): T {
  try {
    return parse(value)
  } catch (error) {
    if (!(error instanceof TimeTextError)) throw error
    throw new ParameterError(`${error.message}; wanted ${wanted}`)
  }
}

/** The window that was asked for. @throws ParameterError where parameters contradict each other */
export function readWindow(
  given: Given,
  nowNs: bigint,
): {
  readonly from?: bigint
  readonly to?: bigint
  service?: string
  sessions?: readonly string[]
} {
  const { service, session: sessions, since } = given
  if (since !== undefined && given.from !== undefined) {
    throw new ParameterError('from and since both say where to begin; leave one out')
  }
  const to = given.to === undefined ? undefined : readTime(given.to, nowNs)
  const from =
    since === undefined
      ? given.from === undefined
        ? undefined
        : readTime(given.from, nowNs)
      : (to ?? nowNs) - BigInt(Math.round(readDurationMs(since) * 1e6))
  if (from !== undefined && to !== undefined && from >= to) {
    throw new ParameterError(
      `nothing can lie between ${formatTimeNs(from)} and ${formatTimeNs(to)}; wanted a start before the end`,
    )
  }
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(service === undefined ? {} : { service }),
    ...(sessions === undefined ? {} : { sessions }),
  }
}

/** `key=value`, divided. */
export function attributeOf({ attribute = '' }: Given): {
  readonly key: string
  readonly value: string
} {
  const at = attribute.indexOf('=')
  return { key: attribute.slice(0, Math.max(0, at)), value: attribute.slice(at + 1) }
}
