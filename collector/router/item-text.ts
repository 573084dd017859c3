// Items as text: JSON lines, and templates such as `{time} {service} {body}`.
import type { KeyValue } from '@wayward/otlp'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_WAYWARD_METLOG_SEVERITY,
  ATTR_WAYWARD_METLOG_TYPE,
} from '@wayward/semconv'
import {
  attributeOf,
  bigintAsText,
  ItemView,
  nameOf,
  type RoutedItem,
  resourceOf,
  serviceOf,
  toObject,
  valueOf,
} from './routed-item.ts'
import { recordOf } from './item-request.ts'

/** An item as rules see it, for a moment. */
export function viewOf(item: RoutedItem): ItemView {
  const view = new ItemView([], [])
  view.item = item
  return view
}

/** The attributes of an item, with what rules have added. */
export function attributesOf(item: RoutedItem): readonly KeyValue[] {
  return (recordOf(item) as { readonly attributes?: readonly KeyValue[] }).attributes ?? []
}

/**
 * The time of an item, in nanoseconds since 1970; of one that has none the present, as the store
 * takes the time of arrival for it.
 */
export function timeNsOf(item: RoutedItem): bigint {
  return ownTimeNsOf(item) || BigInt(Date.now()) * 1_000_000n
}

function ownTimeNsOf(item: RoutedItem): bigint {
  if (item.signal === 'traces') return BigInt(item.record.startTimeUnixNano ?? 0)
  if (item.signal === 'metrics') return BigInt(item.record.timeUnixNano ?? 0)
  const { observedTimeUnixNano = 0, timeUnixNano = 0 } = item.record
  return BigInt(timeUnixNano) || BigInt(observedTimeUnixNano)
}

/** The time of an item as RFC 3339 with nine digits. */
export function timeTextOf(item: RoutedItem): string {
  const ns = timeNsOf(item)
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 20)
  return `${seconds}${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}

/** What people look for in an item, as an object. */
export function toJsonObject(item: RoutedItem): Record<string, unknown> {
  const view = viewOf(item)
  return {
    time: timeTextOf(item),
    signal: view.signal,
    service: serviceOf(item),
    type: view.type_,
    name: nameOf(item),
    ...(item.signal === 'traces' ? { durationMs: view.durationMs, status: view.status } : {}),
    ...(item.signal === 'logs' ? { severity: view.severity, body: view.body } : {}),
    ...(item.signal === 'metrics' ? { value: view.value } : {}),
    ...(view.traceId === '' ? {} : { traceId: view.traceId }),
    attributes: toObject(attributesOf(item)),
    resource: toObject(item.origins.resource.attributes),
  }
}

/** OpenTelemetry's severities as syslog counts them. */
export function syslogSeverityOf(item: RoutedItem): number {
  if (item.signal === 'traces') return item.record.status?.code === 2 ? 3 : 6
  if (item.signal === 'metrics') return 6
  const severity = item.record.severityNumber ?? 9
  if (severity >= 21) return 0
  if (severity >= 19) return 1
  if (severity === 18) return 2
  if (severity >= 17) return 3
  if (severity >= 13) return 4
  if (severity >= 10) return 5
  return severity >= 9 ? 6 : 7
}

/** An item as message of Metlog, for what reads those. */
export function toMetlogObject(item: RoutedItem): Record<string, unknown> {
  const { resource } = item.origins
  const type = attributeOf(item, ATTR_WAYWARD_METLOG_TYPE)
  const isMetric = item.signal === 'metrics'
  const view = viewOf(item)
  const resources = toObject(resource.attributes)
  return {
    env_version: '0.8',
    timestamp: `${timeTextOf(item).slice(0, 26)}Z`,
    type: type === '' ? (isMetric ? view.type_ : 'oldstyle') : type,
    logger: serviceOf(item),
    severity: syslogSeverityOf(item),
    payload: isMetric
      ? String(valueOf(item.record))
      : item.signal === 'logs'
        ? view.body
        : nameOf(item),
    fields: {
      ...toObject(attributesOf(item).filter(isField)),
      ...(isMetric ? { name: nameOf(item), rate: 1 } : {}),
    },
    metlog_pid: Number(resources[ATTR_PROCESS_PID] ?? 0),
    metlog_hostname: resources[ATTR_HOST_NAME] ?? '',
  }
}

/** The receiver's own notes were no fields of the message. */
function isField({ key = '' }: KeyValue): boolean {
  return key !== ATTR_WAYWARD_METLOG_TYPE && key !== ATTR_WAYWARD_METLOG_SEVERITY
}

/** An item as a line of JSON, without the line end. */
export function toJsonLine(item: RoutedItem): string {
  return JSON.stringify(toJsonObject(item), bigintAsText)
}

/** Makes a text of an item. */
export type Template = (item: RoutedItem) => string

/**
 * Makes a template: `{time}`, `{date}`, `{hour}`, `{signal}`, `{service}`, `{type}`, `{name}`,
 * `{severity}`, `{status}`, `{durationMs}`, `{body}`, `{value}`, `{json}`, `{metlog}`,
 * `{attributes.key}`, `{resource.key}`; `{{` stands for a bracket.
 *
 * @returns what is wrong with it, as `Error`
 */
export function createTemplate(text: string): Template | Error {
  const parts: (string | Template)[] = []
  let at = 0
  for (const found of text.matchAll(/\{\{|\{([^{}]*)\}/g)) {
    parts.push(text.slice(at, found.index))
    at = found.index + found[0].length
    const part = found[1] === undefined ? '{' : partOf(found[1])
    if (part === undefined) {
      const known = `${Object.keys(partMakers).join(', ')}, attributes.key, resource.key`
      return new Error(`has {${found[1]}}, which is not known; wanted ${known}`)
    }
    parts.push(part)
  }
  parts.push(text.slice(at))
  return (item) => {
    let made = ''
    for (const part of parts) made += typeof part === 'string' ? part : part(item)
    return made
  }
}

function viewed(read: (view: ItemView) => string | number): Template {
  const view = new ItemView([], [])
  return (item) => {
    view.item = item
    return String(read(view))
  }
}

const partMakers: Readonly<Record<string, Template>> = {
  time: timeTextOf,
  date: (item) => timeTextOf(item).slice(0, 10),
  hour: (item) => timeTextOf(item).slice(11, 13),
  signal: viewed((view) => view.signal),
  service: serviceOf,
  type: viewed((view) => view.type_),
  name: nameOf,
  severity: viewed((view) => view.severity),
  status: viewed((view) => view.status),
  durationMs: viewed((view) => view.durationMs),
  body: viewed((view) => view.body),
  value: viewed((view) => view.value),
  json: toJsonLine,
  metlog: (item) => JSON.stringify(toMetlogObject(item), bigintAsText),
}

function partOf(name: string): Template | undefined {
  if (name.startsWith('attributes.')) {
    const key = name.slice('attributes.'.length)
    return (item) => attributeOf(item, key)
  }
  if (name.startsWith('resource.')) {
    const key = name.slice('resource.'.length)
    return (item) => resourceOf(item, key)
  }
  return Object.hasOwn(partMakers, name) ? partMakers[name] : undefined
}
