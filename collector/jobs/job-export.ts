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
import { ProtobufWriter } from '@wayward/otlp'
import { AttributeWriter, toNano } from './attribute-writer.ts'
import type { JobChange } from './job-change.ts'
import { type EndedRun, isBad, type OpenRun } from './job-state.ts'
import { identityOf } from './run-identity.ts'

/** The session of all runs that are reported over HTTP: they have no process that says which. */
export const jobsSession = 'jobs-http'
const scopeName = 'wayward.jobs'
/** Nothing says more often that such a run goes on. */
const snapshotIntervalNs = 3_600_000_000_000n
const spanKindInternal = 1
const statusError = 2
const info = { number: 9, text: 'INFO' } as const

/** Fields of the messages in opentelemetry/proto; those of both signals are alike. */
const request = { resources: 1 } as const
const ofResource = { resource: 1, scopes: 2 } as const
const resourceAttributes = 1
const ofScope = { scope: 1, items: 2 } as const
const nameOfScope = 1
const record = {
  time: 1,
  severityNumber: 2,
  severityText: 3,
  body: 5,
  attributes: 6,
  traceId: 9,
  spanId: 10,
  observedTime: 11,
  eventName: 12,
} as const
const textOfBody = 1
const span = {
  traceId: 1,
  spanId: 2,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  start: 7,
  end: 8,
  attributes: 9,
  status: 15,
} as const
const ofStatus = { message: 2, code: 3 } as const

/** A request of each signal; undefined where there is nothing of it. */
export interface EncodedChanges {
  readonly logs: Uint8Array
  readonly traces: Uint8Array | undefined
}

/** Makes OTLP requests of changes, with buffers that are used again. */
export interface ChangeEncoder {
  /** The changes as requests. */
  encode(changes: readonly JobChange[]): EncodedChanges
}

/** Makes an encoder. */
export function createChangeEncoder(): ChangeEncoder {
  return new OtlpEncoder()
}

class OtlpEncoder implements ChangeEncoder {
  readonly #writer = new ProtobufWriter()
  readonly #attributes = new AttributeWriter(this.#writer)

