// The type table: what each type of message becomes in OpenTelemetry.
//
//   counter    delta sum, count × 1/rate        sentry       event `exception`, with its stack
//   timer      delta histogram in ms            procinfo     gauge, `namespace.name`
//   gauge      gauge                            oldstyle     log record
//   cef, all others                             log record, the type as event name
//
// Receivers of other protocols use it too: `distribution` is a timer without a unit, `syslog` text.
import { ATTR_HOST_NAME, ATTR_PROCESS_PID, ATTR_SERVICE_NAME } from '@wayward/semconv'
import { type ReceivedMessage, type WrongMessage, wrong } from '../envelope/read-message.ts'
import { type KeyValue, toKeyValues } from './any-value.ts'
import { type LogRecord, toLogRecord } from './log-record.ts'
import {
  createCounterSeries,
  createGaugeSeries,
  createTimeSeries,
  type Metric,
  type Series,
} from './series.ts'

interface Resource {
  readonly attributes: readonly KeyValue[]
}
interface Scope {
  readonly name: string
}

/** `ExportLogsServiceRequest` of OTLP, as plain value. */
export interface LogsRequest {
  readonly resourceLogs: readonly {
    readonly resource: Resource
    readonly scopeLogs: readonly { readonly scope: Scope; readonly logRecords: LogRecord[] }[]
  }[]
}

/** `ExportMetricsServiceRequest` of OTLP, as plain value. */
export interface MetricsRequest {
  readonly resourceMetrics: readonly {
    readonly resource: Resource
    readonly scopeMetrics: readonly { readonly scope: Scope; readonly metrics: Metric[] }[]
  }[]
}

/** Collects messages into requests of OTLP. */
export interface OtlpBatch {
  /** Adds a message. @returns what is wrong with it, where it cannot be added */
  add(message: ReceivedMessage, receivedNs: bigint): WrongMessage | undefined
  /** How many messages were added. */
  readonly size: number
  /** The requests; undefined where there is nothing of the kind. */
  toLogs(): LogsRequest | undefined
  toMetrics(): MetricsRequest | undefined
}

const scope: Scope = { name: '@wayward/metlog' }
const unknownService = 'unknown_service'
const nameMax = 512

/** What came from one process. */
interface Source {
  readonly resource: Resource
  readonly logRecords: LogRecord[]
  readonly series: Map<string, Series>
}

/** Makes an empty batch. */
export function createOtlpBatch(): OtlpBatch {
  const sources = new Map<string, Source>()
  let size = 0
  const sourceOf = (message: ReceivedMessage): Source => {
    const { hostname, logger, pid = '' } = message
    // The length in front: no text can be taken for another's end.
    const key = `${logger.length} ${logger}${pid} ${hostname}`
    const known = sources.get(key)
    if (known !== undefined) return known
    const made = { resource: toResource(message), logRecords: [], series: new Map() }
    sources.set(key, made)
    return made
  }
  return {
    add(message, receivedNs) {
      const problem = addTo(() => sourceOf(message), message, receivedNs)
      if (problem === undefined) size++
      return problem
    },
    get size() {
      return size
    },
    toLogs() {
      const full = [...sources.values()].filter((one) => one.logRecords.length > 0)
      if (full.length === 0) return undefined
      return {
        resourceLogs: full.map(({ logRecords, resource }) => ({
          resource,
          scopeLogs: [{ scope, logRecords }],
        })),
      }
    },
    toMetrics() {
      const full = [...sources.values()].filter((one) => one.series.size > 0)
      if (full.length === 0) return undefined
      return {
        resourceMetrics: full.map(({ resource, series }) => {
          const metrics = [...series.values()].map((one) => one.toMetric())
          return { resource, scopeMetrics: [{ scope, metrics }] }
        }),
      }
    },
  }
}

type SeriesMaker = (name: string, attributes: readonly KeyValue[]) => Series

const seriesMakers: Readonly<Record<string, SeriesMaker>> = {
  counter: createCounterSeries,
  timer: (name, attributes) => createTimeSeries(name, attributes, 'ms'),
  distribution: createTimeSeries,
  gauge: createGaugeSeries,
  procinfo: createGaugeSeries,
}

function addTo(
  sourceOf: () => Source,
  message: ReceivedMessage,
  receivedNs: bigint,
): WrongMessage | undefined {
  const { fields, payload, type } = message
  const make = Object.hasOwn(seriesMakers, type) ? seriesMakers[type] : undefined
  if (make === undefined) {
    sourceOf().logRecords.push(toLogRecord(message, receivedNs))
    return undefined
  }
  const { logger: namespace, name, rate = 1 } = fields
  if (typeof name !== 'string' || name === '' || name.length > nameMax) {
    return wrong('name', 'fields.name', name, `a text of 1 to ${nameMax} characters`)
  }
  const value = payload.trim() === '' ? Number.NaN : Number(payload)
  if (!Number.isFinite(value) || (type === 'timer' && value < 0)) {
    return wrong('payload', `the payload of a ${type}`, payload, 'a number')
  }
  const share = Number(rate)
  if (!(share > 0 && share <= 1)) {
    return wrong('rate', 'fields.rate', rate, 'a number above 0 and up to 1')
  }
  const isNamed = type === 'procinfo' && typeof namespace === 'string' && namespace !== ''
  const metricName = isNamed ? `${namespace}.${name}` : name
  const source = sourceOf()
  const key = `${type} ${metricName.length} ${metricName}${attributesKey(fields)}`
  let series = source.series.get(key)
  if (series === undefined) {
    const left = isNamed ? ['name', 'rate', 'logger'] : ['name', 'rate']
    series = make(metricName, toKeyValues(fields, 0, left))
    source.series.set(key, series)
  }
  series.add({ value, weight: 1 / share, timeNs: message.timeNs ?? receivedNs })
  return undefined
}

/** The attributes as text; most counters have none. */
function attributesKey(fields: Readonly<Record<string, unknown>>): string {
  const { name: _name, rate: _rate, ...rest } = fields
  for (const _ in rest) return toText(rest)
  return ''
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one))
}

function toResource({ hostname, logger, pid }: ReceivedMessage): Resource {
  const attributes: KeyValue[] = [
    { key: ATTR_SERVICE_NAME, value: { stringValue: logger === '' ? unknownService : logger } },
  ]
  if (hostname !== '') attributes.push({ key: ATTR_HOST_NAME, value: { stringValue: hostname } })
  if (pid !== undefined) attributes.push({ key: ATTR_PROCESS_PID, value: { intValue: pid } })
  return { attributes }
}
