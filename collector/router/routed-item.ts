// A span, log record or data point on its way through the rules, as plain values of OTLP, and as
// expressions and endpoints see it.
import { ATTR_SERVICE_NAME, ATTR_WAYWARD_KIND, ATTR_WAYWARD_METLOG_TYPE } from '@wayward/semconv'
import type { AnyValue, KeyValue, LogRecord, Span } from '@wayward/otlp'
import type { Signal } from '../consumer.ts'
import type { LookUpContext } from '../expression/compiled.ts'

/** A resource or scope, as plain value: what it is made of does not matter here. */
export interface Origin {
  readonly attributes?: readonly KeyValue[]
  readonly name?: string
}

/** What all points have. */
export interface Point {
  readonly timeUnixNano?: number | bigint
  readonly attributes?: readonly KeyValue[]
  readonly asDouble?: number
  readonly asInt?: number | bigint
  readonly count?: number | bigint
  readonly sum?: number
}

/** The parts of a metric that hold points. */
export const pointHolders = [
  'gauge',
  'sum',
  'histogram',
  'exponentialHistogram',
  'summary',
] as const
/** What kind of metric it is. */
export type PointHolder = (typeof pointHolders)[number]

/** A metric, as plain value. */
export type Metric = Readonly<
  Partial<
    Record<PointHolder, { readonly dataPoints?: readonly Point[]; readonly isMonotonic?: boolean }>
  >
> & { readonly name?: string; readonly unit?: string }

/** The request that items came in. */
export interface RequestOrigin {
  /** How many items it has. */
  readonly items: number
  /** Its bytes for each item, which queues count by. */
  readonly itemBytes: number
  /** Its bytes where all of it goes the same ways, as it is. */
  whole: Uint8Array | undefined
}

/** Where an item came from; items of one request share it. */
export interface Origins {
  readonly request: RequestOrigin
  readonly resource: Origin
  readonly resourceUrl: string | undefined
  readonly scope: Origin | undefined
  readonly scopeUrl: string | undefined
}

/** What is routed. */
export type RoutedItem = {
  readonly origins: Origins
  /** What rules have added; it stands among its attributes from then on. */
  tags: readonly KeyValue[]
} & (
  | { readonly signal: 'traces'; readonly record: Span }
  | { readonly signal: 'logs'; readonly record: LogRecord }
  | {
      readonly signal: 'metrics'
      readonly record: Point
      readonly metric: Metric
      readonly holder: PointHolder
    }
)

/** The terms of rules, with their types. */
export const ruleFields = {
  signal: 'string',
  type: 'string',
  kind: 'string',
  service: 'string',
  name: 'string',
  durationMs: 'double',
  status: 'string',
  severity: 'double',
  body: 'string',
  value: 'double',
  traceId: 'string',
} as const
/** The maps of rules. */
export const ruleMaps = ['attributes', 'resource'] as const

const signalNames: Readonly<Record<Signal, string>> = {
  traces: 'span',
  logs: 'log',
  metrics: 'metric',
}
const statusNames = ['unset', 'ok', 'error'] as const

/** An item as rules see it; one is made per rule, and shown one item after the other. */
export class ItemView implements LookUpContext {
  item: RoutedItem | undefined
  readonly #attributeKeys: readonly string[]
  readonly #resourceKeys: readonly string[]

  constructor(attributeKeys: readonly string[], resourceKeys: readonly string[]) {
    this.#attributeKeys = attributeKeys
    this.#resourceKeys = resourceKeys
  }

  get signal(): string {
    return this.item === undefined ? '' : signalNames[this.item.signal]
  }

  /** `type`, which the language of expressions has for itself. */
  get type_(): string {
    return typeOf(this.item)
  }

  get kind(): string {
    return attributeOf(this.item, ATTR_WAYWARD_KIND)
  }

  get service(): string {
    return textAt(this.item?.origins.resource.attributes, ATTR_SERVICE_NAME)
  }

  get name(): string {
    return this.item === undefined ? '' : nameOf(this.item)
  }

  get durationMs(): number {
    if (this.item?.signal !== 'traces') return 0
    const { endTimeUnixNano = 0, startTimeUnixNano = 0 } = this.item.record
    return Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6
  }

