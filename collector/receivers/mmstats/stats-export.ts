// A stats file's fields as OTLP metrics: counters are sums since the file was made, other numbers
// gauges, texts the attribute of a gauge that is 1; who wrote the file is the resource.
import {
  ATTR_PROCESS_CREATION_TIME,
  ATTR_PROCESS_PID,
  ATTR_PROCESS_REAL_USER_ID,
  ATTR_PROCESS_RUNTIME_NAME,
  ATTR_PROCESS_RUNTIME_VERSION,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_THREAD_ID,
  ATTR_WAYWARD_MMSTATS_FILE,
  ATTR_WAYWARD_MMSTATS_GID,
  ATTR_WAYWARD_MMSTATS_TEXT,
  ATTR_WAYWARD_SESSION_ID,
  EVENT_WAYWARD_MMSTATS_ABANDONED,
} from '@wayward/semconv'
import type { Stat, StatValue } from '@wayward/mmstats'
import {
  encode,
  exportLogsRequest,
  exportMetricsRequest,
  type KeyValue,
  type logRecord,
  type metric,
  type ValueOf,
} from '@wayward/otlp'
import { basename } from 'node:path'

/** A stats file as it was at one moment. */
export interface StatsSnapshot {
  readonly path: string
  readonly stats: readonly Stat[]
  readonly timeUnixNano: bigint
  /** Labels of fields that have fallen, which no counter does. */
  readonly fallen: ReadonlySet<string>
}

type Metric = ValueOf<typeof metric>
type LogRecord = ValueOf<typeof logRecord>

const scopeName = 'mmstats'
const cumulative = 2
const int64Max = 2n ** 63n - 1n
const warnSeverity = 13

/** A metrics request with the fields of a file. Requests put end to end are a request as well. */
export function encodeMetrics(snapshot: StatsSnapshot): Uint8Array {
  return encode(exportMetricsRequest, { resourceMetrics: [toResourceMetrics(snapshot)] })
}

/** A logs request that tells of a file whose process has ended. */
export function encodeAbandoned(snapshot: StatsSnapshot): Uint8Array {
  const scopeLogs = [{ scope: { name: scopeName }, logRecords: [toRecord(snapshot)] }]
  return encode(exportLogsRequest, {
    resourceLogs: [{ resource: { attributes: resourceOf(snapshot) }, scopeLogs }],
  })
}

function toRecord({ path, stats, timeUnixNano }: StatsSnapshot): LogRecord {
  const pid = numberOf(stats, 'sys.pid')
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    severityNumber: warnSeverity,
    severityText: 'WARN',
    eventName: EVENT_WAYWARD_MMSTATS_ABANDONED,
    body: { stringValue: `Process ${pid ?? 'unknown'} has ended and left "${path}"` },
    attributes: [
      text(ATTR_WAYWARD_MMSTATS_FILE, path),
      ...(pid === undefined ? [] : [integer(ATTR_PROCESS_PID, pid)]),
    ],
  }
}

function toResourceMetrics(snapshot: StatsSnapshot) {
  const created = createdOf(snapshot.stats)
  const seen = new Set<string>()
  const startTimeUnixNano = created === undefined ? undefined : secondsToNano(created)
  const metrics = snapshot.stats
    .filter(({ label }) => !isAboutWriter(label))
    // Of a label that stands twice the first counts: a series has one value at a time.
    .filter(({ label }) => !seen.has(label) && seen.add(label))
    .flatMap((stat) => toMetric(stat, snapshot, startTimeUnixNano))
  return {
    resource: { attributes: resourceOf(snapshot) },
    scopeMetrics: [{ scope: { name: scopeName }, metrics }],
  }
}

function toMetric(
  stat: Stat,
  snapshot: StatsSnapshot,
  startTimeUnixNano: bigint | undefined,
): Metric[] {
  const { value } = stat
  const { timeUnixNano } = snapshot
  const { name, series } = readSeries(stat.label)
  if (isList(value)) {
    // A sample's values are points of one moment: their mean is what a gauge can say.
    const numbers = value.map(Number).filter(Number.isFinite)
    if (numbers.length === 0) return []
    const mean = numbers.reduce((total, one) => total + one, 0) / numbers.length
    const point = { timeUnixNano, asDouble: mean, attributes: series }
    return [{ name, gauge: { dataPoints: [point] } }]
  }
  if (typeof value === 'string') {
    const attributes = [...series, text(ATTR_WAYWARD_MMSTATS_TEXT, value)]
    return [{ name, gauge: { dataPoints: [{ timeUnixNano, asInt: 1n, attributes }] } }]
  }
  const point = { timeUnixNano, ...pointValue(value), attributes: series }
  if (!isCounter(stat) || snapshot.fallen.has(stat.label)) {
    return [{ name, gauge: { dataPoints: [point] } }]
  }
  const dataPoints = [
    { ...point, ...(startTimeUnixNano === undefined ? {} : { startTimeUnixNano }) },
  ]
  return [{ name, sum: { dataPoints, aggregationTemporality: cumulative, isMonotonic: true } }]
}

/**
 * A label that holds a series, as `requests{route="/a"}.count` does: the part in braces is the
 * attributes. The SDK labels OpenTelemetry's instruments so.
 */
