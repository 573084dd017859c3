import type { AnyValue, KeyValue } from '@wayward/otlp'

type AttributeValue = string | number | boolean | readonly string[] | undefined

/** Attributes as an SDK gets them; those that are undefined are not sent. */
export type Attributes = Readonly<Record<string, AttributeValue>>

export function toKeyValues(attributes: Attributes): KeyValue[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: toAnyValue(value) }))
}

function toAnyValue(value: AttributeValue): AnyValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { intValue: value } : { doubleValue: value }
  }
  return { arrayValue: { values: (value ?? []).map((one) => ({ stringValue: one })) } }
}
