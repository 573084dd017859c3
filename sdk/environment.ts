// The standard OTEL_… variables that OpenTelemetry's packages do not read themselves. What they do read:
// sdk-trace-base the sampler, the span limits and OTEL_BSP_*; the exporters OTEL_EXPORTER_OTLP_*.
import { diag, type TextMapPropagator } from '@opentelemetry/api'
import {
  CompositePropagator,
  getBooleanFromEnv,
  getNumberFromEnv,
  getStringFromEnv,
  getStringListFromEnv,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'

/** Bounds of an export queue. */
export interface QueueLimits {
  readonly queueItemsMax: number
  readonly batchItemsMax: number
  readonly delayMs: number
  readonly exportTimeoutMs: number
}

/**
 * Larger than OpenTelemetry's own 2048: a busy lock ends thousands of spans between two exports. A span
 * takes about 4 KB, so a collector that is away costs an application about 64 MiB at most.
 */
const queueItemsMaxDefault = 16_384
const batchItemsMaxDefault = 512
const delayMsDefault = 1000
const exportTimeoutMsDefault = 30_000

/** @param prefix `OTEL_BSP` for spans, `OTEL_BLRP` for log records. */
export function queueLimits(prefix: 'OTEL_BSP' | 'OTEL_BLRP'): QueueLimits {
  const queueItemsMax = positive(`${prefix}_MAX_QUEUE_SIZE`, queueItemsMaxDefault)
  return {
    queueItemsMax,
    batchItemsMax: Math.min(
      positive(`${prefix}_MAX_EXPORT_BATCH_SIZE`, batchItemsMaxDefault),
      queueItemsMax,
    ),
    delayMs: positive(`${prefix}_SCHEDULE_DELAY`, delayMsDefault),
    exportTimeoutMs: positive(`${prefix}_EXPORT_TIMEOUT`, exportTimeoutMsDefault),
  }
}

function positive(name: string, fallback: number): number {
  const value = getNumberFromEnv(name)
  if (value === undefined) return fallback
  if (value > 0) return value
  diag.warn(`Cannot use ${name}=${value}: a number above 0 is wanted, ${fallback} is used`)
  return fallback
}

export function isSdkDisabled(): boolean {
  return getBooleanFromEnv('OTEL_SDK_DISABLED')
}

/** Whether a signal is exported: `OTEL_TRACES_EXPORTER` and `OTEL_LOGS_EXPORTER` know `otlp` and `none`. */
export function isExported(signal: 'TRACES' | 'LOGS'): boolean {
  const name = `OTEL_${signal}_EXPORTER`
  const wanted = getStringListFromEnv(name) ?? ['otlp']
  for (const exporter of wanted) {
    if (exporter !== 'otlp' && exporter !== 'none') {
      diag.warn(
        `Cannot use the exporter "${exporter}" of ${name}: only "otlp" and "none" are known, ` +
          'and without "otlp" nothing is sent',
      )
    }
  }
  return wanted.includes('otlp') && !wanted.includes('none')
}

const defaultEndpoint = 'http://127.0.0.1:4317'

/** The endpoint to give to an exporter, or undefined where it must read the environment itself. */
export function endpointFor(
  signal: 'TRACES' | 'LOGS',
  given: string | undefined,
): string | undefined {
  const protocol =
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ??
    getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL')
  if (protocol !== undefined && protocol !== 'grpc') {
    diag.warn(`Cannot export with the protocol "${protocol}": "grpc" is used`)
  }
  if (given !== undefined) return given
  const isSet =
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) ??
    getStringFromEnv('OTEL_EXPORTER_OTLP_ENDPOINT')
  return isSet === undefined ? defaultEndpoint : undefined
}

const httpPort = '4318'

/**
 * What is wrong with where reports go, in words: this package speaks OTLP/gRPC only, and what it sends to a
 * port for OTLP/HTTP is refused there, report by report.
 */
export function endpointProblem(
  signal: 'TRACES' | 'LOGS',
  given: string | undefined,
): string | undefined {
  const endpoint =
    given ??
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) ??
    getStringFromEnv('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (endpoint === undefined || !URL.canParse(endpoint)) return undefined
  if (new URL(endpoint).port !== httpPort) return undefined
  return (
    `Cannot expect that reports arrive at ${endpoint}: port ${httpPort} is for OTLP/HTTP as a rule, and the ` +
    'Wayward SDK speaks OTLP/gRPC only. Give the address of OTLP/gRPC, as a rule port 4317'
  )
}

/** The propagators of `OTEL_PROPAGATORS`; `tracecontext,baggage` by default. */
export function createPropagator(): TextMapPropagator {
  const wanted = new Set(getStringListFromEnv('OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'])
  const propagators: TextMapPropagator[] = []
  for (const name of wanted) {
    if (name === 'tracecontext') propagators.push(new W3CTraceContextPropagator())
    else if (name === 'baggage') propagators.push(new W3CBaggagePropagator())
    else if (name !== 'none') {
      diag.warn(
        `Cannot use the propagator "${name}" of OTEL_PROPAGATORS: only "tracecontext", "baggage" and ` +
          '"none" are known',
      )
    }
  }
  return new CompositePropagator({ propagators })
}

/** Limits of log records; those of spans are read by sdk-trace-base. */
export function logRecordLimits(): {
  attributeCountLimit: number
  attributeValueLengthLimit: number
} {
  return {
    attributeCountLimit:
      getNumberFromEnv('OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT') ??
      getNumberFromEnv('OTEL_ATTRIBUTE_COUNT_LIMIT') ??
      128,
    attributeValueLengthLimit:
      getNumberFromEnv('OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      getNumberFromEnv('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      Number.POSITIVE_INFINITY,
  }
}
