// Values of fields as OpenTelemetry has them. What comes from outside may be nested to any depth:
// below the bound it becomes text.

/** `AnyValue` of OTLP, as plain value. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: number | bigint }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } }

/** `KeyValue` of OTLP, as plain value. */
export interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

const nestingMax = 8

/** A value; undefined where there is none, such as for null. */
export function toAnyValue(value: unknown, depth = 0): AnyValue | undefined {
  switch (typeof value) {
    case 'string':
      return { stringValue: value }
    case 'boolean':
      return { boolValue: value }
    case 'number':
      return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value }
    case 'bigint': {
      const fits = value >= -(2n ** 63n) && value < 2n ** 63n
      return fits ? { intValue: value } : { stringValue: String(value) }
    }
    case 'object':
      return value === null ? undefined : ofObject(value, depth)
    case 'function':
    case 'symbol':
    case 'undefined':
      break
  }
  return undefined
}

function ofObject(value: object, depth: number): AnyValue {
  if (value instanceof Uint8Array) return { stringValue: Buffer.from(value).toString('base64') }
  if (depth >= nestingMax) return { stringValue: '…' }
  if (Array.isArray(value)) {
    const values = value.map((one) => toAnyValue(one, depth + 1)).filter((one) => one !== undefined)
    return { arrayValue: { values } }
  }
  return { kvlistValue: { values: toKeyValues(value as Record<string, unknown>, depth + 1) } }
}

/** The entries of an object, but for those that have no value and those left out. */
export function toKeyValues(
  values: Readonly<Record<string, unknown>>,
  depth = 0,
  without: readonly string[] = [],
): KeyValue[] {
  const list: KeyValue[] = []
  for (const key of Object.keys(values)) {
    if (without.includes(key) || key === '') continue
    const value = toAnyValue(values[key], depth)
    if (value !== undefined) list.push({ key, value })
  }
  return list
}
