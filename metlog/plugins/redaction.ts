// What may be a secret is not sent: values under names that sound like one, and texts that look
// like one.

/** Takes secrets out of values. */
export type Redactor = (value: unknown) => unknown

const secretName =
  /pass(word|wd|phrase)?$|secret|token|api[-_]?key|auth|cookie|session|credential|private|card|cvv|ssn|signature/i
const secretText =
  /\b(?:bearer|basic)\s+[\w.~+/=-]+|\b\w+:\/\/[^\s/:@]+:[^\s/@]+@|\b(?:\d[ -]?){13,19}\b/gi
const redacted = '[redacted]'
const nestingMax = 4
const itemsMax = 50
const charactersMax = 1_024

/**
 * Makes what takes secrets out.
 *
 * @param moreNames names besides the known ones whose values are secret
 */
export function createRedactor(moreNames: readonly string[] = []): Redactor {
  const more = new Set(moreNames.map((name) => name.toLowerCase()))
  const isSecret = (name: string): boolean => secretName.test(name) || more.has(name.toLowerCase())
  const redact = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return redactText(value)
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'function') return `[function ${value.name}]`
    if (typeof value !== 'object' || value === null) return value
    if (depth >= nestingMax) return Array.isArray(value) ? '[array]' : '[object]'
    if (Array.isArray(value)) return value.slice(0, itemsMax).map((one) => redact(one, depth + 1))
    const entries = Object.entries(value).slice(0, itemsMax)
    return Object.fromEntries(
      entries.map(([name, one]) => [name, isSecret(name) ? redacted : redact(one, depth + 1)]),
    )
  }
  return (value) => redact(value, 0)
}

/**
 * Takes out of a text what looks like a secret: credentials in addresses and headers, card numbers.
 */
export function redactText(text: string): string {
  const short = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
  return short.replace(secretText, redacted)
}