  encode(changes: readonly JobChange[]): EncodedChanges {
    const ended = changes.filter((change) => change.ended !== undefined)
    return {
      logs: this.#request(changes, (change) => this.#records(change)),
      traces:
        ended.length === 0
          ? undefined
          : this.#request(ended, (change) => {
              if (change.ended !== undefined) this.#span(change, change.ended)
            }),
    }
  }

  #request(changes: readonly JobChange[], write: (change: JobChange) => void): Uint8Array {
    const writer = this.#writer
    const attributes = this.#attributes
    writer.reset()
    for (const [service, own] of byService(changes)) {
      const resourceStart = writer.begin(request.resources)
      const who = writer.begin(ofResource.resource)
      attributes.field = resourceAttributes
      attributes.text(ATTR_SERVICE_NAME, service)
      attributes.text(ATTR_WAYWARD_SESSION_ID, jobsSession)
      writer.end(who)
      const scopeStart = writer.begin(ofResource.scopes)
      const scope = writer.begin(ofScope.scope)
      writer.string(nameOfScope, scopeName)
      writer.end(scope)
      for (const change of own) write(change)
      writer.end(scopeStart)
      writer.end(resourceStart)
    }
    return writer.toBytes()
  }

  #records(change: JobChange): void {
    const { ended, receivedMs, started } = change
    this.#change(change)
    if (started !== undefined) {
      const seenMs = Math.max(receivedMs, started.startMs)
      this.#operation(change, started, EVENT_WAYWARD_OPERATION_OPEN, {
        seenMs: started.startMs,
        atMs: seenMs,
      })
    }
    if (ended !== undefined) {
      const { endMs } = ended
      this.#operation(change, ended, EVENT_WAYWARD_OPERATION_ENDED, { seenMs: endMs, atMs: endMs })
    }
  }

  #change(change: JobChange): void {
    const { atMs, receivedMs, runId = '', service, name } = change
    const writer = this.#writer
    const attributes = this.#attributes
    const start = this.#beginRecord(atMs, EVENT_WAYWARD_JOB_CHANGE)
    writer.fixed64(record.observedTime, toNano(receivedMs))
    if (runId !== '') this.#identity(record, service, name, runId, change.started ?? change.ended)
    const body = writer.begin(record.body)
    writer.string(textOfBody, sentenceOf(change))
    writer.end(body)
    attributes.text(ATTR_WAYWARD_JOB_NAME, name)
    attributes.text(ATTR_WAYWARD_JOB_CHANGE_TYPE, change.type)
    attributes.integer(ATTR_WAYWARD_JOB_CHANGE_SEQUENCE, change.sequence)
    attributes.time(ATTR_WAYWARD_JOB_RECEIVED_TIME, receivedMs)
    attributes.text(ATTR_WAYWARD_JOB_STATUS, change.status)
    attributes.text(ATTR_WAYWARD_JOB_STATUS_BEFORE, change.statusBefore)
    attributes.text(ATTR_WAYWARD_JOB_SOURCE, change.source)
    attributes.text(ATTR_WAYWARD_JOB_RUN_ID, change.runId)
    attributes.text(ATTR_WAYWARD_JOB_RESULT, change.result)
    attributes.time(ATTR_WAYWARD_JOB_DUE_TIME, change.dueMs)
    attributes.text(ATTR_WAYWARD_JOB_REPORT_ID, change.reportId)
    attributes.text(ATTR_WAYWARD_JOB_MESSAGE, change.message)
    attributes.double(ATTR_WAYWARD_JOB_PROGRESS, change.progress)
    attributes.texts(ATTR_WAYWARD_JOB_FLAWS, change.flaws)
    attributes.json(ATTR_WAYWARD_JOB_DEFINITION, change.definition)
    writer.end(start)
  }

  #operation(
    { service, name }: JobChange,
    run: OpenRun | EndedRun,
    eventName: string,
    { atMs, seenMs }: { readonly atMs: number; readonly seenMs: number },
  ): void {
    const attributes = this.#attributes
    const start = this.#beginRecord(atMs, eventName)
    this.#identity(record, service, name, run.id, run)
    this.#run(name, run)
    const { sequence } = identityOf(service, name, run.id)
    attributes.integer(ATTR_WAYWARD_OPERATION_SEQUENCE, sequence)
    attributes.time(ATTR_WAYWARD_OPERATION_START_TIME, run.startMs)
    attributes.integer(ATTR_WAYWARD_OPERATION_AGE, toNano(seenMs) - toNano(run.startMs))
    attributes.integer(ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL, snapshotIntervalNs)
    this.#writer.end(start)
  }

  #beginRecord(atMs: number, eventName: string): number {
    const writer = this.#writer
    this.#attributes.field = record.attributes
    const start = writer.begin(ofScope.items)
    writer.fixed64(record.time, toNano(atMs))
    writer.integer(record.severityNumber, info.number)
    writer.string(record.severityText, info.text)
    writer.string(record.eventName, eventName)
    return start
  }

  #identity(
    fields: { readonly traceId: number; readonly spanId: number },
    service: string,
    name: string,
    runId: string,
    run: OpenRun | EndedRun | undefined,
  ): void {
    const { spanId, traceId } = identityOf(service, name, runId)
    const parent = run?.parent
    const own = parent === undefined ? traceId : Buffer.from(parent.traceId, 'hex')
    this.#writer.content(fields.traceId, own)
    this.#writer.content(fields.spanId, spanId)
  }

  #span({ service, name }: JobChange, run: EndedRun): void {
    const { flaws = [], parent, result } = run
    const writer = this.#writer
    const start = writer.begin(ofScope.items)
    this.#identity(span, service, name, run.id, run)
    if (parent !== undefined) writer.content(span.parentSpanId, Buffer.from(parent.spanId, 'hex'))
    writer.string(span.name, `run ${name}`)
    writer.integer(span.kind, spanKindInternal)
    writer.fixed64(span.start, toNano(run.startMs))
    writer.fixed64(span.end, toNano(run.endMs))
    if (isBad(result)) {
      const status = writer.begin(span.status)
      writer.string(ofStatus.message, run.message ?? '')
      writer.integer(ofStatus.code, statusError)
      writer.end(status)
    }
    this.#attributes.field = span.attributes
    this.#run(name, run)
    this.#end(run, identityOf(service, name, run.id).sequence)
    if (flaws.length > 0) this.#attributes.texts(ATTR_WAYWARD_JOB_FLAWS, flaws)
    writer.end(start)
  }

  /** What the span of a run and the snapshots of it have in common. */
  #run(name: string, run: OpenRun | EndedRun): void {
    const attributes = this.#attributes
    attributes.text(ATTR_WAYWARD_KIND, WAYWARD_KIND_VALUE_JOB_RUN)
    attributes.text(ATTR_WAYWARD_JOB_NAME, name)
    attributes.text(ATTR_WAYWARD_JOB_RUN_ID, run.id)
    attributes.text(ATTR_WAYWARD_JOB_SOURCE, run.source)
    attributes.integer(ATTR_WAYWARD_JOB_ATTEMPT, run.attempt ?? 1)
    attributes.text(ATTR_WAYWARD_JOB_TRIGGER, run.trigger)
    attributes.text(ATTR_WAYWARD_JOB_WORKER_ID, run.workerId)
    attributes.time(ATTR_WAYWARD_JOB_DUE_TIME, run.dueMs)
    attributes.time(ATTR_WAYWARD_JOB_DEADLINE, run.deadlineMs)
    attributes.text(ATTR_HOST_NAME, run.host)
    attributes.integer(ATTR_PROCESS_PID, run.pid)
  }

  /** What the end of a run adds. */
  #end(run: EndedRun, sequence: bigint): void {
    const { result, skewMs, usage } = run
    const attributes = this.#attributes
    attributes.integer(ATTR_WAYWARD_EVENT_SEQUENCE, sequence)
    attributes.text(ATTR_WAYWARD_JOB_RESULT, result)
    if (result !== 'success') attributes.text(ATTR_ERROR_TYPE, result)
    attributes.integer(ATTR_WAYWARD_JOB_EXIT_CODE, run.exitCode)
    attributes.text(ATTR_WAYWARD_JOB_OUTPUT, run.output)
    attributes.text(ATTR_WAYWARD_JOB_MESSAGE, run.message)
    attributes.json(ATTR_WAYWARD_JOB_METRICS, run.metrics)
    attributes.integer(ATTR_WAYWARD_JOB_CPU_TIME, usage?.cpuNs)
    attributes.integer(ATTR_WAYWARD_JOB_MEMORY_MAX, usage?.memoryBytes)
    attributes.integer(ATTR_WAYWARD_JOB_IO_READ, usage?.readBytes)
    attributes.integer(ATTR_WAYWARD_JOB_IO_WRITTEN, usage?.writtenBytes)
    const skewNs = skewMs === undefined ? undefined : skewMs * 1e6
    attributes.integer(ATTR_WAYWARD_JOB_CLOCK_SKEW, skewNs)
  }
}

function byService(changes: readonly JobChange[]): ReadonlyMap<string, readonly JobChange[]> {
  const services = new Map<string, JobChange[]>()
  for (const change of changes) {
    const own = services.get(change.service)
    if (own === undefined) services.set(change.service, [change])
    else own.push(change)
  }
  return services
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
