import type { Store } from '@wayward/clickhouse'
import type { Route } from '@wayward/base'
import { hostname } from 'node:os'
import { type Door, forOwnSite, type Logger, type Time } from '@wayward/base'
import { type CollectorInside, createInside } from './inside.ts'
import type { ConsumeOutcome } from './consumer.ts'
import { type DecodeLimits, defaultDecodeLimits } from './decode/limits.ts'
import { createLargeDecoder } from './decode/large-decoder.ts'
import { createLogsDecoder } from './decode/logs.ts'
import { createMetricsDecoder } from './decode/metrics.ts'
import { createTracesDecoder } from './decode/traces.ts'
import type { CollectorLimits } from './limits.ts'
import type {
  ListenAddresses,
  ListenerSetting,
  MessageSetting,
  ReceiverSetting,
} from './listeners.ts'
import type { Journal, JournalSettings } from './journal/journal.ts'
import { openJournal } from './journal/open-journal.ts'
import { createLiveStreams, type LiveStreams } from './live/live-streams.ts'
import { jobStatesTable } from './jobs/clickhouse-store.ts'
import { ledgerTable } from './telemetry/ledger/ledger-block.ts'
import { createLedgerWriter, type LedgerWriter } from './telemetry/ledger/ledger-writer.ts'
import type { ChannelSettings } from './notices/channel-settings.ts'
import { createPipeline, type Pipeline } from './pipeline/pipeline.ts'
import { probeEventLoop, single } from './telemetry/process-metrics.ts'
import { createProtection, type Protection, type ProtectionSettings } from './access/protection.ts'
import { createControlService } from './services/control.ts'
import { createJobService, type JobService } from './services/job.ts'
import { createMessageService, type MessageService } from './services/message.ts'
import { createReceivers } from './receivers/list.ts'
import { reportOwn } from './receivers/own-report.ts'
import type { MessageSettings } from './receivers/messages/message-settings.ts'
import { createStatsReceiver } from './receivers/mmstats/mmstats.ts'
import { createStatsFilesRoute } from './receivers/mmstats/stats-route.ts'
import type { StatsWatch, StatsWatchSettings } from './receivers/mmstats/stats-watch.ts'
import { createMixUpLog } from './receivers/mix-up-log.ts'
import type { Receiver } from './receivers/receiver.ts'
import { createReceiverParts } from './receivers/receiver-parts.ts'
import { createRouterService, type RouterService } from './services/router.ts'
import type { RouterSettings } from './router/router-settings.ts'
import { createRoutes, type Readiness } from './routes.ts'
import { startListener } from './start-listener.ts'
import { noteDamage } from './telemetry/journal-damage.ts'
import {
  countDropped,
  countLost,
  createTelemetry,
  type DroppedRows,
  type Telemetry,
} from './telemetry/telemetry.ts'

/** What may be set of a collector. */
export interface CollectorSettings extends ProtectionSettings, ListenAddresses {
  /** Where accepted requests are safe until ClickHouse has them. */
  readonly journal: JournalSettings
  readonly limits: CollectorLimits
  /** Stats files to read; none without it. */
  readonly mmstats?: StatsWatchSettings | undefined
  /** Receivers of Metlog, statsd and syslog; none without it. */
  readonly messages?: MessageSettings | undefined
  /** Rules and endpoints; without it everything goes to the store, and nothing else. */
  readonly router?: CollectorRouter | undefined
  /** Who is told of changes of jobs; nobody without it. */
  readonly notify?: readonly ChannelSettings[] | undefined
  /** Keeps what is set of clients; without it that is lost at the end. */
  readonly controlFile?: string
  /** @default defaultDecodeLimits */
  readonly decodeLimits?: DecodeLimits
}

/** What is set of the router. */
export interface CollectorRouter {
  readonly settings: RouterSettings
  /** Of queues on the disk. */
  readonly folder: string
}