function readSeries(label: string): { readonly name: string; readonly series: KeyValue[] } {
  const open = label.indexOf('{')
  const close = label.lastIndexOf('}')
  if (open < 1 || close < open) return { name: label, series: [] }
  const pairs = readPairs(label.slice(open + 1, close))
  if (pairs === undefined) return { name: label, series: [] }
  return { name: label.slice(0, open) + label.slice(close + 1), series: pairs }
}

/** `key="value",…`, each value as JSON writes a string; undefined where it is anything else. */
function readPairs(source: string): KeyValue[] | undefined {
  const pairs: KeyValue[] = []
  const pair = /([^\s"={},]+)=("(?:[^"\\]|\\.)*")(?:,|$)/y
  while (pair.lastIndex < source.length) {
    const found = pair.exec(source)
    if (found === null) return undefined
    const [, key = '', quoted = '""'] = found
    try {
      pairs.push(text(key, String(JSON.parse(quoted))))
    } catch {
      return undefined
    }
  }
  return pairs.length === 0 ? undefined : pairs
}

/** Version 1 has one type for counters and for numbers that are set; the first are the rule. */
export function isCounter({ type, isBuffered, metric }: Stat): boolean {
  return metric === undefined ? type === 'Q' && isBuffered : metric === 'counter'
}

function pointValue(value: number | bigint | boolean): { asInt: bigint } | { asDouble: number } {
  if (typeof value === 'boolean') return { asInt: value ? 1n : 0n }
  if (typeof value === 'bigint') {
    return value > int64Max ? { asDouble: Number(value) } : { asInt: value }
  }
  return Number.isSafeInteger(value) ? { asInt: BigInt(value) } : { asDouble: value }
}

function resourceOf({ path, stats }: StatsSnapshot): KeyValue[] {
  const pid = numberOf(stats, 'sys.pid')
  const tid = numberOf(stats, 'sys.tid')
  const created = createdOf(stats)
  // A file of the SDK says of which service and session it is; no prefix stands before that.
  const service = stats.find(({ label }) => label === ATTR_SERVICE_NAME)?.value
  const session = stats.find(({ label }) => label === ATTR_WAYWARD_SESSION_ID)?.value
  const uid = idOf(stats, 'sys.uid')
  const gid = idOf(stats, 'sys.gid')
  const runtimes = ['nodejs', 'python'].flatMap((name) => {
    const version = find(stats, `org.${name}.version`)
    if (typeof version !== 'string') return []
    return [text(ATTR_PROCESS_RUNTIME_NAME, name), text(ATTR_PROCESS_RUNTIME_VERSION, version)]
  })
  return [
    text(
      ATTR_SERVICE_NAME,
      typeof service === 'string' && service !== '' ? service : serviceName(path, pid),
    ),
    ...(typeof session === 'string' && session !== ''
      ? [text(ATTR_WAYWARD_SESSION_ID, session)]
      : []),
    // One series for each file.
    text(ATTR_SERVICE_INSTANCE_ID, basename(path)),
    text(ATTR_WAYWARD_MMSTATS_FILE, path),
    ...(pid === undefined ? [] : [integer(ATTR_PROCESS_PID, pid)]),
    ...(tid === undefined ? [] : [integer(ATTR_THREAD_ID, tid)]),
    ...(uid === undefined ? [] : [integer(ATTR_PROCESS_REAL_USER_ID, uid)]),
    ...(gid === undefined ? [] : [integer(ATTR_WAYWARD_MMSTATS_GID, gid)]),
    ...(created === undefined
      ? []
      : [text(ATTR_PROCESS_CREATION_TIME, new Date(created * 1000).toISOString())]),
    ...runtimes,
  ]
}

/** The command that the default file name begins with. */
function serviceName(path: string, pid: number | undefined): string {
  const name = basename(path).replace(/\.mmstats$/, '')
  const at = pid === undefined ? -1 : name.indexOf(`-${pid}`)
  const command = at > 0 ? name.slice(0, at) : name
  return command.replace(/\.[cm]?[jt]s$/, '') || name
}

/** What describes the file's writer; it is the resource. */
function isAboutWriter(label: string): boolean {
  return /(sys\.(pid|tid|uid|gid|created)|org\.(nodejs|python)\.version)$/.test(label)
}

/** The field of a default label, whatever prefix stands before it. */
function find(stats: readonly Stat[], label: string): Stat['value'] | undefined {
  return stats.find((stat) => stat.label.endsWith(label))?.value
}

function numberOf(stats: readonly Stat[], label: string): number | undefined {
  const value = Number(find(stats, label))
  return value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined
}

/** The end of the year 2261, before which a time in nanoseconds has 63 bits. */
const createdMax = 9_214_646_400

/** When the file was made. A file can say anything: what is no date is no creation time either. */
function createdOf(stats: readonly Stat[]): number | undefined {
  const created = numberOf(stats, 'sys.created')
  return created !== undefined && created < createdMax ? created : undefined
}

/** A user or a group, of which 0 is one as well. */
function idOf(stats: readonly Stat[], label: string): number | undefined {
  const value = find(stats, label)
  if (typeof value !== 'bigint' && typeof value !== 'number') return undefined
  return value >= 0 && value < 2 ** 32 ? Number(value) : undefined
}

function secondsToNano(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) * 1000n
}

function isList(value: Stat['value']): value is readonly StatValue[] {
  return Array.isArray(value)
}

function text(key: string, value: string): KeyValue {
  return { key, value: { stringValue: value } }
}

function integer(key: string, value: number): KeyValue {
  return { key, value: { intValue: BigInt(Math.trunc(value)) } }
}
