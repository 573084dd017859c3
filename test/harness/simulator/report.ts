// What the processes of a world send to a collector: OTLP requests, with what gets lost or comes
// twice on the way.
import {
  encode,
  exportLogsRequest,
  exportTraceRequest,
  type KeyValue,
  type LogRecord,
  type Span,
} from '@wayward/otlp'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  ATTR_WAYWARD_SESSION_ID,
  EVENT_WAYWARD_EVENTS_DROPPED,
} from '@wayward/semconv'
import { toKeyValues } from './attributes.ts'
import { createDice, type Dice } from './dice.ts'
import { ms, seconds } from './duration.ts'
import type { ProcessInfo, WorldEvent } from './event.ts'
import { createSdkView, type SdkView, type SentLog, type SentSpan } from './sdk-view.ts'
import type { World } from './world.ts'

export interface ReportSettings {
  readonly snapshots?: Partial<SnapshotRules>
  /** Share of the traces that a sampler keeps. @default 1 */
  readonly sampledShare?: number
  /** Share of the spans that are dropped. @default 0 */
  readonly droppedShare?: number
  /** Whether the process says how many it dropped. @default true */
  readonly tellsDropped?: boolean
  /** Share of the spans that come twice, in another request. @default 0 */
  readonly repeatedShare?: number
  /** Operations of which neither the span nor the end is sent. */
  readonly losesEndOf?: (operation: number) => boolean
  /** Whether resources have ids of session and instance. @default true */
  readonly hasIdentity?: boolean
}

interface SnapshotRules {
  readonly intervalNs: number
  readonly thresholdNs: number
  /** Largest number told at a time, the oldest first. */
  readonly operationsMax: number
  /**
   * Every snapshot, as the SDK makes them; otherwise the first two and the last two of an
   * operation, which is what the store keeps of them anyway.
   */
  readonly isWhole: boolean
}

const defaultSnapshots: SnapshotRules = {
  intervalNs: seconds(1),
  thresholdNs: seconds(1),
  operationsMax: 1000,
  isWhole: false,
}

/** Requests as bytes, by signal. */
export interface WorldReport {
  readonly traces: readonly Uint8Array[]
  readonly logs: readonly Uint8Array[]
}

/** What a killed process had not sent yet. */
const unsentNs = seconds(1)
const itemsPerRequest = 512

/** All that the world's processes have sent until now. */
export function reportWorld(world: World, settings: ReportSettings = {}): WorldReport {
  const traces: Uint8Array[] = []
  const logs: Uint8Array[] = []
  const eventsOf = eventsByProcess(world)
  const salt = world.dice.below(2 ** 32)
  for (const { info } of world.processes) {
    const view = createSdkView({ process: info, startNs: world.startNs, salt })
    observe(view, info, eventsOf.get(info) ?? [], world.now, settings)
    const dice = createDice(salt ^ info.number)
    const { spans, dropped } = survivingSpans(view.spans, info, settings, dice)
    const records = survivingLogs(view.logs, info, settings).map(({ record }) => record)
    if (dropped.length > 0 && settings.tellsDropped !== false) {
      records.push(lossRecord(view, dropped, info.endedAt ?? world.now))
    }
    const resource = { attributes: resourceOf(info, settings.hasIdentity ?? true) }
    for (const some of chunksOf(spans)) {
      const request = { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: some }] }] }
      traces.push(encode(exportTraceRequest, request))
    }
    for (const logRecords of chunksOf(records)) {
      const request = { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] }
      logs.push(encode(exportLogsRequest, request))
    }
  }
  return { traces, logs }
}

const scope = { name: '@wayward/sdk', version: '0.1.0' }

function eventsByProcess(world: World): Map<ProcessInfo, WorldEvent[]> {
  const processOf = new Map<number, ProcessInfo>()
  const events = new Map<ProcessInfo, WorldEvent[]>()
  for (const event of world.events) {
    const process = processOfEvent(event) ?? processOf.get(event.operation)
    if (process === undefined) continue
    processOf.set(event.operation, process)
    if (event.kind === 'lock granted') processOf.set(event.hold, process)
    const known = events.get(process)
    if (known === undefined) events.set(process, [event])
    else known.push(event)
  }
  return events
}

function processOfEvent(event: WorldEvent): ProcessInfo | undefined {
  if ('task' in event) return event.task.process
  return 'process' in event ? event.process : undefined
}

/** Shows the SDK what happens in its process, and lets its timer tick. */
function observe(
  view: SdkView,
  process: ProcessInfo,
  events: readonly WorldEvent[],
  now: number,
  settings: ReportSettings,
): void {
  const rules = { ...defaultSnapshots, ...settings.snapshots }
  const untilAt = process.endedAt ?? now
  const ticks = snapshotTicks(events, process.startedAt, untilAt, rules)
  let next = 0
  for (const event of events) {
    for (let tick = ticks[next]; tick !== undefined && tick.at < event.at; tick = ticks[++next]) {
      view.snapshot(tick.operation, tick.at)
    }
    if (event.at <= untilAt) view.handle(event)
  }
  for (const tick of ticks.slice(next)) view.snapshot(tick.operation, tick.at)
}

interface Tick {
  readonly at: number
  readonly operation: number
  readonly startAt: number
}