/** What a collector works with and does not own. */
export interface CollectorParts {
  /** Where the rows go; whoever made it closes it, after the collector's shutdown. */
  readonly store: Pick<Store, 'insertNative' | 'ping' | 'query'>
  /**
   * Resolves when ClickHouse has its tables; until then rows wait in the journal. Never rejects.
   */
  readonly storeIsReady: Promise<unknown>
  readonly logger: Logger
  readonly time: Time
  /** What else the listener of the API answers. @default nothing */
  readonly routes?: (inside: CollectorInside) => readonly Route[]
}

/** The addresses as `host:port`, with the ports that were picked. */
export type CollectorAddresses = Readonly<Record<ListenerSetting, string>> &
  Readonly<Partial<Record<MessageSetting, string>>>

/** The service that takes OTLP and stores it in ClickHouse. */
export interface Collector {
  /**
   * Starts to serve.
   *
   * @throws CollectorError where an address cannot be used, JournalError where the journal cannot
   *   be opened; then nothing listens.
   */
  start(): Promise<CollectorAddresses>
  /**
   * Accepts no more, answers, inserts what it has, and closes. Safe twice and without `start`.
   *
   * @param deadlineMs after which the rest stays in the journal
   */
  shutdown(deadlineMs: number): Promise<void>
  /**
   * Shows rows that were dropped from ClickHouse, to keep room on the disk, on /metrics and in the
   * ledger.
   */
  noteDropped(dropped: DroppedRows): void
  /**
   * Takes log records of the service's own, as OTLP/JSON, by the way of all data, rules too. Never
   * rejects.
   */
  report(logs: string): Promise<ConsumeOutcome>
  /**
   * Goes over to other rules and endpoints, and opens files of endpoints anew.
   *
   * @throws RouterError where the settings are wrong; then all stays as it was
   */
  reloadRouter(settings: RouterSettings): void
}

/**
 * Makes a collector; it serves nothing before `start`.
 *
 * @throws CollectorError where an address is open to other machines and unprotected, or where a
 *   certificate, the file of tokens or an origin cannot be used
 * @example
 * const collector = createCollector(
 *   { otlpGrpc: { host: '127.0.0.1', port: 4317 }, …, journal, limits: defaultCollectorLimits },
 *   { store, storeIsReady: migrate(store), logger, time: systemTime },
 * )
 * const { otlpGrpc } = await collector.start()
 */
export function createCollector(settings: CollectorSettings, parts: CollectorParts): Collector {
  return new OtlpCollector(settings, parts)
}

/** Share of the time to shut down in which rows may be inserted; the rest is for answers. */
const drainShare = 0.8
/** Time for the last entries of the ledger where there is no journal to keep them. */
const lastLedgerMs = 500

/** What a started collector is made of. */
interface Running {
  readonly journal: Journal
  readonly pipeline: Pipeline
  readonly ledgerWriter: LedgerWriter
  readonly stopProbe: () => void
  readonly receivers: Readonly<Record<ReceiverSetting, Receiver>>
  readonly messages: MessageService
  /** Undefined where no stats files are read. */
  readonly statsReceiver: StatsWatch | undefined
}

class OtlpCollector implements Collector {
  readonly #settings: CollectorSettings
  readonly #parts: CollectorParts
  readonly #telemetry: Telemetry
  readonly #protection: Protection
  readonly #streams: LiveStreams
  readonly #jobs: JobService
  readonly #router: RouterService
  readonly #routes: Door
  #running: Running | undefined
  #state: 'starting' | 'serving' | 'shutting down' = 'starting'
  #whenShutDown: Promise<void> | undefined

