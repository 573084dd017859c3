// Changes of jobs as OTLP: each an event; a run that starts also a snapshot of what is open, and
// one that ends a span with the end of that. Identities come from the run's id, so that start and
// end meet, whoever writes them.
import {
  ATTR_ERROR_TYPE,
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_JOB_ATTEMPT,
  ATTR_WAYWARD_JOB_CHANGE_SEQUENCE,
  ATTR_WAYWARD_JOB_CHANGE_TYPE,
  ATTR_WAYWARD_JOB_CLOCK_SKEW,
  ATTR_WAYWARD_JOB_CPU_TIME,
  ATTR_WAYWARD_JOB_DEADLINE,
  ATTR_WAYWARD_JOB_DEFINITION,
  ATTR_WAYWARD_JOB_DUE_TIME,
  ATTR_WAYWARD_JOB_EXIT_CODE,
  ATTR_WAYWARD_JOB_FLAWS,
  ATTR_WAYWARD_JOB_IO_READ,
  ATTR_WAYWARD_JOB_IO_WRITTEN,
  ATTR_WAYWARD_JOB_MEMORY_MAX,
  ATTR_WAYWARD_JOB_MESSAGE,
  ATTR_WAYWARD_JOB_METRICS,
  ATTR_WAYWARD_JOB_NAME,
  ATTR_WAYWARD_JOB_OUTPUT,
  ATTR_WAYWARD_JOB_PROGRESS,
  ATTR_WAYWARD_JOB_RECEIVED_TIME,
  ATTR_WAYWARD_JOB_REPORT_ID,
  ATTR_WAYWARD_JOB_RESULT,
  ATTR_WAYWARD_JOB_RUN_ID,
  ATTR_WAYWARD_JOB_SOURCE,
  ATTR_WAYWARD_JOB_STATUS,
  ATTR_WAYWARD_JOB_STATUS_BEFORE,
  ATTR_WAYWARD_JOB_TRIGGER,
  ATTR_WAYWARD_JOB_WORKER_ID,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL,
  ATTR_WAYWARD_OPERATION_START_TIME,
  ATTR_WAYWARD_SESSION_ID,
  EVENT_WAYWARD_JOB_CHANGE,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
  WAYWARD_KIND_VALUE_JOB_RUN,
} from '@wayward/semconv'
import {
  encode,
  exportLogsRequest,
  exportTraceRequest,
  type KeyValue,
  type LogRecord,
  type Span,
} from '@wayward/otlp'
import type { JobChange } from './job-change.ts'
import { type EndedRun, isBad, type OpenRun } from './job-state.ts'
import { identityOf } from './run-identity.ts'

/** The session of all runs that are reported over HTTP: they have no process that says which. */
export const jobsSession = 'jobs-http'
const scope = { name: 'wayward.jobs' }
/** Nothing says more often that such a run goes on. */
const snapshotIntervalNs = 3_600_000_000_000n
const spanKindInternal = 1
const statusError = 2
const infoSeverity = { severityNumber: 9, severityText: 'INFO' }

/** A request of each signal; undefined where there is nothing of it. */
export interface EncodedChanges {
  readonly logs: Uint8Array
  readonly traces: Uint8Array | undefined
}

/** The changes as OTLP requests. */
export function encodeChanges(changes: readonly JobChange[]): EncodedChanges {
  const services = [...new Set(changes.map(({ service }) => service))]
  const resourceOf = (service: string) => ({
    attributes: [text(ATTR_SERVICE_NAME, service), text(ATTR_WAYWARD_SESSION_ID, jobsSession)],
  })
  const parts = services.map((service) => ({
    resource: resourceOf(service),
    own: changes.filter((change) => change.service === service),
  }))
  const resourceLogs = parts.map(({ own, resource }) => ({
    resource,
    scopeLogs: [{ scope, logRecords: own.flatMap(toRecords) }],
  }))
  const resourceSpans = parts.flatMap(({ own, resource }) => {
    const spans = own.flatMap((change) =>
      change.ended === undefined ? [] : [toSpan(change, change.ended)],
    )
    return spans.length === 0 ? [] : [{ resource, scopeSpans: [{ scope, spans }] }]
  })
  return {
    logs: encode(exportLogsRequest, { resourceLogs }),
    traces: resourceSpans.length === 0 ? undefined : encode(exportTraceRequest, { resourceSpans }),
  }
}

