import { WAYWARD_KIND_VALUE_LOCK_HOLD, WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { BlockedByRow } from '../../generated/rows.ts'
import { counted, formatDuration, formatFraction, threeDigits } from '../../quantity.ts'
import { lastKnown } from '../../last-known.ts'

/** Holders with less of a lock's blame are rows, but no findings, unless nobody has more. */
const shareMin = 0.1
/** From here on the answer says that it does not know all. */
const knownShareEnough = 0.95

/** Who held the locks that others waited for, and what was he doing? */
export const blockedBy: Analyzer<BlockedByRow> = {
  name: 'blocked-by',
  sql: new URL('./blocked-by.sql', import.meta.url),
  nothingWithout: 'lock_culprits',
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD), spansOfKind(WAYWARD_KIND_VALUE_LOCK_WAIT)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'detail',
  toFinding(row) {
    if (row.share < shareMin && row.rank > 1) return undefined
    return worthTelling({
      severity: row.severity,
      subject: row.lock_name,
      service: row.service,
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution: solutionOf(row),
      exemplars: exemplarsOf([
        { label: 'the hold', traceId: row.hold_trace_id, spanId: row.hold_span_id },
      ]),
    })
  },
}

function summaryOf(row: BlockedByRow): string {
  const still =
    row.still_blocked === 0
      ? ''
      : `; ${lastKnown(row.still_as_of, {
          now: `it still holds it while ${row.still_blocked} wait`,
          past: `it held it while ${row.still_blocked} waited`,
        })}`
  return (
    `${nameOf('Lock', row.lock_name, row.service)} was held by ${row.holder} while ` +
    `${counted(row.victims, 'task')} waited for it, together ${formatDuration(row.blocked_ns)}, ` +
    `${formatFraction(row.share)} of all the waiting for it${still}`
  )
}

function explanationOf(row: BlockedByRow): string {
  const within = row.within === '' ? '' : ` within "${row.within}"`
  const doing = row.doing === '' ? '' : ` Meanwhile it did: ${row.doing}.`
  const chain = row.chain === '' ? '' : ` It waited itself for ${row.chain}.`
  const unknown =
    row.known_share >= knownShareEnough
      ? ''
      : ` Of ${formatFraction(1 - row.known_share)} of the waiting nobody reported who held the lock: spans were sampled out, dropped or lost.`
  return (
    `The hold that one wait met longest, for ${formatDuration(row.longest_ns)}, lasted ` +
    `${formatDuration(row.hold_ns)}${within}, by task ${row.hold_task}.${doing}${chain} ` +
    `On average ${threeDigits(row.blocked_mean)} waited for it over ${formatDuration(row.observed_ns)}; ` +
    `most of all ${row.waiters}.${unknown}`
  )
}

function solutionOf(row: BlockedByRow): string {
  if (row.chain !== '') {
    return 'The holder waits itself: begin with the last lock of the chain, and do not wait for a lock while holding another.'
  }
  if (row.still_blocked > 0) {
    return 'Find out why it does not release: it may wait for work that never ends. Release in a "finally", and give work under a lock a time-out.'
  }
  return row.doing === ''
    ? 'Do less while holding it. Spans around what is done under the lock would show here what takes the time.'
    : 'Move what takes the time out of the lock, or do it before the lock is taken.'
}
