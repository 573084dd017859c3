// Requests are taken apart into items, and items are put together to requests again.
import {
  decode,
  encode,
  exportLogsRequest,
  exportMetricsRequest,
  exportTraceRequest,
  type Message,
} from '@wayward/otlp'
import { fromJson } from './otlp-json.ts'
import type { ExportRequest, Signal } from '../consumer.ts'
import {
  type Metric,
  type Origin,
  type Origins,
  pointHolders,
  type RoutedItem,
} from './routed-item.ts'

const messages: Readonly<Record<Signal, Message>> = {
  traces: exportTraceRequest,
  logs: exportLogsRequest,
  metrics: exportMetricsRequest,
}
/** The names of the levels of each signal's request. */
const levels = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', records: 'spans' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', records: 'logRecords' },
  metrics: { resources: 'resourceMetrics', scopes: 'scopeMetrics', records: 'metrics' },
} as const

interface Level {
  readonly resource?: Origin
  readonly scope?: Origin
  readonly schemaUrl?: string
  readonly [list: string]: unknown
}

/**
 * Takes a request apart.
 *
 * @throws MalformedError, SyntaxError where it is no such request
 */
export function toItems({
  body,
  encoding,
  signal,
}: Pick<ExportRequest, 'body' | 'encoding' | 'signal'>): RoutedItem[] {
  const message = messages[signal]
  const request =
    encoding === 'protobuf'
      ? decode(message, body)
      : fromJson(message, Buffer.from(body).toString())
  const { records, resources, scopes } = levels[signal]
  const items: RoutedItem[] = []
  const origin = { items: 0, itemBytes: 0, whole: undefined as Uint8Array | undefined }
  for (const ofResource of listOf(request, resources)) {
    const resource = ofResource.resource ?? {}
    for (const ofScope of listOf(ofResource, scopes)) {
      const { scope, schemaUrl: scopeUrl } = ofScope
      const origins = {
        request: origin,
        resource,
        resourceUrl: ofResource.schemaUrl,
        scope,
        scopeUrl,
      }
      for (const record of listOf(ofScope, records)) addItem(items, signal, origins, record)
    }
  }
  origin.items = items.length
  origin.itemBytes = items.length === 0 ? 0 : Math.ceil(body.byteLength / items.length)
  return items
}

function listOf(of: unknown, name: string): readonly Level[] {
  return ((of as Level)[name] as readonly Level[] | undefined) ?? []
}

function addItem(items: RoutedItem[], signal: Signal, origins: Origins, record: object): void {
  if (signal !== 'metrics') {
    items.push({ signal, origins, record, tags: [] })
    return
  }
  const metric = record as Metric
  for (const holder of pointHolders) {
    for (const point of metric[holder]?.dataPoints ?? []) {
      items.push({ signal, origins, record: point, metric, holder, tags: [] })
    }
  }
}

/** Puts items of one signal together to a request. */
export function toRequestBody(signal: Signal, items: readonly RoutedItem[]): Uint8Array {
  const { records, resources, scopes } = levels[signal]
  const byResource = new Map<Origin, Map<Origins, RoutedItem[]>>()
  for (const item of items) {
    const { origins } = item
    const byScope = byResource.get(origins.resource) ?? new Map<Origins, RoutedItem[]>()
    byResource.set(origins.resource, byScope)
    const list = byScope.get(origins) ?? []
    byScope.set(origins, list)
    list.push(item)
  }
  const urlOf = (byScope: Map<Origins, RoutedItem[]>): object => {
    const [first] = byScope.keys()
    return first?.resourceUrl === undefined ? {} : { schemaUrl: first.resourceUrl }
  }
  const request = {
    [resources]: [...byResource].map(([resource, byScope]) => ({
      resource,
      ...urlOf(byScope),
      [scopes]: [...byScope].map(([origins, list]) => ({
        ...(origins.scope === undefined ? {} : { scope: origins.scope }),
        ...(origins.scopeUrl === undefined ? {} : { schemaUrl: origins.scopeUrl }),
        [records]: signal === 'metrics' ? toMetrics(list) : list.map(recordOf),
      })),
    })),
  }
  return encode(messages[signal], request)
}

/** The record with what rules have added. */
export function recordOf({ record, tags }: RoutedItem): object {
  if (tags.length === 0) return record
  const added = new Set(tags.map(({ key }) => key))
  const own = (record.attributes ?? []).filter(({ key }) => !added.has(key))
  return { ...record, attributes: [...own, ...tags] }
}

/** Points of one metric stand in one metric again. */
function toMetrics(items: readonly RoutedItem[]): object[] {
  const byMetric = new Map<Metric, RoutedItem[]>()
  for (const item of items) {
    if (item.signal !== 'metrics') continue
    const list = byMetric.get(item.metric) ?? []
    byMetric.set(item.metric, list)
    list.push(item)
  }
  return [...byMetric].map(([metric, list]) => {
    const [first] = list
    const holder = first?.signal === 'metrics' ? first.holder : 'gauge'
    return { ...metric, [holder]: { ...metric[holder], dataPoints: list.map(recordOf) } }
  })
}
