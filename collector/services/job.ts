// Jobs over HTTP, put together: addresses ─▶ desk ─▶ book ─▶ store ─▶ the way of all data.
import { type Access, createByteBudget, type Logger, type Route, type Time } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import type { ConsumeOutcome, Sender } from '../consumer.ts'
import { createClickHouseJobs, type TogetherConsumer } from '../jobs/clickhouse-store.ts'
import { createJobBook, newRunId } from '../jobs/job-book.ts'
import { createJobClock } from '../jobs/job-clock.ts'
import { createJobPlans } from '../jobs/job-plans.ts'
import type { JobState } from '../jobs/job-state.ts'
import type { CollectorLimits } from '../limits.ts'
import { jobsReceiver } from '../listeners.ts'
import { type ChannelSettings, createChannel } from '../notices/channel-settings.ts'
import { createJobTeller } from '../notices/job-teller.ts'
import { createJobDesk } from '../receivers/jobs/job-desk.ts'
import { createJobReceiverRoutes } from '../receivers/jobs/jobs.ts'
import type { ValueReader } from '../telemetry/metrics.ts'
import { countItems, countRequest, type Telemetry } from '../telemetry/telemetry.ts'

/** The service of jobs. */
export interface JobService {
  /** Where jobs are reported and asked for. */
  readonly routes: readonly Route[]
  /** Reads what is known, once ClickHouse has its tables. */
  start(): void
  /** Takes no more reports; those under way are kept or refused. */
  shutdown(): Promise<void>
}

export interface JobServiceParts {
  readonly store: Pick<Store, 'query'>
  readonly storeIsReady: Promise<unknown>
  readonly logger: Logger
  readonly time: Time
  readonly limits: CollectorLimits
  readonly access: Access
  readonly telemetry: Telemetry
  /** Who is told of changes. @default nobody */
  readonly notify?: readonly ChannelSettings[] | undefined
  /** The way of all data; undefined before the start. */
  pipeline(): TogetherConsumer | undefined
}

const sender: Sender = { receiver: jobsReceiver, address: '', agent: '', identity: '' }
const bodyBytesInFlightMax = 32 * 1024 * 1024
const notStarted: ConsumeOutcome = {
  status: 'unavailable',
  retryAfterMs: 1_000,
  message: 'The collector is starting',
}

/** Makes the service; it knows no job before its start. */
export function createJobService(parts: JobServiceParts): JobService {
  const { limits, telemetry } = parts
  const consumer: TogetherConsumer = {
    consume: (request) => parts.pipeline()?.consume(request) ?? Promise.resolve(notStarted),
    consumeTogether: (requests, blocks) =>
      parts.pipeline()?.consumeTogether(requests, blocks) ?? Promise.resolve(notStarted),
    whenInserted: () => parts.pipeline()?.whenInserted() ?? Promise.resolve(),
  }
  const store = createClickHouseJobs({
    ...parts,
    consumer,
    sender,
    onAnswer: (outcome, bytes) => countAnswer(telemetry, outcome, bytes),
  })
  const book = createJobBook({ ...parts, store })
  const plans = createJobPlans()
  const { known } = book
  const judge = { ...plans, openRunsMax: limits.jobOpenRunsMax, newRunId, known }
  const desk = createJobDesk({ ...parts, book, store, judge, plans })
  const clock = createJobClock({ ...parts, book, plans })
  const channels = (parts.notify ?? []).map((settings) => ({
    settings,
    channel: createChannel(settings),
  }))
  const teller = createJobTeller({
    ...parts,
    book,
    channels,
    onSent: (channel, outcome) => telemetry.jobNotices.add(1, channel, outcome),
  })
  telemetry.observe('jobs', () => countByStatus(book.states()))
  const requestBytes = createByteBudget(bodyBytesInFlightMax)
  const begin = (): void => {
    clock.start()
    if (channels.length > 0) teller.start()
  }
  return {
    routes: createJobReceiverRoutes({ ...parts, desk, requestBytes }),
    start() {
      // It never rejects, says its declaration.
      void book.load().then(() => begin())
    },
    async shutdown() {
      clock.stop()
      await teller.shutdown()
      await book.shutdown()
      await store.close()
    },
  }
}

function countByStatus(states: Iterable<JobState>): ReturnType<ValueReader> {
  const counts = new Map<string, number>()
  for (const { status } of states) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, value]) => ({ labelValues: [status], value }))
}

function countAnswer(telemetry: Telemetry, outcome: ConsumeOutcome, bytes: number): void {
  telemetry.receivedBytes.add(bytes, jobsReceiver, 'logs')
  if (outcome.status === 'accepted') {
    countRequest(telemetry, sender, 'logs', 'accepted')
    countItems(telemetry, sender, 'logs', outcome)
  } else {
    countRequest(telemetry, sender, 'logs', outcome.status, { bytes, message: outcome.message })
  }
}
