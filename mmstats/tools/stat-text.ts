// Values as text: as the original's language prints them, and as JSON.
import type { Stat } from '../format/stat.ts'
import type { StatValue } from '../format/type-code.ts'

function valueText(value: Stat['value']): string {
  if (isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}

function isArray(value: Stat['value']): value is readonly StatValue[] {
  return Array.isArray(value)
}

/** A fraction as Python 2's `str` prints it. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [digits = '', power = '0'] = value.toExponential(11).split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 11) {
    const short = digits.replace(/\.?0+$/, '')
    return `${short}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  const text = value.toFixed(11 - exponent)
  const short = text.includes('.') ? text.replace(/0+$/, '') : text
  return short.endsWith('.') ? `${short}0` : short.includes('.') ? short : `${short}.0`
}

/** Text for a terminal: what would steer it is shown as its code. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 2 ? `\\u{${code}}` : `\\x${code.padStart(2, '0')}`
  })
}

/** A field's value as Python 2 prints it: `True`, twelve digits of a fraction. */
export function statText({ type, value }: Stat): string {
  const isFraction = type.endsWith('f') || type.endsWith('d')
  if (isFraction && typeof value === 'number') return floatText(value)
  return valueText(value)
}

/** A line of JSON for a file; whole numbers of 64 bits keep all their digits. */
export function jsonText(path: string, stats: readonly Stat[]): string {
  // Of a label that stands twice the first counts: JSON has no place for both.
  const seen = new Set<string>()
  const once = stats.filter(({ label }) => !seen.has(label) && seen.add(label))
  const fields = once.map(({ label, value }) => `${JSON.stringify(label)}:${jsonValue(value)}`)
  return `{"file":${JSON.stringify(path)},"stats":{${fields.join(',')}}}\n`
}

/** A value as JSON; what JSON cannot say is null. */
export function jsonValue(value: Stat['value']): string {
  if (isArray(value)) return `[${value.map(jsonValue).join(',')}]`
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value)
}
