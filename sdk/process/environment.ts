// The standard OTEL_… variables that OpenTelemetry's packages do not read themselves. What they do
// read: sdk-trace-base the sampler, the span limits and OTEL_BSP_*; the exporters
// OTEL_EXPORTER_OTLP_*.
import { diag, type TextMapPropagator } from '@opentelemetry/api'
import {
  CompositePropagator,
  getBooleanFromEnv,
  getNumberFromEnv,
  getStringFromEnv,
  getStringListFromEnv,
  parseKeyPairsIntoRecord,
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
 * Larger than OpenTelemetry's own 2048: a busy lock ends thousands of spans between two exports. A
 * span takes about 4 KB, so a collector that is away costs an application about 64 MiB at most.
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

/** Whether pauses are reported: unless `WAYWARD_PAUSES` is `false`. */
export function arePausesReported(): boolean {
  return isOnUnlessFalse('WAYWARD_PAUSES')
}

/** Whether what is reported is recorded: unless `WAYWARD_RECORDER` is `false`. */
export function isRecorderWanted(): boolean {
  return isOnUnlessFalse('WAYWARD_RECORDER')
}

/** OpenTelemetry's own function takes what is not set for false. */
function isOnUnlessFalse(name: string): boolean {
  const wanted = getStringFromEnv(name)?.trim().toLowerCase()
  if (wanted !== undefined && wanted !== 'true' && wanted !== 'false') {
    diag.warn(`Cannot use ${name}=${wanted}: "true" or "false" is wanted, "true" is used`)
  }
  return wanted !== 'false'
}

/** Whether `OTEL_TRACES_SAMPLER` may leave out a trace that begins here. */
export function areTracesSampled(): boolean {
  const sampler = getStringFromEnv('OTEL_TRACES_SAMPLER')?.trim() ?? 'parentbased_always_on'
  return sampler !== 'parentbased_always_on' && sampler !== 'always_on'
}

/**
 * Whether a signal is exported: `OTEL_TRACES_EXPORTER` and `OTEL_LOGS_EXPORTER` know `otlp` and
 * `none`.
 */
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
const defaultHttpEndpoint = 'http://127.0.0.1:4318'
/** Where OTLP/HTTP listens as a rule. */
const httpPort = '4318'

/**
 * The protocol of a signal: what `OTEL_EXPORTER_OTLP_PROTOCOL` or the signal's own variable says,
 * else what the port of its endpoint says, else gRPC.
 */
export function protocolFor(
  signal: 'TRACES' | 'LOGS',
  given: string | undefined,
): 'grpc' | 'http/protobuf' {
  const protocol = variableOf(signal, 'PROTOCOL')
  if (protocol === 'grpc' || protocol === 'http/protobuf') return protocol
  if (protocol === 'http/json') {
    diag.warn('The protocol "http/json" is not known here: "http/protobuf" is used')
    return 'http/protobuf'
  }
  if (protocol !== undefined) {
    diag.warn(`Cannot export with the protocol "${protocol}": "grpc" and "http/protobuf" are known`)
  }
  const endpoint = given ?? variableOf(signal, 'ENDPOINT')
  const isHttp =
    endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).port === httpPort
  return isHttp ? 'http/protobuf' : 'grpc'
}

/**
 * The endpoint to give to the gRPC exporter, or undefined where it must read the environment
 * itself.
 */
export function endpointFor(
  signal: 'TRACES' | 'LOGS',
  given: string | undefined,
): string | undefined {
  if (given !== undefined) return given
  return variableOf(signal, 'ENDPOINT') === undefined ? defaultEndpoint : undefined
}

/** How a signal goes out over HTTP. */
export interface HttpExporterSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly isGzip: boolean
  readonly certificate: string | undefined
  readonly clientKey: string | undefined
  readonly clientCertificate: string | undefined
}

const exportTimeoutMsOfRequest = 10_000

/**
 * The variables of OTLP's exporters (OpenTelemetry specification, "OTLP Exporter Configuration").
 */
export function httpExporterSettings(
  signal: 'TRACES' | 'LOGS',
  given: string | undefined,
): HttpExporterSettings {
  const timeoutMs = Number(variableOf(signal, 'TIMEOUT'))
  return {
    url: httpUrl(signal, given),
    headers: {
      ...parseKeyPairsIntoRecord(getStringFromEnv('OTEL_EXPORTER_OTLP_HEADERS')),
      ...parseKeyPairsIntoRecord(getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`)),
    },
    timeoutMs: timeoutMs > 0 ? timeoutMs : exportTimeoutMsOfRequest,
    isGzip: variableOf(signal, 'COMPRESSION') === 'gzip',
    certificate: variableOf(signal, 'CERTIFICATE'),
    clientKey: variableOf(signal, 'CLIENT_KEY'),
    clientCertificate: variableOf(signal, 'CLIENT_CERTIFICATE'),
  }
}

/** The signal's own endpoint is taken as it is; to the common one the signal's path is added. */
function httpUrl(signal: 'TRACES' | 'LOGS', given: string | undefined): string {
  const own = getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)
  if (given === undefined && own !== undefined) return own
  const base = given ?? getStringFromEnv('OTEL_EXPORTER_OTLP_ENDPOINT') ?? defaultHttpEndpoint
  return `${base.replace(/\/+$/, '')}/v1/${signal.toLowerCase()}`
}

function variableOf(signal: 'TRACES' | 'LOGS', name: string): string | undefined {
  return (
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_${name}`) ??
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${name}`)
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
