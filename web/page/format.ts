// Values as people read them.
import { state } from './view-state.ts'

const steps = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
] as const

/** A duration: three digits and the unit that fits. */
export function formatDuration(ns: number): string {
  if (ns >= 120e9) {
    const minutes = Math.round(ns / 60e9)
    if (minutes < 120) return `${Math.floor(ns / 60e9)} min ${Math.round((ns % 60e9) / 1e9)} s`
    const hours = Math.round(ns / 3600e9)
    return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d ${hours % 24} h`
  }
  for (const [unit, unitNs] of steps) {
    if (ns >= unitNs) return `${Number((ns / unitNs).toPrecision(3))} ${unit}`
  }
  return `${Math.round(ns)} ns`
}

const bytesUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `1.5 MiB`. */
export function formatBytes(count: number): string {
  const place = Math.floor(Math.log2(Math.max(1, count)) / 10)
  const unit = bytesUnits[Math.min(place, bytesUnits.length - 1)] ?? 'B'
  return `${Number((count / 2 ** (10 * bytesUnits.indexOf(unit))).toPrecision(3))} ${unit}`
}

/** Nanoseconds of units of OpenTelemetry (UCUM) that are times. */
const nanosecondsOf: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }

/** A value in a unit of OpenTelemetry. */
export function formatQuantity(value: number, unit: string): string {
  if (unit === 'By' && value >= 0) return formatBytes(value)
  const ns = nanosecondsOf[unit]
  if (ns !== undefined && value >= 0) return formatDuration(value * ns)
  return Number(value.toPrecision(4)).toLocaleString('en-US')
}

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** A moment, as fine as the width of what is shown asks for. */
export function formatMoment(ns: bigint, stepNs: number): string {
  const iso = isoOf(Number(ns / 1_000_000n))
  if (stepNs >= 86_400e9) return iso.slice(0, 10)
  if (stepNs >= 60e9) return `${iso.slice(5, 10)} ${iso.slice(11, 16)}`
  if (stepNs >= 1e9) return iso.slice(11, 19)
  const fraction = String(ns % 1_000_000_000n).padStart(9, '0')
  const digits = stepNs >= 1e6 ? 3 : stepNs >= 1e3 ? 6 : 9
  return `${iso.slice(11, 19)}.${fraction.slice(0, digits)}`
}

/** A time of the API, to the second or finer. */
export function formatTime(text: unknown, digits = 3): string {
  const time = String(text)
  if (time.startsWith('1970-01-01')) return '–'
  const iso = isoOf(Date.parse(`${time.slice(0, 23).replace(/Z?$/, '')}Z`))
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${digits > 0 ? time.slice(19, 20 + digits).replace('Z', '') : ''}`
}

/** In UTC, or in the reader's zone where the address says so. */
function isoOf(ms: number): string {
  if (Number.isNaN(ms)) return '–'.repeat(24)
  const offsetMs = state.value.zone === 'local' ? new Date(ms).getTimezoneOffset() * 60_000 : 0
  return new Date(ms - offsetMs).toISOString()
}

/** What steers a terminal or turns text around is shown by its code. */
export function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
