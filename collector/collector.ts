import type { Logger, Store } from '@wayward/clickhouse'
import { createByteBudget } from './byte-budget.ts'
import type { Clock } from './decode/decoder.ts'
import { defaultDecodeLimits } from './decode/limits.ts'
import { createLogsDecoder } from './decode/logs.ts'
import { createMetricsDecoder } from './decode/metrics.ts'
import { createTracesDecoder } from './decode/traces.ts'
import type { CollectorLimits } from './limits.ts'
import { assertLoopback, formatAddress, type ListenAddress } from './listen-address.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { createInflater } from './receivers/inflater.ts'
import { createOtlpGrpcReceiver } from './receivers/otlp-grpc.ts'
import { createOtlpHttpReceiver } from './receivers/otlp-http.ts'
import type { Receiver, ReceiverParts } from './receivers/receiver.ts'
import { createRoutes, type Routes } from './routes.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'

export interface CollectorSettings {
  /** Where OTLP/gRPC is received. */
  readonly otlpGrpc: ListenAddress
  /** Where OTLP/HTTP is received. */
  readonly otlpHttp: ListenAddress
  /** Where `/healthz`, `/readyz` and `/metrics` are served. */
  readonly api: ListenAddress
  readonly limits: CollectorLimits
}

export interface CollectorParts {
  /** Where the rows go; whoever made it closes it, after the collector's shutdown. */
  readonly store: Pick<Store, 'insertNative' | 'ping'>
  readonly logger: Logger
  readonly clock: Clock
}

/** The addresses as `host:port`, with the ports that were picked. */
export interface CollectorAddresses {
  readonly otlpGrpc: string
  readonly otlpHttp: string
  readonly api: string
}

/** The service that takes OTLP and stores it in ClickHouse. */
export interface Collector {
  /**
   * Starts to serve.
   *
   * @throws CollectorError where an address cannot be used; then nothing listens.
   */
  start(): Promise<CollectorAddresses>
  /**
   * Accepts no more, inserts what was received, answers, and closes. Safe twice and without `start`.
   *
   * @param deadlineMs after which the rest is refused with a hint to try again
   */
  shutdown(deadlineMs: number): Promise<void>
}

/**
 * Makes a collector; it does nothing before `start`.
 *
 * @example
 * const collector = createCollector(
 *   { otlpGrpc: { host: '127.0.0.1', port: 4317 }, …, limits: defaultCollectorLimits },
 *   { store, logger, clock: Date.now },
 * )
 * const { otlpGrpc } = await collector.start()
 */
export function createCollector(settings: CollectorSettings, parts: CollectorParts): Collector {
  return new OtlpCollector(settings, parts)
}

/** Of the time to shut down, the share in which blocks may still be inserted; the rest is for the answers. */
const DRAIN_SHARE = 0.8

class OtlpCollector implements Collector {
  readonly #settings: CollectorSettings
  readonly #store: CollectorParts['store']
  readonly #pipeline: Pipeline
  readonly #grpc: Receiver
  readonly #http: Receiver
  readonly #routes: Routes
  #state: 'starting' | 'serving' | 'shutting down' = 'starting'
  #whenShutDown: Promise<void> | undefined

  constructor(settings: CollectorSettings, { store, logger, clock }: CollectorParts) {
    const { limits } = settings
    const telemetry = createTelemetry()
    this.#settings = settings
    this.#store = store
    this.#pipeline = createPipeline({
      decoders: {
        traces: createTracesDecoder(defaultDecodeLimits, clock),
        logs: createLogsDecoder(defaultDecodeLimits, clock),
        metrics: createMetricsDecoder(defaultDecodeLimits, clock),
      },
      store,
      telemetry,
      logger,
      limits,
    })
    const receiverParts = createReceiverParts(this.#pipeline, telemetry, limits)
    this.#grpc = createOtlpGrpcReceiver(receiverParts)
    this.#http = createOtlpHttpReceiver(receiverParts)
    this.#routes = createRoutes({
      metrics: telemetry.metrics,
      checkReadiness: () => this.#checkReadiness(),
      connectionsMax: limits.connectionsMax,
    })
  }

  async start(): Promise<CollectorAddresses> {
    const { otlpGrpc, otlpHttp, api } = this.#settings
    assertLoopback(api, '--api')
    assertLoopback(otlpGrpc, '--otlp-grpc')
    assertLoopback(otlpHttp, '--otlp-http')
    try {
      const addresses = {
        api: formatAddress(await this.#routes.start(api)),
        otlpGrpc: formatAddress(await this.#grpc.start(otlpGrpc)),
        otlpHttp: formatAddress(await this.#http.start(otlpHttp)),
      }
      this.#state = 'serving'
      return addresses
    } catch (error) {
      await this.shutdown(0)
      throw error
    }
  }

  shutdown(deadlineMs: number): Promise<void> {
    this.#whenShutDown ??= this.#shutdownOnce(deadlineMs)
    return this.#whenShutDown
  }

  async #shutdownOnce(deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs
    this.#state = 'shutting down'
    this.#grpc.stopAccepting()
    this.#http.stopAccepting()
    await this.#pipeline.shutdown(deadlineMs * DRAIN_SHARE)
    const restMs = Math.max(0, endMs - performance.now())
    await Promise.all([this.#grpc.shutdown(restMs), this.#http.shutdown(restMs)])
    await this.#routes.shutdown()
  }

  async #checkReadiness(): Promise<{ readonly reasons: readonly string[] }> {
    const reasons: string[] = []
    if (this.#state !== 'serving') reasons.push(`The collector is ${this.#state}`)
    if (!(await this.#store.ping())) reasons.push('ClickHouse does not answer')
    return { reasons }
  }
}

function createReceiverParts(
  consumer: Pipeline,
  telemetry: Telemetry,
  limits: CollectorLimits,
): ReceiverParts {
  const requestBytes = createByteBudget(limits.requestBytesInFlightMax)
  telemetry.metrics.gauge(
    {
      name: 'wayward_request_bytes',
      help: 'Bytes of requests that are being received or decompressed.',
      labels: [],
    },
    () => [{ labelValues: [], value: requestBytes.usedBytes }],
  )
  const inflater = createInflater(limits.requestBytesMax, limits.decompressionsMax)
  return { consumer, telemetry, limits, inflater, requestBytes }
}
