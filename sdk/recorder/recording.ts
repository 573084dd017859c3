// Puts a recorder in the place of the spans that a thread's reports would become, and sees to it
// that what is recorded is sent, also at an end that can be seen coming.
import {
  type Area,
  areaBytes,
  areaCell,
  areaCount,
  areaState,
  AttributeWriter,
  countRecorded,
  countUnread,
  createMemory,
  layoutVersion,
  type Memory,
  openMemory,
  processCell,
  takeArea,
} from '@wayward/record'
import { readlinkSync } from 'node:fs'
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads'
import { diag } from '@opentelemetry/api'
import { getStringFromEnv } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import { ProtobufWriter } from '@wayward/otlp'
import { ATTR_SERVICE_NAME } from '@wayward/semconv'
import type { Pipeline } from '../emit/pipeline.ts'
import { areTracesSampled, isExported, queueLimits } from '../process/environment.ts'
import type { ProcessState } from '../process/process-state.ts'
import type { RegisterOptions } from '../register-options.ts'
import { type Core, tellCounts } from '../report/core.ts'
import { defaultSnapshotSettings } from '../report/open-operations.ts'
import { packageVersion } from '../version.ts'
import type { ControlSettings } from './control-poller.ts'
import { DetailBook, detailSource } from './detail-book.ts'
import { type Details, parseDetails, wantedDetail, parseDetail } from './detail.ts'
import { drainElsewhere, type DrainThread, startDrain } from './drain-thread.ts'
import type { DrainSettings } from './drain.ts'
import { sendAtExit } from './end-signals.ts'
import {
  createFlightFile,
  type FlightFile,
  placeOf,
  removeFlight,
  reserveArea,
} from './flight-recorder.ts'
import { followRecorded } from './recorded-operations.ts'
import { Recorder } from './recorder.ts'

/** What is recorded, as a way out beside those of spans and log records. */
export interface Recording extends Pipeline {
  /** Spans and events that were lost. */
  readonly droppedCount: number
  /** Operations that were told one by one, and those that others stand for. */
  readonly counts: { readonly recorded: number; readonly thinned: number }
  /** Replaces what the process says of how much is told. */
  setDetails(details: Details): void
}

/** Another copy of the SDK may be of a version that lays it out otherwise. */
const environmentKey = `wayward.recorder.${layoutVersion}`
/** `Resource.attributes` of opentelemetry/proto/resource/v1/resource.proto. */
const resourceAttributesField = 1

/** What worker threads inherit. */
type Shared = {
  readonly pid: number
  readonly control: SharedArrayBuffer
  /** Without it they are in the file. */
  readonly areas: SharedArrayBuffer | undefined
  readonly file: FlightFile | undefined
}

export interface RecordingSettings {
  readonly state: ProcessState
  readonly resource: Resource
  readonly scopeName: string
  readonly options: RegisterOptions
}

/** Whether what is reported can go past OpenTelemetry's processors and exporters. */
export function canRecord(options: RegisterOptions): boolean {
  const { spanExporter, logExporter, spanProcessors = [] } = options
  const goesElsewhere =
    spanExporter !== undefined || logExporter !== undefined || spanProcessors.length > 0
  return !goesElsewhere && isExported('TRACES') && isExported('LOGS')
}