  get status(): string {
    if (this.item?.signal !== 'traces') return ''
    return statusNames[this.item.record.status?.code ?? 0] ?? ''
  }

  get severity(): number {
    return this.item?.signal === 'logs' ? (this.item.record.severityNumber ?? 0) : 0
  }

  get body(): string {
    return this.item?.signal === 'logs' ? toText(this.item.record.body) : ''
  }

  get value(): number {
    return this.item?.signal === 'metrics' ? valueOf(this.item.record) : 0
  }

  get traceId(): string {
    const record = this.item?.signal === 'metrics' ? undefined : this.item?.record
    return Buffer.from(record?.traceId ?? []).toString('hex')
  }

  /** One key of a map, without the map. */
  lookUp(map: string, key: string): string {
    if (map === 'attributes') return attributeOf(this.item, key)
    return textAt(this.item?.origins.resource.attributes, key)
  }

  get attributes(): Record<string, string> {
    const values: Record<string, string> = {}
    for (const key of this.#attributeKeys) values[key] = attributeOf(this.item, key)
    return values
  }

  get resource(): Record<string, string> {
    const attributes = this.item?.origins.resource.attributes
    const values: Record<string, string> = {}
    for (const key of this.#resourceKeys) values[key] = textAt(attributes, key)
    return values
  }
}

/** Metlog's type where the item has one; the types of metrics are those of Metlog, too. */
function typeOf(item: RoutedItem | undefined): string {
  if (item === undefined) return ''
  if (item.signal !== 'metrics') return attributeOf(item, ATTR_WAYWARD_METLOG_TYPE)
  if (item.holder === 'sum') return 'counter'
  return item.holder === 'gauge' ? 'gauge' : item.metric.unit === 'ms' ? 'timer' : item.holder
}

/** The span's, metric's or event's name. */
export function nameOf(item: RoutedItem): string {
  if (item.signal === 'metrics') return item.metric.name ?? ''
  return (item.signal === 'traces' ? item.record.name : item.record.eventName) ?? ''
}

/** The service's name. */
export function serviceOf(item: RoutedItem): string {
  return textAt(item.origins.resource.attributes, ATTR_SERVICE_NAME)
}

/** The number of a point: a value, or the sum of a histogram. */
export function valueOf(point: Point): number {
  return Number(point.asDouble ?? point.asInt ?? point.sum ?? point.count ?? 0)
}

/** An attribute as text; a tag goes before what the item came with. */
export function attributeOf(item: RoutedItem | undefined, key: string): string {
  if (item === undefined) return ''
  return textAt(item.tags, key) || textAt(item.record.attributes, key)
}

/** An attribute of its resource as text. */
export function resourceOf(item: RoutedItem, key: string): string {
  return textAt(item.origins.resource.attributes, key)
}

function textAt(attributes: readonly KeyValue[] | undefined, key: string): string {
  if (attributes === undefined) return ''
  for (const one of attributes) if (one.key === key) return toText(one.value)
  return ''
}

/** A value as text: texts as they are, numbers as numbers, the rest as JSON. */
export function toText(value: AnyValue | undefined): string {
  if (value?.stringValue !== undefined) return value.stringValue
  const plain = toPlain(value)
  if (typeof plain === 'string') return plain
  if (plain === undefined) return ''
  return typeof plain === 'bigint' ? `${plain}` : JSON.stringify(plain, bigintAsText)
}

/** A value as JSON has it. */
export function toPlain(value: AnyValue | undefined): unknown {
  if (value === undefined) return undefined
  if (value.stringValue !== undefined) return value.stringValue
  if (value.boolValue !== undefined) return value.boolValue
  if (value.intValue !== undefined) {
    const { intValue } = value
    const number = Number(intValue)
    return Number.isSafeInteger(number) ? number : intValue
  }
  if (value.doubleValue !== undefined) return value.doubleValue
  if (value.arrayValue !== undefined) return value.arrayValue.values?.map(toPlain) ?? []
  if (value.kvlistValue !== undefined) return toObject(value.kvlistValue.values)
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString('base64')
  return undefined
}

/** Attributes as an object. */
export function toObject(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key = '', value }) => [key, toPlain(value)]))
}

/** What JSON has no numbers for. */
export function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
