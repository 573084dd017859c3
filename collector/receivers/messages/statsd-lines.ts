// statsd's datagrams, with what DogStatsD added:
//
//   name:value|c|@0.1|#tag:value,tag      counter; several values as name:1:2:3|c
//   name:value|ms  name:value|h  |d       times and distributions
//   name:value|g   name:+2|g              gauges, also relative ones
//   name:value|s                          a member of a set
//   _e{5,4}:title|text|…   _sc|name|0|…   events and service checks
//
// Relative gauges need a memory, which is bounded.
import type { ReceivedMessage } from '@wayward/metlog/wire'
import type { Refused } from './message-intake.ts'

/** Takes a line apart; never throws. */
export type StatsdReader = (line: string) => readonly ReceivedMessage[] | Refused

const gaugesMax = 10_000
const valuesMax = 1_000
const types: Readonly<Record<string, string>> = {
  c: 'counter',
  m: 'counter',
  ms: 'timer',
  h: 'distribution',
  d: 'distribution',
  g: 'gauge',
  s: 'statsd.set',
}

/** Makes a reader. */
export function createStatsdReader(): StatsdReader {
  const gauges = new Map<string, number>()
  return (line) => {
    if (line.startsWith('_e{')) return readEvent(line)
    if (line.startsWith('_sc|')) return readServiceCheck(line)
    const pipe = line.indexOf('|')
    // The last colon before the type: names may have colons in clients that know no better.
    const colon = line.indexOf(':')
    if (pipe < 0 || colon < 1 || colon > pipe) return refused('form', line)
    const name = line.slice(0, colon)
    const [code = '', ...rest] = line.slice(pipe + 1).split('|')
    const type = Object.hasOwn(types, code) ? types[code] : undefined
    if (type === undefined) return refused('type', line)
    const extras = readExtras(rest)
    const values = line.slice(colon + 1, pipe).split(':', valuesMax)
    const messages: ReceivedMessage[] = []
    for (const value of values) {
      const payload = type === 'gauge' ? settle(gauges, name, extras.key, value) : value
      messages.push(toMessage(type, payload, { ...extras, fields: { ...extras.fields, name } }))
    }
    return messages
  }
}

interface Extras {
  readonly fields: Readonly<Record<string, unknown>>
  /** The tags as they came: what tells series of one name apart. */
  readonly key: string
  readonly service: string
  readonly host: string
  readonly timeNs: bigint | undefined
}

function readExtras(parts: readonly string[]): Extras {
  const fields: Record<string, unknown> = {}
  let key = ''
  let timeNs: bigint | undefined
  for (const part of parts) {
    if (part.startsWith('@')) fields['rate'] = Number(part.slice(1))
    else if (part.startsWith('#')) {
      key = part
      for (const tag of part.slice(1).split(',')) addTag(fields, tag)
    } else if (/^T\d{1,10}$/.test(part)) timeNs = BigInt(part.slice(1)) * 1_000_000_000n
  }
  const service = fields['service']
  const host = fields['host']
  return {
    fields,
    key,
    service: typeof service === 'string' ? service : '',
    host: typeof host === 'string' ? host : '',
    timeNs,
  }
}

function addTag(fields: Record<string, unknown>, tag: string): void {
  if (tag === '') return
  const colon = tag.indexOf(':')
  const key = colon < 0 ? tag : tag.slice(0, colon)
  // A tag must not take the place of what the line itself says.
  if (key !== 'rate' && key !== '__proto__') fields[key] = colon < 0 ? true : tag.slice(colon + 1)
}

/** A gauge with a sign is added to what the gauge was. */
function settle(gauges: Map<string, number>, name: string, tags: string, value: string): string {
  const key = `${name}|${tags}`
  const number = Number(value)
  if (!Number.isFinite(number)) return value
  const isRelative = /^[-+]/.test(value)
  const now = isRelative ? (gauges.get(key) ?? 0) + number : number
  if (gauges.size >= gaugesMax && !gauges.has(key)) {
    const [oldest] = gauges.keys()
    if (oldest !== undefined) gauges.delete(oldest)
  }
  gauges.set(key, now)
  return String(now)
}

function readEvent(line: string): readonly ReceivedMessage[] | Refused {
  const head = /^_e\{(\d{1,5}),(\d{1,5})\}:/.exec(line)
  if (head === null) return refused('form', line)
  const bytes = Buffer.from(line.slice(head[0].length))
  const titleEnd = Number(head[1])
  const textEnd = titleEnd + 1 + Number(head[2])
  if (textEnd > bytes.length) return refused('form', line)
  const rest = bytes.subarray(textEnd).toString().split('|').slice(1)
  const extras = readExtras(rest)
  const title = bytes.subarray(0, titleEnd).toString()
  const text = bytes
    .subarray(titleEnd + 1, textEnd)
    .toString()
    .replaceAll('\\n', '\n')
  const level = rest.find((part) => part.startsWith('t:'))?.slice(2)
  const severity = level === 'error' ? 3 : level === 'warning' ? 4 : 6
  const fields = { ...extras.fields, title }
  return [{ ...toMessage('statsd.event', text, { ...extras, fields }), severity }]
}

function readServiceCheck(line: string): readonly ReceivedMessage[] | Refused {
  const [, name = '', status = '', ...rest] = line.split('|')
  if (name === '' || !/^[0-3]$/.test(status)) return refused('form', line)
  const extras = readExtras(rest)
  const text = rest.find((part) => part.startsWith('m:'))?.slice(2) ?? ''
  const fields = { ...extras.fields, name, status: Number(status) }
  const severity = [6, 4, 3, 5][Number(status)] ?? 6
  return [{ ...toMessage('statsd.check', text, { ...extras, fields }), severity }]
}

function toMessage(type: string, payload: string, extras: Extras): ReceivedMessage {
  const { fields, host, service, timeNs } = extras
  return {
    timeNs,
    type,
    logger: service,
    severity: 6,
    payload,
    fields,
    pid: undefined,
    hostname: host,
    uuid: '',
  }
}

function refused(reason: string, line: string): Refused {
  const shown = JSON.stringify(line.slice(0, 64))
  return { reason, message: `Malformed statsd line ${shown}, wanted "name:value|type"` }
}
