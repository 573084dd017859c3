import type { Context, HrTime } from '@opentelemetry/api'
import { type LogAttributes, type LogRecord, SeverityNumber } from '@opentelemetry/api-logs'
import {
  ATTR_THREAD_ID,
  ATTR_THREAD_NAME,
  ATTR_WAYWARD_CLOCK_SHIFT,
  ATTR_WAYWARD_CONTEXT_CHAIN,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_MISUSE_ASKED_SITE,
  ATTR_WAYWARD_LOCK_MISUSE_COUNT,
  ATTR_WAYWARD_LOCK_MISUSE_OWNER,
  ATTR_WAYWARD_LOCK_MISUSE_RULE,
  ATTR_WAYWARD_LOCK_MISUSE_SITE,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_LOCK_ORDER_COUNT,
  ATTR_WAYWARD_LOCK_ORDER_GATES,
  ATTR_WAYWARD_LOCK_ORDER_HELD_NAME,
  ATTR_WAYWARD_LOCK_ORDER_HELD_SHARED,
  ATTR_WAYWARD_LOCK_ORDER_HELD_SITE,
  ATTR_WAYWARD_LOCK_ORDER_HELD_TYPE,
  ATTR_WAYWARD_LOCK_ORDER_SHARED,
  ATTR_WAYWARD_LOCK_ORDER_SITE,
  ATTR_WAYWARD_LOCK_ORDER_TASKS,
  ATTR_WAYWARD_LOCK_TYPE,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_OPERATION_END_REASON,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL,
  ATTR_WAYWARD_OPERATION_START_TIME,
  ATTR_WAYWARD_SESSION_UPTIME,
  ATTR_WAYWARD_TASK_ID,
  ATTR_WAYWARD_TASK_NAME,
  EVENT_WAYWARD_CLOCK_STEP,
  EVENT_WAYWARD_EVENTS_DROPPED,
  EVENT_WAYWARD_LOCK_MISUSE,
  EVENT_WAYWARD_LOCK_ORDER,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
} from '@wayward/semconv'
import { textOfSite } from '@wayward/record'
import { toRfc3339 } from '../process/clock.ts'
import type {
  ClockStepEvent,
  LockMisuseEvent,
  LockOrderEvent,
  LogEvent,
  LossEvent,
  OperationEvent,
  ReportedEvent,
} from '../report/operation.ts'
import { reportingThread } from '../report/thread.ts'
import { attributesOf } from './span-attributes.ts'

/** An event as a log record of OpenTelemetry, with the span of `at`. */
export function toLogRecord(event: ReportedEvent, at: Context | undefined): LogRecord {
  const time: HrTime = [event.seconds, event.ns]
  return {
    ...contentOf(event),
    timestamp: time,
    observedTimestamp: time,
    ...(at === undefined ? {} : { context: at }),
  }
}

function contentOf(event: ReportedEvent): LogRecord {
  const { kind } = event
  if (kind === 'clock_step') {
    return named(EVENT_WAYWARD_CLOCK_STEP, SeverityNumber.INFO, clockAttributes(event))
  }
  if (kind === 'loss') {
    return named(EVENT_WAYWARD_EVENTS_DROPPED, SeverityNumber.WARN, lossAttributes(event))
  }
  if (kind === 'lock_order') {
    return named(EVENT_WAYWARD_LOCK_ORDER, SeverityNumber.INFO, lockOrderAttributes(event))
  }
  if (kind === 'lock_misuse') {
    return named(EVENT_WAYWARD_LOCK_MISUSE, SeverityNumber.WARN, lockMisuseAttributes(event))
  }
  if (kind === 'log') {
    return {
      body: event.body,
      severityNumber: event.severity,
      severityText: severityTexts[Math.floor((event.severity - 1) / 4)] ?? 'INFO',
      attributes: logAttributes(event),
    }
  }
  const name =
    kind === 'operation_open' ? EVENT_WAYWARD_OPERATION_OPEN : EVENT_WAYWARD_OPERATION_ENDED
  return named(name, SeverityNumber.INFO, operationAttributes(event))
}

function named(
  eventName: string,
  severityNumber: SeverityNumber,
  attributes: LogAttributes,
): LogRecord {
  return { eventName, severityNumber, attributes }
}

function operationAttributes(event: OperationEvent): LogAttributes {
  const { operation, intervalNs, reason } = event
  return {
    ...attributesOf(operation),
    [ATTR_WAYWARD_EVENT_SEQUENCE]: event.sequence,
    [ATTR_WAYWARD_OPERATION_SEQUENCE]: operation.sequence,
    [ATTR_WAYWARD_OPERATION_START_TIME]: toRfc3339([operation.startSeconds, operation.startNs]),
    [ATTR_WAYWARD_OPERATION_AGE]: event.ageNs,
    ...(intervalNs === undefined ? {} : { [ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL]: intervalNs }),
    [ATTR_WAYWARD_SESSION_UPTIME]: event.uptimeNs,
    ...(reason === undefined ? {} : { [ATTR_WAYWARD_OPERATION_END_REASON]: reason }),
  }
}

