// Times as the envelope writes them. A clock is made once per client: the text of the running
// second is kept, so that a message costs six digits and not a `Date`.
import { performance } from 'node:perf_hooks'

/** How many digits of a second are written: six as Metlog, or nine as Heka counted. */
export type TimePrecision = 'microseconds' | 'nanoseconds'

/** Gives the time of now as text. */
export type MessageClock = () => string

/** How often the wall clock is looked at: both clocks cost as much as the rest of a time. */
const lookEveryMs = 100

/** Makes a clock that never runs backwards by an adjustment of less than a second. */
export function createMessageClock(precision: TimePrecision): MessageClock {
  return precision === 'microseconds' ? createMicrosecondClock() : createNanosecondClock()
}

function createMicrosecondClock(): MessageClock {
  const second = createSecondText()
  let anchorMs = Date.now() - performance.now()
  let lookAtMs = 0
  return () => {
    const monotonicMs = performance.now()
    let nowMs = anchorMs + monotonicMs
    if (monotonicMs >= lookAtMs) {
      lookAtMs = monotonicMs + lookEveryMs
      const wallMs = Date.now()
      // The wall clock was set, or the machine slept.
      if (Math.abs(nowMs - wallMs) > 20) {
        anchorMs = wallMs - monotonicMs
        nowMs = wallMs
      }
    }
    const seconds = Math.floor(nowMs / 1000)
    const micros = Math.floor((nowMs - seconds * 1000) * 1000)
    return `${second(seconds)}${String(1_000_000 + micros).slice(1)}Z`
  }
}

function createNanosecondClock(): MessageClock {
  const second = createSecondText()
  let anchorNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  return () => {
    const wallMs = Date.now()
    let nowNs = anchorNs + process.hrtime.bigint()
    if (Math.abs(Number(nowNs / 1_000_000n) - wallMs) > 20) {
      nowNs = BigInt(wallMs) * 1_000_000n
      anchorNs = nowNs - process.hrtime.bigint()
    }
    const seconds = Number(nowNs / 1_000_000_000n)
    return `${second(seconds)}${String(nowNs % 1_000_000_000n).padStart(9, '0')}Z`
  }
}

/** `2026-11-21T01:13:29.`, made once a second. */
function createSecondText(): (seconds: number) => string {
  let last = Number.NaN
  let text = ''
  return (seconds) => {
    if (seconds !== last) {
      last = seconds
      text = new Date(seconds * 1000).toISOString().slice(0, 20)
    }
    return text
  }
}

const form =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?(?:([Zz])|([+-])(\d\d):?(\d\d))?$/
/** From 1970 to 2262: what fits into nanoseconds of 64 bits. */
const millisecondsMax = 9_223_372_036_000

/**
 * Reads a time of RFC 3339 or ISO 8601; without a zone it is UTC, as clients before 0.10 meant it.
 *
 * @returns nanoseconds since 1970, or undefined where it is no such time
 */
export function readTimestamp(text: string): bigint | undefined {
  if (usual.test(text)) {
    const second = text.slice(0, 19)
    const base = second === lastSecond ? lastSecondNs : readSecond(second)
    if (base !== undefined) return base + BigInt(Number(text.slice(20, 26)) * 1_000)
  }
  return readAnyTimestamp(text)
}

/** As clients of Metlog write times; those of one second come together. */
const usual = /^.{19}\.\d{6}Z$/
let lastSecond = ''
let lastSecondNs: bigint | undefined

function readSecond(second: string): bigint | undefined {
  const ns = readAnyTimestamp(second)
  if (ns === undefined) return undefined
  lastSecond = second
  lastSecondNs = ns
  return ns
}

function readAnyTimestamp(text: string): bigint | undefined {
  const found = form.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = ''] = found
  const [, , , , , , , , , sign, zoneHours, zoneMinutes] = found
  const date = [Number(year), Number(month), Number(day)] as const
  const ms = Date.UTC(date[0], date[1] - 1, date[2], Number(hour), Number(minute), Number(second))
  const isReal = new Date(Date.UTC(date[0], date[1] - 1, date[2])).getUTCDate() === date[2]
  const inRange = date[1] >= 1 && date[1] <= 12 && Number(hour) < 24 && Number(minute) < 60
  if (!isReal || !inRange || Number(second) > 60) return undefined
  const zoneMs = sign === undefined ? 0 : (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  const utcMs = sign === '-' ? ms + zoneMs : ms - zoneMs
  if (!(utcMs >= 0 && utcMs < millisecondsMax)) return undefined
  return BigInt(utcMs) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0') || '0')
}
