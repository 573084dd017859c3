// What the SDK knows of its process, in a stats file: whoever looks at it from outside sees what a
// process was doing that hangs, or that has crashed. Values are stored as things happen, because
// in a process that hangs no timer fires.
import type { Attributes, MeterProvider } from '@opentelemetry/api'
import type { LogRecordProcessor } from '@opentelemetry/sdk-logs'
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base'
import {
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_JOB_NAME,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_QUEUE_NAME,
  ATTR_WAYWARD_SESSION_ID,
  EVENT_WAYWARD_OPERATION_OPEN,
} from '@wayward/semconv'
import { createStatsMeters, type StatsMeters } from './stats-meter.ts'
import { loadStatsPackage, type StatsFile, type StatsPackage } from './stats-package.ts'
import { createStatsSeries } from './stats-series.ts'

/** What the SDK asks itself once a second. */
export interface SdkFigures {
  readonly openCount: number
  readonly droppedCount: number
  readonly waitingCount: number
  readonly swallowedCount: number
}

/** The SDK's stats file and what keeps it up to date. */
export interface SdkStats {
  readonly spanProcessor: SpanProcessor
  readonly logProcessor: LogRecordProcessor
  readonly meters: StatsMeters
  /** Begins to ask for figures, once a second; the timer does not keep the process alive. */
  start(figures: () => SdkFigures): void
  /** Removes the file: what ends in good order leaves nothing behind. */
  shutdown(): void
}

/** Who publishes, and how. */
export interface SdkStatsSettings {
  readonly mmstats: true | StatsPackage
  readonly sessionId: string
  readonly serviceName: string
  /** Gets the values of all instruments as well. */
  readonly meterProvider: MeterProvider | undefined
  readonly onError: (error: unknown) => void
}

const beatMs = 1000
const nameBytes = 128
/** Room for about 700 series of instruments. */
const seriesBytes = 64 * 1024

/** Makes the file. @throws Error if the package is not there or the file cannot be made */
export function createSdkStats(settings: SdkStatsSettings): SdkStats {
  const { mmstats: given, meterProvider: next, onError } = settings
  const mmstats = given === true ? loadStatsPackage() : given
  const fields = createFields(mmstats)
  const file = mmstats.createStats(fields.model, { extraSpace: seriesBytes })
  fields.model.session.value = settings.sessionId
  fields.model.service.value = settings.serviceName
  const { sdk } = fields.model
  const series = createStatsSeries(mmstats, file, () => sdk.series_left_out.increment())
  const meters = createStatsMeters({ series, next, onError })
  let timer: NodeJS.Timeout | undefined
  const onExit = (code: number): void => {
    if (code === 0) close(file, onError)
  }
  process.on('exit', onExit)
  return {
    meters,
    spanProcessor: createSpanProcessor(fields, onError),
    logProcessor: createLogProcessor(fields, onError),
    start: (figures) => {
      const beat = (): void => {
        try {
          show(sdk, figures())
        } catch (error) {
          onError(error)
        }
        meters.observe()
      }
      beat()
      timer = setInterval(beat, beatMs)
      timer.unref()
    },
    shutdown: () => {
      clearInterval(timer)
      process.off('exit', onExit)
      close(file, onError)
    },
  }
}

function close(file: StatsFile, onError: (error: unknown) => void): void {
  try {
    file.remove()
  } catch (error) {
    onError(error)
  }
}

type Fields = ReturnType<typeof createFields>

function createFields(mmstats: StatsPackage) {
  const operation = () => ({
    name: mmstats.string({ size: nameBytes }),
    time: mmstats.double(),
  })
  const [begun, ended] = [operation(), operation()]
  const stuck = {
    kind: mmstats.string({ size: 32 }),
    name: mmstats.string({ size: nameBytes }),
    seconds: mmstats.double(),
    time: mmstats.double(),
  }
  const model = {
    sdk: {
      /** Unix seconds of the last turn of the timer: old where the event loop is held up. */
      beat: mmstats.double(),
      open: mmstats.double(),
      waiting: mmstats.double(),
      dropped: mmstats.double(),
      swallowed: mmstats.double(),
      spans_begun: mmstats.counter(),
      spans_ended: mmstats.counter(),
      series_left_out: mmstats.counter(),
      /** The span that began last. */
      begun: mmstats.record(begun),
      /** The span that ended last. */
      ended: mmstats.record(ended),
      /** What was reported last to be open for too long. */
      stuck: mmstats.record(stuck),
    },
    session: mmstats.string({ label: ATTR_WAYWARD_SESSION_ID, size: 64 }),
    service: mmstats.string({ label: ATTR_SERVICE_NAME, size: nameBytes }),
  }
  return { model, begun, ended, stuck }
}

function show(sdk: Fields['model']['sdk'], figures: SdkFigures): void {
  sdk.beat.value = Date.now() / 1000
  sdk.open.value = figures.openCount
  sdk.waiting.value = figures.waitingCount
  sdk.dropped.value = figures.droppedCount
  sdk.swallowed.value = figures.swallowedCount
}

/** Notes each span as it begins and ends. */
function createSpanProcessor(
  { model, begun, ended }: Fields,
  onError: (error: unknown) => void,
): SpanProcessor {
  const note = (
    record: { update(change: () => void): void },
    parts: Fields['begun'],
    name: string,
  ): void => {
    try {
      record.update(() => {
        parts.name.value = name
        parts.time.value = Date.now() / 1000
      })
    } catch (error) {
      onError(error)
    }
  }
  return {
    onStart: ({ name }) => {
      model.sdk.spans_begun.increment()
      note(model.sdk.begun, begun, name)
    },
    onEnd: ({ name }) => {
      model.sdk.spans_ended.increment()
      note(model.sdk.ended, ended, name)
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
}

/** Notes what is reported to be open for too long: a deadlock has no other sign. */
function createLogProcessor(
  { model, stuck }: Fields,
  onError: (error: unknown) => void,
): LogRecordProcessor {
  return {
    onEmit: ({ eventName, attributes }) => {
      if (eventName !== EVENT_WAYWARD_OPERATION_OPEN) return
      try {
        model.sdk.stuck.update(() => {
          const of = attributes as Attributes
          stuck.kind.value = textOf(of[ATTR_WAYWARD_KIND])
          stuck.name.value = nameOf(of)
          stuck.seconds.value = Number(attributes[ATTR_WAYWARD_OPERATION_AGE] ?? 0) / 1e9
          stuck.time.value = Date.now() / 1000
        })
      } catch (error) {
        onError(error)
      }
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
}

function nameOf(attributes: Attributes): string {
  const keys = [ATTR_WAYWARD_LOCK_NAME, ATTR_WAYWARD_QUEUE_NAME, ATTR_WAYWARD_JOB_NAME]
  const name = keys.map((key) => attributes[key]).find((value) => value !== undefined)
  return textOf(name)
}

function textOf(value: Attributes[string]): string {
  return typeof value === 'string' ? value : ''
}