/** When which open operation is told, in the order of time and, within a tick, of age. */
function snapshotTicks(
  events: readonly WorldEvent[],
  startedAt: number,
  untilAt: number,
  rules: SnapshotRules,
): Tick[] {
  const { intervalNs, thresholdNs, isWhole } = rules
  const ticks: Tick[] = []
  for (const { operation, startAt, endAt } of openTimes(events, untilAt)) {
    const first = Math.ceil((startAt + thresholdNs - startedAt) / intervalNs)
    const last = Math.ceil((endAt - startedAt) / intervalNs) - 1
    for (let number = first; number <= last; number++) {
      if (!isWhole && number === first + 2) number = Math.max(number, last - 1)
      ticks.push({ at: startedAt + number * intervalNs, operation, startAt })
    }
  }
  ticks.sort((a, b) => a.at - b.at || a.startAt - b.startAt || a.operation - b.operation)
  return withinLimit(ticks, rules.operationsMax)
}

function withinLimit(ticks: readonly Tick[], operationsMax: number): Tick[] {
  let at = -1
  let told = 0
  return ticks.filter((tick) => {
    told = tick.at === at ? told + 1 : 1
    at = tick.at
    return told <= operationsMax
  })
}

interface OpenTime {
  readonly operation: number
  readonly startAt: number
  readonly endAt: number
}

/** From when to when operations are open; an item's wait and its processing are two. */
function openTimes(events: readonly WorldEvent[], untilAt: number): OpenTime[] {
  const starts = new Map<number, number>()
  const times: OpenTime[] = []
  for (const { kind, operation, at, ...event } of events) {
    if (kind === 'run due' || kind === 'span started' || kind === 'span ended') continue
    const startAt = starts.get(operation)
    if (startAt !== undefined) {
      times.push({ operation, startAt, endAt: at })
      starts.delete(operation)
    }
    if ('parent' in event || kind === 'item dequeued') starts.set(operation, at)
    if ('hold' in event) starts.set(event.hold, at)
  }
  for (const [operation, startAt] of starts) times.push({ operation, startAt, endAt: untilAt })
  return times
}

function survivingSpans(
  sent: readonly SentSpan[],
  process: ProcessInfo,
  settings: ReportSettings,
  dice: Dice,
): { readonly spans: Span[]; readonly dropped: SentSpan[] } {
  const { sampledShare = 1, droppedShare = 0, repeatedShare = 0, losesEndOf } = settings
  const spans: Span[] = []
  const dropped: SentSpan[] = []
  const repeated: Span[] = []
  for (const one of sent) {
    if (isUnsent(one.at, process) || losesEndOf?.(one.operation) === true) continue
    if (!isSampled(one.root, sampledShare)) continue
    if (dice.chance(droppedShare)) {
      dropped.push(one)
      continue
    }
    spans.push(one.span)
    if (dice.chance(repeatedShare)) repeated.push(one.span)
  }
  return { spans: [...spans, ...repeated], dropped }
}

function survivingLogs(
  sent: readonly SentLog[],
  process: ProcessInfo,
  { losesEndOf }: ReportSettings,
): SentLog[] {
  return sent.filter(
    ({ at, operation, record }) =>
      !isUnsent(at, process) &&
      (record.eventName?.endsWith('ended') !== true || losesEndOf?.(operation) !== true),
  )
}

function isUnsent(at: number, process: ProcessInfo): boolean {
  return process.isDead && process.endedAt !== undefined && at > process.endedAt - unsentNs
}

/** As samplers do it: all of a trace or nothing of it. */
function isSampled(root: number, share: number): boolean {
  return ((root * 2_654_435_761) % 2 ** 32) / 2 ** 32 < share
}

function lossRecord(view: SdkView, dropped: readonly SentSpan[], at: number): LogRecord {
  const numbers = dropped.map(({ sequence }) => sequence).filter((number) => number > 0)
  const time = view.toUnixNano(at - ms(1))
  return {
    eventName: EVENT_WAYWARD_EVENTS_DROPPED,
    severityNumber: 13,
    timeUnixNano: time,
    observedTimeUnixNano: time,
    attributes: toKeyValues({
      [ATTR_WAYWARD_EVENT_SEQUENCE]: view.nextSequence(),
      [ATTR_WAYWARD_EVENTS_DROPPED_COUNT]: dropped.length,
      [ATTR_WAYWARD_EVENTS_DROPPED_REASON]: 'queue_full',
      [ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE]: Math.min(...numbers),
      [ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE]: Math.max(...numbers),
    }),
  }
}

function resourceOf(process: ProcessInfo, hasIdentity: boolean): KeyValue[] {
  return toKeyValues({
    [ATTR_SERVICE_NAME]: process.service,
    [ATTR_HOST_NAME]: process.host,
    [ATTR_PROCESS_PID]: process.pid,
    [ATTR_SERVICE_INSTANCE_ID]: hasIdentity ? process.session : undefined,
    [ATTR_WAYWARD_SESSION_ID]: hasIdentity ? process.session : undefined,
  })
}

function chunksOf<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = []
  for (let start = 0; start < items.length; start += itemsPerRequest) {
    chunks.push(items.slice(start, start + itemsPerRequest))
  }
  return chunks
}