/** @returns undefined where too many threads record already */
export function startRecording(core: Core, settings: RecordingSettings): Recording | undefined {
  const { state, options } = settings
  const shared = inherit()
  const flight = shared === undefined ? createFile(settings) : undefined
  const memory = shared === undefined ? createMemory(flight?.areas) : openShared(shared)
  const area = take(memory, shared?.file)
  if (area === undefined) return undefined
  const drain: DrainThread =
    shared === undefined
      ? startDrain(memory, state, drainSettings(settings, flight?.file))
      : drainElsewhere(memory)
  if (shared === undefined) share(memory, flight?.file)
  const book = new DetailBook(memory)
  if (shared === undefined) setFirstDetails(book, options.detail)
  const recorder = installRecorder(core, area, book, drain)
  const countWaiting = (): number => {
    const { header } = area
    const isUnread = Atomics.load(header, areaCell.head) !== Atomics.load(header, areaCell.tail)
    return Atomics.load(memory.header, processCell.unsent) + (isUnread ? 1 : 0)
  }
  // All was sent: there is nothing to be read in it that is not in the store.
  const removeFile = (): void => {
    if (flight !== undefined && countWaiting() === 0) removeFlight(flight.file)
  }
  const close = (): void => recorder.close()
  const letGo = sendAtExit(close, () => {
    tellCounts(core, true)
    // Of what is open an end may have to be told.
    if (countWaiting() + recorder.openCount === 0) return removeFile()
    recorder.close()
    const timeoutMs = Math.min(lastWordsMsMax, options.exitFlushMsMax ?? lastWordsMsMax)
    if (drain.flushNow(timeoutMs)) removeFile()
  })
  let isAbandoned = false
  return {
    isTaken: true,
    get waitingCount() {
      return countWaiting()
    },
    get droppedCount() {
      const { header } = memory
      const dropped = Atomics.load(header, processCell.dropped)
      if (!isAbandoned) return dropped
      // Whoever reads it may be too busy to say what it has given up.
      const isCounted = Atomics.load(header, processCell.isGivenUp) === 1
      const unsent = isCounted ? 0 : Atomics.load(header, processCell.unsent)
      return dropped + unsent + countUnread(area)
    },
    get counts() {
      return countRecorded(memory)
    },
    setDetails(details) {
      book.set(detailSource.process, checkDetails(details))
    },
    forceFlush: () => drain.flush(),
    async shutdown() {
      letGo()
      recorder.close()
      await drain.shutdown()
      removeFile()
    },
    abandon() {
      isAbandoned = true
      drain.abandon()
    },
  }
}

/** Puts a recorder in the place of the spans that a thread's reports would become. */
function installRecorder(core: Core, area: Area, rules: DetailBook, drain: DrainThread): Recorder {
  const recorder = new Recorder({
    area,
    spans: core.emitter,
    rules,
    areZonesSampled: areTracesSampled(),
    onTextsFull: warnOfTexts,
  })
  openArea(area)
  core.emitter = recorder
  core.open = followRecorded(recorder, core.open, drain)
  return recorder
}

/** Longest time that a process which ends is kept from its end. */
const lastWordsMsMax = 2000

function warnOfTexts(): void {
  diag.warn(
    'Too many different names of locks, queues and zones are reported: new ones are called "(other)"',
  )
}

/** What the code says goes before what the environment says. */
function setFirstDetails(book: DetailBook, given: Details = {}): void {
  const { details, problems } = parseDetails(getStringFromEnv('WAYWARD_DETAIL') ?? '')
  for (const problem of problems) diag.warn(`Cannot use a part of WAYWARD_DETAIL: ${problem}`)
  try {
    book.set(detailSource.process, { ...details, ...checkDetails(given) })
  } catch (error) {
    diag.warn('Cannot use the details of classes that were given', error)
  }
}

/** @throws TypeError if one of them is no detail */
function checkDetails(details: Details): Details {
  for (const [pattern, detail] of Object.entries(details)) {
    if (parseDetail(detail) === undefined) {
      throw new TypeError(`Cannot set the detail "${detail}" of "${pattern}": ${wantedDetail}`)
    }
  }
  return details
}

/** Whom to ask what is wanted, where that is said in the code or the environment. */
function controlSettings({
  state,
  resource,
  options,
}: RecordingSettings): ControlSettings | undefined {
  const url = options.control?.url ?? getStringFromEnv('WAYWARD_CONTROL_URL')
  if (url === undefined) return undefined
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    diag.warn(`Cannot ask "${url}" for settings: an http:// or https:// address is wanted`)
    return undefined
  }
  const token = options.control?.token ?? getStringFromEnv('WAYWARD_API_TOKEN')
  return {
    ...options.control,
    url,
    ...(token === undefined ? {} : { token }),
    id: state.sessionId.slice(0, 64),
    serviceName: String(resource.attributes[ATTR_SERVICE_NAME] ?? ''),
    version: packageVersion,
  }
}

