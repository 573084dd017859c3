// What would become of a message, without sending anything.
import { createOtlpBatch, readMessage } from '@wayward/metlog/wire'
import { encode, exportLogsRequest, exportMetricsRequest } from '@wayward/otlp'
import type { ExportRequest, Signal } from '../consumer.ts'
import { toItems } from './item-request.ts'
import { toJsonLine } from './item-text.ts'
import type { RoutedItem } from './routed-item.ts'
import { RouterError, type RouterSettings } from './router-settings.ts'
import { understand } from './router.ts'
import { type MetRule, storeName } from './rule.ts'

/** What becomes of one item. */
export interface Explanation {
  /** The item, as JSON. */
  readonly item: string
  readonly rules: readonly MetRule[]
  /** What each endpoint would get, by its name. */
  readonly endpoints: readonly { readonly name: string; readonly text: string }[]
}

const signalKeys: Readonly<Record<string, Signal>> = {
  resourceSpans: 'traces',
  resourceLogs: 'logs',
  resourceMetrics: 'metrics',
}

/**
 * Says which rules a message meets, and what endpoints would get.
 *
 * @param text a message of Metlog as JSON, or a request of OTLP as JSON
 * @throws RouterError where it is neither
 */
export function explain(settings: RouterSettings, text: string): readonly Explanation[] {
  const { book, made } = understand(settings, '')
  return toMessageItems(text).map((item) => {
    const rules = book.explain(item)
    const names = new Set(rules.flatMap(({ to }) => to))
    const endpoints = [...names].map((name) => {
      const rendered = made.get(name)?.endpoint.render([item])
      return { name, text: name === storeName ? toJsonLine(item) : (rendered ?? '') }
    })
    return { item: toJsonLine(item), rules, endpoints }
  })
}

function toMessageItems(text: string): readonly RoutedItem[] {
  const value = parse(text)
  const key = Object.keys(signalKeys).find((name) => name in value)
  const signal = key === undefined ? undefined : signalKeys[key]
  try {
    if (signal === undefined) return toMetlogItems(value)
    return toItems({ signal, encoding: 'json', body: Buffer.from(text) })
  } catch (error) {
    if (error instanceof RouterError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new RouterError(`It is no request of OTLP: ${why}`)
  }
}

function parse(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RouterError('It is no JSON; wanted a message of Metlog or of OTLP', [], { cause })
  }
  if (typeof value === 'object' && value !== null) return value
  throw new RouterError('It is no object; wanted a message of Metlog or of OTLP as JSON')
}

function toMetlogItems(value: object): readonly RoutedItem[] {
  const message = readMessage(value)
  const batch = createOtlpBatch()
  const nowNs = BigInt(Date.now()) * 1_000_000n
  const wrong = 'reason' in message ? message : batch.add(message, nowNs)
  if (wrong !== undefined) throw new RouterError(`It is no message of Metlog: ${wrong.message}`)
  const logs = batch.toLogs()
  const metrics = batch.toMetrics()
  const requests: Pick<ExportRequest, 'signal' | 'encoding' | 'body'>[] = []
  const encoding = 'protobuf'
  if (logs !== undefined) {
    requests.push({ signal: 'logs', encoding, body: encode(exportLogsRequest, logs) })
  }
  if (metrics !== undefined) {
    requests.push({ signal: 'metrics', encoding, body: encode(exportMetricsRequest, metrics) })
  }
  return requests.flatMap((request) => toItems(request))
}
