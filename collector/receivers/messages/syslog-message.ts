// A message of syslog, of either form:
//
//   RFC 5424   <34>1 2026-11-21T01:13:29.5Z host app 4242 ID47 [sd@1 key="value"] text
//   RFC 3164   <34>Nov 21 01:13:29 host app[4242]: text
//
// The older form is whatever programs write: what cannot be told apart is text.
import { readTimestamp, type ReceivedMessage } from '@wayward/metlog/wire'
import type { Refused } from './message-intake.ts'

const nil = '-'
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/**
 * Takes a message apart; never throws.
 *
 * @param nowMs the wall clock: the older form has no year
 */
export function readSyslog(text: string, nowMs: number): ReceivedMessage | Refused {
  const head = /^<(\d{1,3})>/.exec(text)
  const priority = Number(head?.[1])
  if (head === null || priority > 191) {
    const shown = JSON.stringify(text.slice(0, 32))
    const message = `Malformed syslog message ${shown}, wanted a priority from <0> to <191> in front`
    return { reason: 'priority', message }
  }
  const rest = text.slice(head[0].length)
  const facility = priority >> 3
  const severity = priority & 7
  const newer = /^1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ?/.exec(rest)
  const parts =
    newer === null ? readOlder(rest, nowMs) : readNewer(rest.slice(newer[0].length), newer)
  return {
    timeNs: parts.timeNs,
    type: 'syslog',
    logger: parts.app,
    severity,
    payload: parts.text,
    fields: { ...parts.fields, facility },
    pid: /^\d{1,10}$/.test(parts.pid) ? Number(parts.pid) : undefined,
    hostname: parts.host,
    uuid: '',
  }
}

interface Parts {
  readonly timeNs: bigint | undefined
  readonly host: string
  readonly app: string
  readonly pid: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly text: string
}

function readNewer(rest: string, head: RegExpExecArray): Parts {
  const [, time = '', host = '', app = '', pid = '', id = ''] = head
  const { fields, text } = readStructuredData(rest)
  return {
    timeNs: readTimestamp(time),
    host: known(host),
    app: known(app),
    pid: known(pid),
    fields: { ...fields, ...(id === nil ? {} : { msgid: id }) },
    // The mark that says that the text is UTF-8.
    text: text.replace(/^\uFEFF/, ''),
  }
}

function known(text: string): string {
  return text === nil ? '' : text
}

const elementsMax = 64

/** `[id key="value" …][id …] text`, or `- text`. */
function readStructuredData(rest: string): {
  readonly fields: Readonly<Record<string, string>>
  readonly text: string
} {
  if (rest === nil) return { fields: {}, text: '' }
  if (rest.startsWith('- ')) return { fields: {}, text: rest.slice(2) }
  const fields: Record<string, string> = {}
  const element = /\[([^\s=\]"]{1,32})((?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\.)*")*)\]/y
  let at = 0
  for (let count = 0; count < elementsMax; count++) {
    element.lastIndex = at
    const found = element.exec(rest)
    if (found === null) break
    at = element.lastIndex
    const [, id = '', parameters = ''] = found
    for (const [, key = '', value = ''] of parameters.matchAll(/ ([^\s=]+)="((?:[^"\\]|\\.)*)"/g)) {
      fields[`${id}.${key}`] = value.replace(/\\(["\\\]])/g, '$1')
    }
  }
  return { fields, text: rest.slice(at).replace(/^ /, '') }
}

function readOlder(rest: string, nowMs: number): Parts {
  const stamped = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\S{1,255}) /.exec(rest)
  const modern = /^(\d{4}-\d\d-\d\dT\S{8,30}) (\S{1,255}) /.exec(rest)
  const head = stamped ?? modern
  const after = head === null ? rest : rest.slice(head[0].length)
  const tag = /^([\w./-]{1,48})(?:\[(\d{1,10})\])?: ?/.exec(after)
  return {
    timeNs: stamped === null ? readTimestamp(modern?.[1] ?? '') : withYear(stamped, nowMs),
    host: stamped?.[6] ?? modern?.[2] ?? '',
    app: tag?.[1] ?? '',
    pid: tag?.[2] ?? '',
    fields: {},
    text: tag === null ? after : after.slice(tag[0].length),
  }
}

const dayMs = 24 * 60 * 60 * 1000

/**
 * The time with the year that brings it next to now. It has no zone either, and is taken as UTC.
 */
function withYear(found: RegExpExecArray, nowMs: number): bigint | undefined {
  const [, month = '', day = '', hour = '', minute = '', second = ''] = found
  const at = months.indexOf(month)
  if (at < 0 || at % 3 !== 0) return undefined
  const thisYear = new Date(nowMs).getUTCFullYear()
  const toText = (year: number): string =>
    `${year}-${String(at / 3 + 1).padStart(2, '0')}-${day.trim().padStart(2, '0')}T${hour}:${minute}:${second}Z`
  const limitNs = BigInt(nowMs + dayMs) * 1_000_000n
  const timeNs = readTimestamp(toText(thisYear))
  const isOfLastYear = timeNs !== undefined && timeNs > limitNs
  return isOfLastYear ? readTimestamp(toText(thisYear - 1)) : timeNs
}
