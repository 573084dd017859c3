// What was lost on the way to the collector: counted, with the range of sequence numbers, and told
// as an event, because nothing else would show it.
import { type Logger, SeverityNumber } from '@opentelemetry/api-logs'
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  EVENT_WAYWARD_EVENTS_DROPPED,
  EVENT_WAYWARD_OPERATION_ENDED,
} from '@wayward/semconv'
import type { Clock } from '../process/clock.ts'

interface Loss {
  count: number
  /** Ends of operations that were reported as open. */
  endedCount: number
  first: number
  last: number
}

/** A span or an event. */
interface Dropped {
  readonly attributes: object
  readonly eventName?: string | undefined
}

/** Counts what was dropped and tells it. */
export interface LossReport {
  add(reason: string, item: Dropped): void
  /** All that was dropped so far. */
  readonly count: number
  /** Emits one event per reason for what came since the last call. */
  tell(logger: Logger, clock: Clock, nextSequence: () => number): void
}

export function createLossReport(): LossReport {
  const losses = new Map<string, Loss>()
  let count = 0
  return {
    get count() {
      return count
    },
    add(reason, item) {
      count++
      let loss = losses.get(reason)
      if (loss === undefined) {
        loss = { count: 0, endedCount: 0, first: Number.POSITIVE_INFINITY, last: 0 }
        losses.set(reason, loss)
      }
      loss.count++
      if (item.eventName === EVENT_WAYWARD_OPERATION_ENDED) loss.endedCount++
      const sequence = (item.attributes as Record<string, unknown>)[ATTR_WAYWARD_EVENT_SEQUENCE]
      if (typeof sequence !== 'number') return
      loss.first = Math.min(loss.first, sequence)
      loss.last = Math.max(loss.last, sequence)
    },
    tell(logger, clock, nextSequence) {
      for (const [reason, loss] of losses) {
        losses.delete(reason)
        const time = clock.now()
        const range =
          loss.last === 0
            ? {}
            : {
                [ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE]: loss.first,
                [ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE]: loss.last,
              }
        logger.emit({
          eventName: EVENT_WAYWARD_EVENTS_DROPPED,
          severityNumber: SeverityNumber.WARN,
          timestamp: time,
          observedTimestamp: time,
          attributes: {
            ...range,
            ...(loss.endedCount === 0
              ? {}
              : { [ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT]: loss.endedCount }),
            [ATTR_WAYWARD_EVENT_SEQUENCE]: nextSequence(),
            [ATTR_WAYWARD_EVENTS_DROPPED_COUNT]: loss.count,
            [ATTR_WAYWARD_EVENTS_DROPPED_REASON]: reason,
          },
        })
      }
    },
  }
}
