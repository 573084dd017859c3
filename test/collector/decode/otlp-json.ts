import type { OracleRequest } from './expected-rows.ts'
import type { Random } from './random.ts'

const hexFields = new Set(['traceId', 'spanId', 'parentSpanId'])

/** 64-bit integers, which the oracle gives as text. */
const integerFields = new Set(['intValue', 'asInt', 'count', 'zeroCount', 'bucketCounts'])

/** The request as OTLP/JSON, with the liberties that the specification gives its writers. */
export function toOtlpJson(request: OracleRequest, random: Random): string {
  return write(request, '', random)
}

function write(value: unknown, field: string, random: Random): string {
  const space = random.chance(0.05) ? ' \n\t' : ''
  if (value instanceof Uint8Array) {
    const encoding = hexFields.has(field) ? 'hex' : 'base64'
    const text = Buffer.from(value).toString(encoding)
    return JSON.stringify(encoding === 'hex' && random.chance(0.5) ? text.toUpperCase() : text)
  }
  if (Array.isArray(value)) {
    return `[${value.map((element) => space + write(element, field, random)).join(',')}${space}]`
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([key, inner]) => `${nameOf(key, random)}${space}:${space}${write(inner, key, random)}`,
    )
    if (random.chance(0.1)) entries.push('"unknownField":{"a":[1,{"b":null}],"c":"\\u0041"}')
    return `{${entries.join(`,${space}`)}}`
  }
  if (typeof value === 'string' && (field.endsWith('UnixNano') || integerFields.has(field))) {
    return random.chance(0.5) ? value : JSON.stringify(value)
  }
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value))
  if (typeof value === 'string' && random.chance(0.2)) return escaped(value)
  return JSON.stringify(value)
}

/** Now and then as protobuf names it. */
function nameOf(key: string, random: Random): string {
  const isSnake = random.chance(0.1)
  return JSON.stringify(
    isSnake ? key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key,
  )
}

/** Every code unit as an escape: surrogate pairs too. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
}