function clockAttributes(event: ClockStepEvent): LogAttributes {
  return {
    [ATTR_WAYWARD_EVENT_SEQUENCE]: event.sequence,
    [ATTR_WAYWARD_CLOCK_SHIFT]: event.shiftNs,
    [ATTR_WAYWARD_SESSION_UPTIME]: event.uptimeNs,
  }
}

function lossAttributes(event: LossEvent): LogAttributes {
  const { firstSequence: first, lastSequence: last, endedCount } = event
  return {
    ...(first === undefined ? {} : { [ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE]: first }),
    ...(last === undefined ? {} : { [ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE]: last }),
    ...(endedCount === 0 ? {} : { [ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT]: endedCount }),
    [ATTR_WAYWARD_EVENT_SEQUENCE]: event.sequence,
    [ATTR_WAYWARD_EVENTS_DROPPED_COUNT]: event.count,
    [ATTR_WAYWARD_EVENTS_DROPPED_REASON]: event.reason,
  }
}

function lockOrderAttributes({ order, sequence, times }: LockOrderEvent): LogAttributes {
  const { asked, askedSite, askedType, firstTask, held, heldSite, heldType, otherTask } = order
  const attributes: LogAttributes = {
    [ATTR_WAYWARD_EVENT_SEQUENCE]: sequence,
    [ATTR_THREAD_ID]: reportingThread.id,
    [ATTR_THREAD_NAME]: reportingThread.name,
    [ATTR_WAYWARD_LOCK_NAME]: asked,
    [ATTR_WAYWARD_LOCK_TYPE]: askedType,
    [ATTR_WAYWARD_LOCK_ORDER_HELD_NAME]: held,
    [ATTR_WAYWARD_LOCK_ORDER_HELD_TYPE]: heldType,
    [ATTR_WAYWARD_LOCK_ORDER_COUNT]: times,
    [ATTR_WAYWARD_LOCK_ORDER_TASKS]: [firstTask, otherTask].filter(Boolean).map(String),
    [ATTR_WAYWARD_LOCK_ORDER_GATES]: [...order.gates],
    [ATTR_WAYWARD_LOCK_ORDER_SHARED]: !order.isAskedAlone,
    [ATTR_WAYWARD_LOCK_ORDER_HELD_SHARED]: !order.isHeldAlone,
  }
  if (askedSite !== '') attributes[ATTR_WAYWARD_LOCK_ORDER_SITE] = textOfSite(askedSite)
  if (heldSite !== '') attributes[ATTR_WAYWARD_LOCK_ORDER_HELD_SITE] = textOfSite(heldSite)
  return attributes
}

function lockMisuseAttributes({ misuse, sequence, times }: LockMisuseEvent): LogAttributes {
  const { ownerTask, actorTask, askedSite, site } = misuse
  const attributes: LogAttributes = {
    [ATTR_WAYWARD_EVENT_SEQUENCE]: sequence,
    [ATTR_THREAD_ID]: reportingThread.id,
    [ATTR_THREAD_NAME]: reportingThread.name,
    [ATTR_WAYWARD_LOCK_ID]: misuse.lockId,
    [ATTR_WAYWARD_LOCK_NAME]: misuse.lockName,
    [ATTR_WAYWARD_LOCK_TYPE]: misuse.lockType,
    [ATTR_WAYWARD_LOCK_MISUSE_RULE]: misuse.rule,
    [ATTR_WAYWARD_LOCK_MISUSE_COUNT]: times,
  }
  if (ownerTask !== 0) attributes[ATTR_WAYWARD_LOCK_MISUSE_OWNER] = String(ownerTask)
  if (actorTask !== 0) attributes[ATTR_WAYWARD_TASK_ID] = String(actorTask)
  if (site !== '') attributes[ATTR_WAYWARD_LOCK_MISUSE_SITE] = textOfSite(site)
  if (askedSite !== '') attributes[ATTR_WAYWARD_LOCK_MISUSE_ASKED_SITE] = textOfSite(askedSite)
  return attributes
}

function logAttributes(event: LogEvent): LogAttributes {
  const attributes: LogAttributes = {
    ...event.attributes,
    [ATTR_WAYWARD_EVENT_SEQUENCE]: event.sequence,
    [ATTR_THREAD_ID]: reportingThread.id,
    [ATTR_THREAD_NAME]: reportingThread.name,
    [ATTR_WAYWARD_TASK_ID]: String(event.taskNumber),
  }
  if (event.taskName !== undefined) attributes[ATTR_WAYWARD_TASK_NAME] = event.taskName
  if (event.chain.length > 0) attributes[ATTR_WAYWARD_CONTEXT_CHAIN] = [...event.chain]
  return attributes
}

const severityTexts = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