function toRecords(change: JobChange): LogRecord[] {
  const records = [toRecord(change)]
  if (change.started !== undefined) records.push(toOpen(change, change.started))
  if (change.ended !== undefined) records.push(toClosed(change, change.ended))
  return records
}

function toRecord(change: JobChange): LogRecord {
  const { atMs, receivedMs, service, name, runId, definition, flaws, sequence } = change
  return {
    timeUnixNano: toNano(atMs),
    observedTimeUnixNano: toNano(receivedMs),
    ...infoSeverity,
    ...(runId === undefined || runId === ''
      ? {}
      : traceOf(service, name, runId, change.started ?? change.ended)),
    eventName: EVENT_WAYWARD_JOB_CHANGE,
    body: { stringValue: sentenceOf(change) },
    attributes: [
      text(ATTR_WAYWARD_JOB_NAME, name),
      text(ATTR_WAYWARD_JOB_CHANGE_TYPE, change.type),
      integer(ATTR_WAYWARD_JOB_CHANGE_SEQUENCE, sequence),
      text(ATTR_WAYWARD_JOB_RECEIVED_TIME, toRfc3339(receivedMs)),
      text(ATTR_WAYWARD_JOB_STATUS, change.status),
      text(ATTR_WAYWARD_JOB_STATUS_BEFORE, change.statusBefore),
      text(ATTR_WAYWARD_JOB_SOURCE, change.source),
      ...optional(ATTR_WAYWARD_JOB_RUN_ID, runId, text),
      ...optional(ATTR_WAYWARD_JOB_RESULT, change.result, text),
      ...optional(ATTR_WAYWARD_JOB_DUE_TIME, change.dueMs, time),
      ...optional(ATTR_WAYWARD_JOB_REPORT_ID, change.reportId, text),
      ...optional(ATTR_WAYWARD_JOB_MESSAGE, change.message, text),
      ...optional(ATTR_WAYWARD_JOB_PROGRESS, change.progress, double),
      ...optional(ATTR_WAYWARD_JOB_FLAWS, flaws, texts),
      ...optional(ATTR_WAYWARD_JOB_DEFINITION, definition, json),
    ],
  }
}

function sentenceOf({
  name,
  result,
  runId,
  status,
  statusBefore,
  type,
  message,
}: JobChange): string {
  const run = runId === undefined || runId === '' ? '' : ` "${runId}"`
  const turn = status === statusBefore ? '' : `, the job is ${status}`
  const end = result === undefined ? '' : ` as ${result}`
  const told = message === undefined || message === '' ? '' : `: ${message}`
  return `Job "${name}": ${type.replace('_', ' ')}${run}${end}${turn}${told}`
}

function toOpen(change: JobChange, run: OpenRun): LogRecord {
  return {
    ...operationRecord(change, run, EVENT_WAYWARD_OPERATION_OPEN, run.startMs),
    timeUnixNano: toNano(Math.max(change.receivedMs, run.startMs)),
  }
}

function toClosed(change: JobChange, run: EndedRun): LogRecord {
  return operationRecord(change, run, EVENT_WAYWARD_OPERATION_ENDED, run.endMs)
}

function operationRecord(
  { service, name }: JobChange,
  run: OpenRun | EndedRun,
  eventName: string,
  seenMs: number,
): LogRecord {
  const { sequence } = identityOf(service, name, run.id)
  return {
    timeUnixNano: toNano(seenMs),
    ...infoSeverity,
    ...traceOf(service, name, run.id, run),
    eventName,
    attributes: [
      ...runAttributes(name, run),
      whole(ATTR_WAYWARD_OPERATION_SEQUENCE, sequence),
      text(ATTR_WAYWARD_OPERATION_START_TIME, toRfc3339(run.startMs)),
      whole(ATTR_WAYWARD_OPERATION_AGE, toNano(seenMs) - toNano(run.startMs)),
      whole(ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL, snapshotIntervalNs),
    ],
  }
}