  constructor(settings: CollectorSettings, parts: CollectorParts) {
    this.#settings = settings
    this.#parts = parts
    this.#telemetry = createTelemetry(settings.limits, parts.time)
    this.#protection = createProtection(settings, { ...parts, limits: settings.limits })
    const { tls } = this.#protection
    this.#telemetry.observe(
      'failedHandshakes',
      single(() => tls?.failedHandshakes ?? 0),
    )
    this.#telemetry.observe('certificateExpiry', () =>
      tls === undefined ? [] : [{ labelValues: [], value: tls.validToMs / 1000 }],
    )
    this.#streams = createLiveStreams({ ...parts, limits: settings.limits })
    this.#router = createRouterService(settings.router, {
      ...parts,
      telemetry: this.#telemetry,
      pipeline: () => this.#running?.pipeline,
    })
    const { limits } = settings
    const shared = { ...parts, ...this.#protection, telemetry: this.#telemetry, limits }
    this.#jobs = createJobService({
      ...shared,
      notify: settings.notify,
      pipeline: () => this.#running && this.#router.consumer,
    })
    const control = createControlService({ ...shared, file: settings.controlFile })
    this.#routes = createRoutes({
      jobRoutes: [
        ...this.#jobs.routes,
        ...this.#router.routes,
        ...control,
        createStatsFilesRoute(settings.mmstats?.globs ?? []),
      ],
      telemetry: this.#telemetry,
      streams: this.#streams,
      checkReadiness: () => this.#checkReadiness(),
      whenInserted: () => this.#running?.pipeline.whenInserted() ?? Promise.resolve(),
      ...this.#protection,
      limits: settings.limits,
      time: parts.time,
      others: parts.routes?.(createInside({ ...shared, consumer: this.#router.consumer })) ?? [],
    })
  }

  async start(): Promise<CollectorAddresses> {
    try {
      const { ledgerWriter, messages, pipeline, receivers, statsReceiver } = await this.#assemble()
      const started = { api: this.#routes, ...receivers }
      const addresses: Record<string, string> = {}
      // The API first: who watches sees the rest come up.
      for (const setting of Object.keys(started) as readonly ListenerSetting[]) {
        addresses[setting] = await startListener(started[setting], setting, this.#settings[setting])
      }
      for (const { address, receiver, setting } of messages.receivers) {
        addresses[setting] = await startListener(receiver, setting, address)
      }
      this.#state = 'serving'
      statsReceiver?.start()
      ledgerWriter.start()
      // It never rejects, says its declaration.
      void this.#parts.storeIsReady.then(() => pipeline.open()).then(() => this.#jobs.start())
      return addresses as CollectorAddresses
    } catch (error) {
      await this.shutdown(0)
      throw error
    }
  }

  shutdown(deadlineMs: number): Promise<void> {
    this.#whenShutDown ??= this.#shutdownOnce(deadlineMs)
    return this.#whenShutDown
  }

  noteDropped(dropped: DroppedRows): void {
    countDropped(this.#telemetry, dropped)
  }

  report(logs: string): Promise<ConsumeOutcome> {
    return reportOwn(this.#router.consumer, logs)
  }

  reloadRouter(settings: RouterSettings): void {
    this.#router.reload(settings)
  }

  async #assemble(): Promise<Running> {
    const { limits, decodeLimits = defaultDecodeLimits } = this.#settings
    const { logger, store, time } = this.#parts
    const clock = time.wallMs
    const telemetry = this.#telemetry
    const journal = await openJournal(this.#settings.journal, {
      logger,
      time,
      onSync: (seconds) => telemetry.syncSeconds.observe(seconds),
      carriedDigests: () => this.#running?.pipeline.recentDigests() ?? [],
    })
    const decoders = {
      traces: createTracesDecoder(decodeLimits, clock),
      logs: createLogsDecoder(decodeLimits, clock),
      metrics: createMetricsDecoder(decodeLimits, clock),
    }
    const largeDecoder = createLargeDecoder({
      limits: decodeLimits,
      clock,
      waitingBytesMax: limits.decodeWaitingBytesMax,
    })
    noteDamage(telemetry, journal)
    const ownTables = [ledgerTable, jobStatesTable]
    const pipelineParts = {
      decoders,
      largeDecoder,
      journal,
      store,
      telemetry,
      logger,
      limits,
      time,
      ownTables,
      onCommitted: this.#streams.publish.bind(this.#streams),
    }
    const pipeline = createPipeline(pipelineParts)
    const instance = { host: hostname(), pid: process.pid, startMs: clock() }
    const { ledger } = telemetry
    const commit = pipeline.commitOwn.bind(pipeline)
    const ledgerWriter = createLedgerWriter({ ledger, commit, instance, limits, time })
    const mixUpLog = createMixUpLog(logger, time)
    const { consumer } = this.#router
    const shared = { consumer, telemetry, limits, time, mixUpLog }
    const receiverParts = createReceiverParts(shared, this.#protection)
    const { mmstats } = this.#settings
    const messages = createMessageService(this.#settings.messages, receiverParts)
    const moreRoutes = [...this.#jobs.routes.map(forOwnSite), ...messages.routes]
    const receivers = createReceivers({ ...receiverParts, moreRoutes })
    const statsReceiver =
      mmstats === undefined ? undefined : createStatsReceiver(mmstats, receiverParts, logger)
    const stopProbe = probeEventLoop(telemetry.eventLoopDelay)
    const stages = { journal, pipeline, ledgerWriter, stopProbe }
    this.#running = { ...stages, receivers, messages, statsReceiver }
    return this.#running
  }

  async #shutdownOnce(deadlineMs: number): Promise<void> {
    this.#state = 'shutting down'
    if (this.#running !== undefined) await this.#stop(this.#running, deadlineMs)
    this.#streams.close()
    await this.#routes.shutdown(0)
    this.#protection.stop()
  }

  async #stop(running: Running, deadlineMs: number): Promise<void> {
    const { journal, ledgerWriter, pipeline } = running
    const receivers = Object.values(running.receivers)
    const { time } = this.#parts
    const endMs = time.monotonicMs() + deadlineMs
    for (const receiver of receivers) receiver.stopAccepting()
    running.stopProbe()
    await running.messages.shutdown(deadlineMs * (1 - drainShare))
    await running.statsReceiver?.shutdown()
    await this.#jobs.shutdown()
    ledgerWriter.stop()
    // Now, so that it is inserted with the rest; what is refused from here on comes below.
    await ledgerWriter.flush()
    const drainMs = deadlineMs * drainShare
    const closing = this.#router.shutdown(drainMs)
    const rows = await pipeline.shutdown(drainMs)
    await closing
    if (rows > 0) this.#tellWhatIsLeft(rows, pipeline)
    const restMs = Math.max(0, endMs - time.monotonicMs())
    await Promise.all(receivers.map((receiver) => receiver.shutdown(restMs)))
    await this.#closeLedger(ledgerWriter)
    await journal.close()
  }

  /**
   * The last entries: of requests that were refused during the shutdown, and of rows that are lost.
   */
  async #closeLedger(ledgerWriter: LedgerWriter): Promise<void> {
    const { logger, store } = this.#parts
    if (this.#settings.journal.durability !== 'memory') {
      await ledgerWriter.flush()
      return
    }
    const entries = await ledgerWriter.insertLast(store, lastLedgerMs)
    if (entries > 0) logger.warn('The last entries of the ledger are lost', { entries })
  }

  #tellWhatIsLeft(rows: number, pipeline: Pipeline): void {
    const { durability, folder } = this.#settings.journal
    const { logger } = this.#parts
    if (durability === 'memory') {
      logger.error(
        'Rows are lost: ClickHouse did not take them in time and durability is "memory"',
        { rows },
      )
      for (const lost of pipeline.backlogs()) {
        const message = 'ClickHouse did not take the rows before the shutdown ended'
        countLost(this.#telemetry, lost, 'shutdown_without_journal', message)
      }
    } else {
      logger.info('Rows stay in the journal and are inserted after the next start', {
        rows,
        folder,
      })
    }
  }

  async #checkReadiness(): Promise<Readiness> {
    const journal = this.#running?.journal
    const reasons: string[] = []
    if (this.#state !== 'serving') reasons.push(`The collector is ${this.#state}`)
    else if (journal?.hasRoom(0) === false) reasons.push('The journal is full')
    // What is acknowledged is safe without ClickHouse, so requests may still be sent here.
    const isStoreThere = await this.#parts.store.ping()
    return { reasons, warnings: isStoreThere ? [] : ['ClickHouse does not answer'] }
  }
}
