// The contract of register().
import type { Attributes, MeterProvider } from '@opentelemetry/api'
import type { LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { ControlOptions } from './recorder/control-poller.ts'
import type { Details } from './recorder/detail.ts'
import type { PauseSettings } from './process/pause-watch.ts'
import type { SnapshotSettings } from './report/open-operations.ts'
import type { Reporter } from './reporter.ts'
import type { StatsPackage } from './stats/stats-package.ts'

/** What may be set of the SDK in code; environment variables say the rest. */
export interface RegisterOptions {
  /**
   * Name of the service; goes before `OTEL_SERVICE_NAME`.
   * @default 'unknown_service:node'
   */
  readonly serviceName?: string
  /** A name for this run of the process; goes before `WAYWARD_SESSION_NAME`. */
  readonly sessionName?: string
  /** Further resource attributes. */
  readonly resourceAttributes?: Attributes
  /**
   * Address of the collector; goes before `OTEL_EXPORTER_OTLP_ENDPOINT`. It is OTLP/gRPC, unless
   * `OTEL_EXPORTER_OTLP_PROTOCOL` says `http/protobuf` or the port is 4318.
   * @default 'http://127.0.0.1:4317'
   */
  readonly endpoint?: string
  /** Snapshots of open operations. */
  readonly snapshots?: Partial<SnapshotSettings>
  /**
   * Reports what stops a whole thread: garbage collections, a blocked event loop, a machine that
   * sleeps, from which length on. Goes before `WAYWARD_PAUSES`.
   * @default true
   */
  readonly pauses?: boolean | Partial<PauseSettings>
  /** Where spans go instead of OTLP. */
  readonly spanExporter?: SpanExporter
  /** Where events and log records go instead of OTLP. */
  readonly logExporter?: LogRecordExporter
  /** Further span processors, beside ours. */
  readonly spanProcessors?: readonly SpanProcessor[]
  /**
   * Records locks, queue items and zones in memory, which a worker thread reads and sends, instead
   * of making spans of them on the application's path. Not where they go elsewhere than OTLP. Goes
   * before `WAYWARD_RECORDER`.
   * @default true
   */
  readonly recorder?: boolean
  /**
   * With the recorder, how much is told of which locks, queues and zones: `all`, `off`, `500/s`
   * (plain operations above this rate stand for others), `1/20` (one in so many does) or `>10ms`
   * (only what takes longer), by patterns of names with `*`. Of those that fit the last counts.
   * Goes before `WAYWARD_DETAIL`.
   * @default { '*': '500/s' }
   */
  readonly detail?: Details
  /**
   * With the recorder, a folder for a file in which everything that is recorded lies, so that it
   * can be read after the process was killed (`wayward flight`). It is removed when all was sent at
   * the end. The package `koffi` makes it cost nothing. Goes before `WAYWARD_FLIGHT_RECORDER`.
   */
  readonly flightRecorder?: string
  /**
   * With the recorder, a collector that is asked for what `wayward control set detail` says, which
   * goes before `detail`; its address goes before `WAYWARD_CONTROL_URL`. Nobody is asked by
   * default, and nothing ever listens in the process.
   */
  readonly control?: ControlOptions
  /**
   * Publishes the SDK's state and the values of OpenTelemetry's instruments in a stats file, which
   * can be read while the application hangs. Needs the package `@wayward/mmstats`, or is given what
   * it exports. Goes before `WAYWARD_MMSTATS`.
   * @default false
   */
  readonly mmstats?: boolean | StatsPackage
  /** Where the values of instruments go besides; with `mmstats` only. */
  readonly meterProvider?: MeterProvider
  /**
   * Longest time that the flush before a process that ends by itself may take, in milliseconds.
   * @default 2000
   */
  readonly exitFlushMsMax?: number
  /**
   * Longest time that `shutdown()` may take as a whole, in milliseconds; what is not sent by then
   * is given up and counted.
   * @default 5000
   */
  readonly shutdownMsMax?: number
}

/** What may be set of a flush. */
export interface FlushOptions {
  /**
   * Longest time to wait, in milliseconds. What is not sent by then stays in the queue.
   * @default 30000
   */
  readonly timeoutMs?: number
}

/** What `register()` set up. */
export interface Registration {
  /**
   * `registered`: OpenTelemetry is set up. `already_registered`: somebody else had set it up,
   * nothing was changed, and reports go there. `disabled`: `OTEL_SDK_DISABLED` is set. `failed`:
   * nothing is reported.
   */
  readonly status: 'registered' | 'already_registered' | 'disabled' | 'failed'
  /**
   * What was found that is not as it should be, and what to do about it; empty where all is well.
   */
  readonly problems: readonly string[]
  readonly sessionId: string
  /** The process's reporter. */
  readonly reporter: Reporter
  /** Spans and events lost since the start, because the queue was full or the exporter gave up. */
  readonly droppedCount: number
  /**
   * Operations that the recorder did not send because others stand for them, see `detail`; what is
   * sent says for how many.
   */
  readonly thinnedCount: number
  /** Operations that the recorder told one by one. */
  readonly recordedCount: number
  /**
   * Changes how much is told from now on, in all threads, as `detail` says; without the recorder it
   * does nothing.
   * @throws TypeError if something is no detail, RangeError if it is too much
   */
  control(detail: Details): void
  /** Sends what has ended; never rejects. Does nothing where another's provider is registered. */
  forceFlush(options?: FlushOptions): Promise<void>
  /**
   * Sends what has ended and stops reporting, within `shutdownMsMax`; never rejects, safe twice. It
   * is for the end of the process: `register()` does not work again after it, and says so.
   */
  shutdown(): Promise<void>
}