function drainSettings(settings: RecordingSettings, file: FlightFile | undefined): DrainSettings {
  const { resource, scopeName, options } = settings
  return {
    resource: encodeResource(resource),
    scopeName,
    endpoint: options.endpoint,
    spanLimits: queueLimits('OTEL_BSP'),
    logLimits: queueLimits('OTEL_BLRP'),
    snapshots: { ...defaultSnapshotSettings, ...options.snapshots },
    control: controlSettings(settings),
    file,
  }
}

function encodeResource({ attributes }: Resource): Uint8Array {
  const writer = new ProtobufWriter()
  const attributeWriter = new AttributeWriter(writer)
  attributeWriter.field = resourceAttributesField
  for (const [key, value] of Object.entries(attributes)) attributeWriter.any(key, value)
  return writer.toBytes()
}

function inherit(): Shared | undefined {
  const data = getEnvironmentData(environmentKey) as unknown as Shared | undefined
  // Memory of another process cannot be meant: a forked process starts again.
  if (data?.pid !== process.pid) return undefined
  // Nor memory that nobody reads any more, as after the main thread's shutdown().
  const isGone = Atomics.load(new Int32Array(data.control), processCell.isGone) === 1
  return isGone ? undefined : data
}

function share(memory: Memory, file: FlightFile | undefined): void {
  const { buffer } = memory.areas
  const areas = buffer instanceof SharedArrayBuffer ? buffer : undefined
  const shared: Shared = { pid: process.pid, control: memory.control, areas, file }
  setEnvironmentData(environmentKey, shared)
}

function openShared({ control, areas, file }: Shared): Memory {
  return openMemory(control, placeOf(areas, file))
}

/** @param file of another thread, in which an area has its place on the disk once it is taken */
function take(memory: Memory, file: FlightFile | undefined): Area | undefined {
  const area = takeArea(memory)
  const isMapped = file?.mode === 'mapped'
  if (area === undefined) {
    diag.warn(
      `Cannot record this thread: ${areaCount} threads record already. It reports spans instead`,
    )
  } else if (isMapped) {
    try {
      reserveArea(file, (area.header.byteOffset - memory.areas.start) / areaBytes)
    } catch (error) {
      diag.warn('Cannot record this thread in the flight recorder; it reports spans instead', error)
      Atomics.store(area.header, areaCell.state, areaState.free)
      return undefined
    }
  }
  return area
}

/** The file of the flight recorder, where it is wanted and can be made. */
function createFile({
  state,
  resource,
  scopeName,
  options,
}: RecordingSettings): ReturnType<typeof createFlightFile> | undefined {
  const folder = options.flightRecorder ?? getStringFromEnv('WAYWARD_FLIGHT_RECORDER')
  if (folder === undefined || folder === '') return undefined
  try {
    return createFlightFile(folder, {
      sessionId: state.sessionId,
      serviceName: String(resource.attributes[ATTR_SERVICE_NAME] ?? ''),
      snapshotNs: { ...defaultSnapshotSettings, ...options.snapshots }.intervalMs * 1e6,
      resource: Buffer.from(encodeResource(resource)).toString('base64'),
      scopeName,
    })
  } catch (error) {
    diag.warn(`Cannot make a file of the flight recorder in "${folder}"; it goes on without`, error)
    return undefined
  }
}

function openArea({ header }: Area): void {
  header[areaCell.threadId] = threadId
  header[areaCell.systemThreadId] = systemThreadId()
  Atomics.store(header, areaCell.state, areaState.recording)
}

/** Linux says it in a link's name, `<pid>/task/<thread>`. */
function systemThreadId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1)) || 0
  } catch {
    return 0
  }
}
