// Python's `%` formatting, as far as messages use it: texts, numbers, and names of one mapping.
import { inspect } from 'node:util'

const directive = /%(?:\(([^)]*)\))?([-+ 0#]*)(\d+)?(?:\.(\d+))?[hlL]?([sdiufFeEgGxXorjc%])/g

/**
 * Formats a message. Without arguments nothing is replaced, as in Python: `100%` stays. A directive
 * without its argument stays; arguments without a directive are appended, so that nothing is lost.
 */
export function formatMessage(text: string, args: readonly unknown[]): string {
  if (args.length === 0) return text
  const [first] = args
  const mapping = args.length === 1 && isMapping(first) ? first : undefined
  let used = 0
  const formatted = text.replace(directive, (whole, name, flags, width, digits, kind) => {
    if (kind === '%') return '%'
    if (name !== undefined) {
      if (mapping === undefined || !(name in mapping)) return whole
      return pad(convert(mapping[name as string], kind, digits), flags, width)
    }
    if (used >= args.length) return whole
    return pad(convert(args[used++], kind, digits), flags, width)
  })
  if (mapping !== undefined) return formatted
  const rest = args.slice(used).map((one) => (typeof one === 'string' ? one : inspect(one)))
  return [formatted, ...rest].join(' ')
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function convert(value: unknown, kind: string, digits: string | undefined): string {
  const precision = digits === undefined ? undefined : Number(digits)
  switch (kind) {
    case 'd':
    case 'i':
    case 'u':
      return typeof value === 'bigint' ? String(value) : whole(Number(value))
    case 'f':
    case 'F':
      return Number(value).toFixed(Math.min(precision ?? 6, 100))
    case 'e':
    case 'E':
      return Number(value).toExponential(Math.min(precision ?? 6, 100))
    case 'g':
    case 'G':
      return String(Number(Number(value).toPrecision(Math.min(precision || 6, 100))))
    case 'x':
    case 'X':
    case 'o': {
      const text = Math.trunc(Number(value)).toString(kind === 'o' ? 8 : 16)
      return kind === 'X' ? text.toUpperCase() : text
    }
    case 'r':
      return inspect(value)
    case 'j':
      return JSON.stringify(value) ?? 'null'
    default: {
      const text = typeof value === 'string' ? value : inspect(value)
      return precision === undefined ? text : text.slice(0, precision)
    }
  }
}

function whole(value: number): string {
  return Number.isFinite(value) ? String(Math.trunc(value)) : String(value)
}

const widthMax = 1_000

function pad(text: string, flags: string, width: string | undefined): string {
  if (width === undefined) return text
  const wanted = Math.min(Number(width), widthMax)
  if (flags.includes('-')) return text.padEnd(wanted)
  return flags.includes('0') ? text.padStart(wanted, '0') : text.padStart(wanted)
}
