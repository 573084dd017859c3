// Writes messages as JSON, as `JSON.stringify` does, in a fifth of its time: the keys are known,
// and most texts (type, logger, host, names of counters) come again and again, so their JSON is
// kept. What is unusual (keys that a filter added, values with a `toJSON`) is left to
// `JSON.stringify`.
import type { MetlogMessage } from './message.ts'

/** Writes a message; undefined where it is one for `JSON.stringify`. */
export type JsonWriter = (message: MetlogMessage) => string | undefined

const keptMax = 1_000
const keptLengthMax = 128
const keyCount = 9
/** Texts that are their own JSON: no quotes, no backslashes, nothing beyond ASCII. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** Makes a writer, which keeps the texts that it has seen, up to a bound. */
export function createJsonWriter(): JsonWriter {
  const kept = new Map<string, string>()
  const quoteKept = (text: string): string => {
    const known = kept.get(text)
    if (known !== undefined) return known
    const made = JSON.stringify(text)
    if (text.length > keptLengthMax) return made
    if (kept.size >= keptMax) kept.clear()
    kept.set(text, made)
    return made
  }
  const ends = createEnds(quoteKept)
  // Most counters have a name and nothing else, and few names.
  const counters = new Map<string, string>()
  const writeInside = (fields: Readonly<Record<string, unknown>>): string | undefined => {
    const name = fields?.['name']
    if (typeof name !== 'string' || fields['rate'] !== 1) return writeFields(fields, quoteKept)
    const keys = Object.keys(fields)
    if (keys.length !== 2 || keys[0] !== 'name') return writeFields(fields, quoteKept)
    const known = counters.get(name)
    if (known !== undefined) return known
    const made = writeFields(fields, quoteKept)
    if (made === undefined || name.length > keptLengthMax) return made
    if (counters.size >= keptMax) counters.clear()
    counters.set(name, made)
    return made
  }
  return (message) => {
    const { fields, payload, timestamp, uuid } = message
    const isUsual = typeof timestamp === 'string' && ends.fit(message)
    if (!isUsual || Object.keys(message).length !== keyCount + (uuid === undefined ? 0 : 1)) {
      return undefined
    }
    const content = typeof payload === 'string' ? quote(payload) : writeValue(payload)
    const inside = writeInside(fields)
    if (content === undefined || inside === undefined) return undefined
    const end = uuid === undefined ? '}' : `,"uuid":${quote(uuid)}}`
    return `${ends.version}${quote(timestamp)}${ends.head}${content},"fields":{${inside}}${ends.tail}${end}`
  }
}

/** The parts of messages that are the same from one to the next. */
interface Ends {
  /** Makes them fit a message. @returns false where its values are unusual */
  fit(message: MetlogMessage): boolean
  version: string
  head: string
  tail: string
}

function createEnds(quoteKept: (text: string) => string): Ends {
  let [version, type, logger, host] = ['', '', '', '']
  let [severity, pid] = [Number.NaN, Number.NaN]
  const isAs = (message: MetlogMessage): boolean =>
    message.type === type &&
    message.logger === logger &&
    message.severity === severity &&
    message.metlog_hostname === host &&
    message.metlog_pid === pid &&
    message.env_version === version
  const ends: Ends = {
    version: '',
    head: '',
    tail: '',
    fit(message) {
      if (isAs(message)) return true
      const texts = [message.env_version, message.type, message.logger, message.metlog_hostname]
      const areTexts = texts.every((text) => typeof text === 'string')
      const areNumbers = Number.isFinite(message.severity) && Number.isFinite(message.metlog_pid)
      if (!areTexts || !areNumbers) return false
      ;({ env_version: version, type, logger, severity } = message)
      ;({ metlog_hostname: host, metlog_pid: pid } = message)
      ends.version = `{"env_version":${quoteKept(version)},"timestamp":`
      ends.head = `,"type":${quoteKept(type)},"logger":${quoteKept(logger)},"severity":${severity},"payload":`
      ends.tail = `,"metlog_pid":${pid},"metlog_hostname":${quoteKept(host)}`
      return true
    },
  }
  return ends
}

/** The inside of an object; undefined where it is no plain one. */
function writeFields(
  fields: Readonly<Record<string, unknown>>,
  quoteKept: (text: string) => string,
): string | undefined {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return undefined
  if (typeof fields['toJSON'] === 'function') return undefined
  let text = ''
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    const written = typeof value === 'string' ? quoteField(value, quoteKept) : writeValue(value)
    // As `JSON.stringify` does with functions and with what is not defined.
    if (written === undefined) continue
    text += text === '' ? `${quoteKept(key)}:${written}` : `,${quoteKept(key)}:${written}`
  }
  return text
}

/** Short texts are names, and come again. */
function quoteField(text: string, quoteKept: (text: string) => string): string {
  return text.length <= 32 ? quoteKept(text) : quote(text)
}

function quote(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text)
}

function writeValue(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  // May throw, such as for a bigint; then all is written in the slow way.
  return JSON.stringify(value)
}
