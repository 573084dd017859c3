import { WAYWARD_KIND_VALUE_QUEUE_ITEM } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { QueueDelayRow } from '../../generated/rows.ts'
import { lastKnown } from '../../last-known.ts'
import { counted, formatDuration, formatFraction, threeDigits } from '../../quantity.ts'

/** Do items wait for longer than they should, and why? */
export const queueDelay: Analyzer<QueueDelayRow> = {
  name: 'queue-delay',
  subject: 'queue',
  sql: new URL('./queue-delay.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_QUEUE_ITEM)],
  parameters: {},
  toFinding(row) {
    return worthTelling({
      severity: row.severity,
      subject: row.queue_name,
      service: row.service,
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution: solutionOf(row),
      exemplars: exemplarsOf([
        {
          label: `in processing (item ${row.held_item_id})`,
          traceId: row.held_trace_id,
          spanId: row.held_span_id,
        },
        {
          label: `longest wait (item ${row.worst_item_id})`,
          traceId: row.worst_trace_id,
          spanId: row.worst_span_id,
        },
      ]),
    })
  },
}

function summaryOf(row: QueueDelayRow): string {
  const waits =
    `waited ${formatDuration(row.wait_p50_ns)} (median; p95 ${formatDuration(row.wait_p95_ns)}, longest ` +
    `${formatDuration(row.wait_max_ns)}) for ${formatDuration(row.processing_p50_ns)} of processing (median)`
  const parts = [`${nameOf('Items of queue', row.queue_name, row.service)} ${waits}`]
  if (row.backlog_end > 0) parts.push(waitingOf(row))
  if (row.stalled_ns > 0) {
    parts.push(`nothing was taken or done for ${formatDuration(row.stalled_ns)} while they waited`)
  }
  if (row.cause === 'hung' || row.cause === 'slow_item') parts.push(heldOf(row))
  parts.push(...failuresOf(row))
  return parts.join('; ')
}

function waitingOf({ backlog_end: count, ...row }: QueueDelayRow): string {
  const age = formatDuration(row.oldest_age_ns)
  return lastKnown(row.oldest_as_of, {
    now: `${count} still ${count === 1 ? 'waits' : 'wait'}, the oldest for ${age}`,
    past: `${count} had not been taken, the oldest after ${age}`,
  })
}

function heldOf(row: QueueDelayRow): string {
  if (row.still_processing === 0) {
    return `one item took ${formatDuration(row.processing_max_ns)} to process`
  }
  const age = formatDuration(row.processing_age_ns)
  return lastKnown(row.processing_as_of, {
    now: `item ${row.held_item_id} has been in processing for ${age}`,
    past: `item ${row.held_item_id} had been in processing for ${age}`,
  })
}

function failuresOf(row: QueueDelayRow): string[] {
  const error = row.last_error === '' ? '' : `, last with ${row.last_error}`
  const failed =
    row.failed === 0 ? [] : [`${row.failed} of ${counted(row.items, 'item')} failed${error}`]
  const removed =
    row.removed === 0 ? [] : [`${counted(row.removed, 'item')} left without being processed`]
  const refused = row.refused === 0 ? [] : [`${counted(row.refused, 'item')} refused`]
  return [...failed, ...removed, ...refused]
}

function explanationOf(row: QueueDelayRow): string {
  const load =
    row.load > 0
      ? `, ${threeDigits(row.load)} times what ${counted(row.concurrency, 'worker')} can process`
      : ''
  const drain =
    row.backlog_end > 0 && row.drain_ns > 0 && row.stalled_ns === 0
      ? ` Working off the rest takes ${formatDuration(row.drain_ns)} if nothing more comes.`
      : ''
  const idle =
    row.idle_ns * 10 > row.waited_ns
      ? ` For ${formatDuration(row.idle_ns)} of the ${formatDuration(row.waited_ns)} in which items waited none was processed.`
      : ''
  return (
    `${counted(row.arrived, 'item')} came (${threeDigits(row.arrival_rate)}/s)${load}; ${row.backlog_start} waited at the beginning, ${row.backlog_max} at most, ${row.backlog_end} at the end, ` +
    `${threeDigits(row.length_mean)} on average. The workers were busy in ${formatFraction(row.utilisation)} of the time.` +
    `${idle}${drain}${doubtsOf(row)}`
  )
}

function doubtsOf(row: QueueDelayRow): string {
  const lost = row.ends_lost > 0 ? ` The end of ${counted(row.ends_lost, 'item')} was lost.` : ''
  const dropped =
    row.dropped > 0
      ? ` The service dropped ${counted(row.dropped, 'span or event', 'spans and events')}, so these figures are too small.`
      : ''
  return `${lost}${dropped}`
}

function solutionOf(row: QueueDelayRow): string {
  switch (row.cause) {
    case 'hung':
    case 'slow_item':
      return (
        'Find out what the item in processing waits for (its trace, the locks that it asks for), and give items a ' +
        'time-out. More workers only hide it, until the last of them hangs.'
      )
    case 'paused':
      return 'Items waited and no worker took one: see whether the queue was paused, its workers were stopped or lost their connection, or the event loop stood still.'
    case 'starved':
      return 'Items that came later went first: let priority grow with age, or give each priority workers of its own.'
    case 'overloaded':
      return 'The queue gets as much as it can do, or more: raise the concurrency, make an item cheaper, let fewer in, or drop what is too old to matter.'
    case 'burst':
      return (
        'For a time more came than the workers could do: spread what comes, or raise the concurrency for the peaks, ' +
        'if these items cannot wait.'
      )
    default:
      return 'Look at the error of the items that failed, and at what they call.'
  }
}
