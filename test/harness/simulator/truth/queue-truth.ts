// What a queue did within a stretch of time, counted by going through the events one by one.
import type { ItemEnqueued, WorldEvent } from '../event.ts'
import type { SpanOfTime } from './span-of-time.ts'

export interface QueueTruth {
  /** Items enqueued within. */
  readonly arrived: number
  readonly arrivedPerSecond: number
  /** Items whose processing ended within. */
  readonly ended: number
  readonly failed: number
  readonly backlogAtStart: number
  readonly backlogAtEnd: number
  readonly backlogMax: number
  readonly backlogMean: number
  readonly processingAtEnd: number
  readonly processingMax: number
  readonly processingMean: number
  /** Time in which all that waited for waited, summed over items, within the stretch. */
  readonly waitSumNs: number
  readonly processingSumNs: number
  /** Age at the end of the oldest that waits then. */
  readonly oldestWaitingNs: number
  readonly oldestProcessingNs: number
}

interface Selection {
  readonly service: string
  readonly queue: string
}

interface Item {
  readonly enqueuedAt: number
  dequeuedAt: number | undefined
}

export function queueTruth(
  events: readonly WorldEvent[],
  { service, queue }: Selection,
  within: SpanOfTime,
): QueueTruth {
  const waiting = new Map<number, Item>()
  const processing = new Map<number, Item>()
  const counts = { arrived: 0, ended: 0, failed: 0 }
  let [backlogMax, processingMax, waitSumNs, processingSumNs] = [0, 0, 0, 0]
  let backlogAtStart = 0
  let at = within.from
  /** Nothing changes from the last event to this time. */
  const passTo = (time: number): void => {
    const until = Math.min(time, within.to)
    if (until <= at) return
    if (at === within.from) backlogAtStart = waiting.size
    waitSumNs += waiting.size * (until - at)
    processingSumNs += processing.size * (until - at)
    backlogMax = Math.max(backlogMax, waiting.size)
    processingMax = Math.max(processingMax, processing.size)
    at = until
  }
  const isOurs = (event: ItemEnqueued): boolean =>
    event.queue.name === queue && event.task.process.service === service
  for (const event of events) {
    if (event.at >= within.to) break
    passTo(event.at)
    const isWithin = event.at >= within.from
    if (event.kind === 'item enqueued' && isOurs(event)) {
      waiting.set(event.operation, { enqueuedAt: event.at, dequeuedAt: undefined })
      if (isWithin) counts.arrived++
    }
    const item = waiting.get(event.operation) ?? processing.get(event.operation)
    if (item === undefined) continue
    if (event.kind === 'item dequeued') {
      waiting.delete(event.operation)
      processing.set(event.operation, { ...item, dequeuedAt: event.at })
    }
    if (event.kind === 'item ended') {
      processing.delete(event.operation)
      if (isWithin) counts.ended++
      if (isWithin && event.result === 'failed') counts.failed++
    }
  }
  passTo(within.to)
  const lengthNs = within.to - within.from
  const ages = (times: readonly number[]): number => within.to - Math.min(within.to, ...times)
  return {
    ...counts,
    arrivedPerSecond: counts.arrived / (lengthNs / 1e9),
    backlogAtStart,
    backlogAtEnd: waiting.size,
    backlogMax,
    backlogMean: waitSumNs / lengthNs,
    processingAtEnd: processing.size,
    processingMax,
    processingMean: processingSumNs / lengthNs,
    waitSumNs,
    processingSumNs,
    oldestWaitingNs: ages([...waiting.values()].map(({ enqueuedAt }) => enqueuedAt)),
    oldestProcessingNs: ages(
      [...processing.values()].map(({ dequeuedAt }) => dequeuedAt ?? within.to),
    ),
  }
}