function toSpan({ service, name }: JobChange, run: EndedRun): Span {
  const { sequence } = identityOf(service, name, run.id)
  const { clean, usage, parent, result } = { ...run, clean: run.flaws ?? [] }
  return {
    ...traceOf(service, name, run.id, run),
    ...(parent === undefined ? {} : { parentSpanId: Buffer.from(parent.spanId, 'hex') }),
    name: `run ${name}`,
    kind: spanKindInternal,
    startTimeUnixNano: toNano(run.startMs),
    endTimeUnixNano: toNano(run.endMs),
    ...(isBad(result) ? { status: { code: statusError, message: run.message ?? '' } } : {}),
    attributes: [
      ...runAttributes(name, run),
      whole(ATTR_WAYWARD_EVENT_SEQUENCE, sequence),
      text(ATTR_WAYWARD_JOB_RESULT, result),
      ...(result === 'success' ? [] : [text(ATTR_ERROR_TYPE, result)]),
      ...optional(ATTR_WAYWARD_JOB_EXIT_CODE, run.exitCode, integer),
      ...optional(ATTR_WAYWARD_JOB_OUTPUT, run.output, text),
      ...optional(ATTR_WAYWARD_JOB_MESSAGE, run.message, text),
      ...optional(ATTR_WAYWARD_JOB_METRICS, run.metrics, json),
      ...optional(ATTR_WAYWARD_JOB_CPU_TIME, usage?.cpuNs, integer),
      ...optional(ATTR_WAYWARD_JOB_MEMORY_MAX, usage?.memoryBytes, integer),
      ...optional(ATTR_WAYWARD_JOB_IO_READ, usage?.readBytes, integer),
      ...optional(ATTR_WAYWARD_JOB_IO_WRITTEN, usage?.writtenBytes, integer),
      ...(clean.length === 0 ? [] : [texts(ATTR_WAYWARD_JOB_FLAWS, clean)]),
      ...optional(
        ATTR_WAYWARD_JOB_CLOCK_SKEW,
        run.skewMs === undefined ? undefined : run.skewMs * 1e6,
        integer,
      ),
    ],
  }
}

/** What a span of a run and the snapshots of it have in common. */
function runAttributes(name: string, run: OpenRun | EndedRun): KeyValue[] {
  return [
    text(ATTR_WAYWARD_KIND, WAYWARD_KIND_VALUE_JOB_RUN),
    text(ATTR_WAYWARD_JOB_NAME, name),
    text(ATTR_WAYWARD_JOB_RUN_ID, run.id),
    text(ATTR_WAYWARD_JOB_SOURCE, run.source),
    integer(ATTR_WAYWARD_JOB_ATTEMPT, run.attempt ?? 1),
    ...optional(ATTR_WAYWARD_JOB_TRIGGER, run.trigger, text),
    ...optional(ATTR_WAYWARD_JOB_WORKER_ID, run.workerId, text),
    ...optional(ATTR_WAYWARD_JOB_DUE_TIME, run.dueMs, time),
    ...optional(ATTR_WAYWARD_JOB_DEADLINE, run.deadlineMs, time),
    ...optional(ATTR_HOST_NAME, run.host, text),
    ...optional(ATTR_PROCESS_PID, run.pid, integer),
  ]
}

function traceOf(
  service: string,
  name: string,
  runId: string,
  run?: OpenRun | EndedRun,
): { readonly traceId: Uint8Array; readonly spanId: Uint8Array } {
  const { spanId, traceId } = identityOf(service, name, runId)
  const parent = run?.parent
  return { traceId: parent === undefined ? traceId : Buffer.from(parent.traceId, 'hex'), spanId }
}

function optional<Value>(
  key: string,
  value: Value | undefined,
  make: (key: string, value: Value) => KeyValue,
): KeyValue[] {
  return value === undefined ? [] : [make(key, value)]
}

function text(key: string, value: string): KeyValue {
  return { key, value: { stringValue: value } }
}

function texts(key: string, values: readonly string[]): KeyValue {
  return { key, value: { arrayValue: { values: values.map((stringValue) => ({ stringValue })) } } }
}

function integer(key: string, value: number): KeyValue {
  return whole(key, BigInt(Math.round(value)))
}

function whole(key: string, value: bigint): KeyValue {
  return { key, value: { intValue: value } }
}

function double(key: string, value: number): KeyValue {
  return { key, value: { doubleValue: value } }
}

function time(key: string, ms: number): KeyValue {
  return text(key, toRfc3339(ms))
}

function json(key: string, value: unknown): KeyValue {
  return text(key, JSON.stringify(value))
}

/** Milliseconds with fractions have microseconds; more digits are not there. */
export function toNano(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n
}

function toRfc3339(ms: number): string {
  const micros = Math.round(ms * 1000)
  const whole = Math.floor(micros / 1000)
  const rest = micros - whole * 1000
  const text = new Date(whole).toISOString().slice(0, -1)
  return rest === 0 ? `${text}000000Z` : `${text}${String(rest).padStart(3, '0')}000Z`
}
