// A part of JSON Schema: what the bodies of jobs need. The same objects stand in the OpenAPI file.

/** A schema. */
export type JsonSchema =
  | {
      readonly type: 'object'
      readonly description?: string
      readonly required?: readonly string[]
      readonly properties: Readonly<Record<string, JsonSchema>>
      /** Whether fields that are not named are passed over. */
      readonly additionalProperties: boolean
    }
  | {
      readonly type: 'object'
      readonly description?: string
      readonly additionalProperties: JsonSchema
      readonly maxProperties: number
    }
  | {
      readonly type: 'array'
      readonly description?: string
      readonly items: JsonSchema
      readonly maxItems: number
    }
  | {
      readonly type: 'string'
      readonly description?: string
      readonly minLength?: number
      readonly maxLength?: number
      readonly pattern?: string
      readonly enum?: readonly string[]
      readonly format?: 'date-time'
      /** What is wanted, for people. */
      readonly example?: string
    }
  | {
      readonly type: 'number' | 'integer'
      readonly description?: string
      readonly minimum?: number
      readonly maximum?: number
    }
  | { readonly type: 'boolean'; readonly description?: string }

/** A field that is not as the schema says. */
export interface FieldProblem {
  /** A path such as `metrics.rows`; empty for the whole. */
  readonly field: string
  readonly seen: string
  readonly wanted: string
}

/** At most so many are told at once. */
const problemsMax = 10
const seenLengthMax = 80

/** @returns what is wrong; empty where all is well */
export function checkJson(schema: JsonSchema, value: unknown): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  check(schema, value, '', problems)
  return problems
}

function check(schema: JsonSchema, value: unknown, field: string, problems: FieldProblem[]): void {
  if (problems.length >= problemsMax) return
  const tell = (wanted: string, seen = show(value)): void => {
    problems.push({ field, seen, wanted })
  }
  switch (schema.type) {
    case 'object': {
      if (isRecord(value)) checkObject(schema, value, field, problems)
      else tell('an object')
      return
    }
    case 'array': {
      if (!Array.isArray(value)) tell('a list')
      else if (value.length > schema.maxItems) {
        tell(`at most ${schema.maxItems} items`, `${value.length} items`)
      } else {
        for (const [index, item] of value.entries()) {
          check(schema.items, item, `${field}[${index}]`, problems)
        }
      }
      return
    }
    case 'string': {
      const wanted = whyNotString(schema, value)
      if (wanted !== undefined) tell(wanted)
      return
    }
    case 'boolean': {
      if (typeof value !== 'boolean') tell('true or false')
      return
    }
    case 'integer':
    case 'number': {
      const wanted = whyNotNumber(schema, value)
      if (wanted !== undefined) tell(wanted)
    }
  }
}

function checkObject(
  schema: Extract<JsonSchema, { readonly type: 'object' }>,
  value: Readonly<Record<string, unknown>>,
  field: string,
  problems: FieldProblem[],
): void {
  const at = (key: string): string => (field === '' ? key : `${field}.${key}`)
  const entries = Object.entries(value)
  if ('maxProperties' in schema) {
    if (entries.length > schema.maxProperties) {
      const wanted = `at most ${schema.maxProperties} fields`
      problems.push({ field, seen: `${entries.length} fields`, wanted })
      return
    }
    for (const [key, item] of entries) {
      check(schema.additionalProperties, item, at(key), problems)
    }
    return
  }
  for (const key of schema.required ?? []) {
    if (value[key] === undefined)
      problems.push({ field: at(key), seen: 'nothing', wanted: 'a value' })
  }
  const known = Object.keys(schema.properties)
  for (const [key, item] of entries) {
    if (problems.length >= problemsMax) return
    const own = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
    if (own !== undefined) check(own, item, at(key), problems)
    else if (!schema.additionalProperties) {
      const wanted = `one of ${known.join(', ')}`
      problems.push({ field: at(key).slice(0, seenLengthMax), seen: 'an unknown field', wanted })
    }
  }
}

function whyNotString(
  schema: Extract<JsonSchema, { readonly type: 'string' }>,
  value: unknown,
): string | undefined {
  if (typeof value !== 'string') return schema.example ?? 'a text'
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return `one of ${schema.enum.join(', ')}`
  }
  if (value.length < (schema.minLength ?? 0)) return `at least ${schema.minLength} characters`
  if (value.length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
    return `at most ${schema.maxLength} characters`
  }
  if (schema.format === 'date-time' && readTimeMs(value) === undefined) {
    return 'a time such as 2026-11-21T06:05:00Z (RFC 3339)'
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    return schema.example ?? `a text that matches ${schema.pattern}`
  }
  return undefined
}

function whyNotNumber(
  schema: Extract<JsonSchema, { readonly type: 'number' | 'integer' }>,
  value: unknown,
): string | undefined {
  const kind = schema.type === 'integer' ? 'a whole number' : 'a number'
  if (typeof value !== 'number' || !Number.isFinite(value)) return kind
  if (schema.type === 'integer' && !Number.isInteger(value)) return kind
  const { maximum, minimum } = schema
  if (minimum !== undefined && value < minimum) return `${kind} of at least ${minimum}`
  if (maximum !== undefined && value > maximum) return `${kind} of at most ${maximum}`
  return undefined
}

const timePattern =
  /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.(?<fraction>\d{1,9}))?(?:[Zz]|[+-]\d{2}:\d{2})$/

/** A time of RFC 3339 in milliseconds since 1970, with microseconds; undefined where it is none. */
export function readTimeMs(text: string): number | undefined {
  const fraction = timePattern.exec(text)?.groups?.['fraction'] ?? ''
  if (!timePattern.test(text)) return undefined
  const ms = Date.parse(text.replace(' ', 'T').toUpperCase())
  // The 30th of February would silently become the 2nd of March.
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`)
  if (Number.isNaN(ms) || new Date(day).getUTCDate() !== Number(text.slice(8, 10))) return undefined
  return ms + Number(`0.${fraction.slice(3, 6).padEnd(3, '0')}`)
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > seenLengthMax ? `${text.slice(0, seenLengthMax)}…` : text
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
