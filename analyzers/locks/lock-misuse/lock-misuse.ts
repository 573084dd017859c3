import { WAYWARD_KIND_VALUE_LOCK_HOLD } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { LockMisuseRow } from '../../generated/rows.ts'
import { counted, formatDuration, threeDigits } from '../../quantity.ts'
import { lastKnown } from '../../last-known.ts'

/** Which locks are used in ways that locks are not made for? */
export const lockMisuse: Analyzer<LockMisuseRow> = {
  name: 'lock-misuse',
  sql: new URL('./lock-misuse.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'cause',
  toFinding(row) {
    const rule = rules[row.rule]
    if (rule === undefined) return undefined
    return worthTelling({
      severity: row.severity,
      subject: row.lock_name,
      service: row.service,
      summary: `${nameOf('Lock', row.lock_name, row.service)} ${rule.summary(row)}`,
      explanation: `${rule.explanation(row)} The first was at ${row.first_at.slice(0, 19)} UTC.`,
      solution: rule.solution,
      exemplars: exemplarsOf([
        { label: 'one of them', traceId: row.trace_id, spanId: row.span_id },
      ]),
    })
  },
}

/** Where it was done and where the lock had been asked for, as far as that is known. */
function places({ site, asked_site: askedSite }: LockMisuseRow): string {
  const done = site === '' ? '' : ` Done in ${site}.`
  return askedSite === '' ? done : `${done} Asked for in ${askedSite}.`
}

interface Rule {
  summary(row: LockMisuseRow): string
  explanation(row: LockMisuseRow): string
  readonly solution: string
}

const rules: Readonly<Record<string, Rule>> = {
  self: {
    summary(row) {
      const still =
        row.still === 0
          ? ''
          : `; ${lastKnown(row.as_of, { now: `${row.still} still waiting`, past: `${row.still} had not ended` })}`
      return `was asked for by ${row.task}, which held it: ${counted(row.times, 'request')}, together ${formatDuration(row.cost_ns)}${still}`
    },
    explanation: () => 'A task that waits for itself goes on only when it gives up.',
    solution:
      'Take the lock once and pass on that it is held, or use a lock that is re-entrant. Often a helper takes it again that was once called from outside only.',
  },
  two: {
    summary: (row) =>
      `was held by two at once for ${formatDuration(row.cost_ns)}, though only one may hold it`,
    explanation: (row) =>
      `${counted(row.times, 'lock')} of this name and ${counted(row.tasks, 'task')} are concerned. Of a lock over several processes it may be that their clocks differ (see data-quality).`,
    solution:
      'Look for a lease that ends before the work does, or for a release that does not ask whose lock it is. Let what the lock protects refuse those whose lease is over (fencing).',
  },
  spinning: {
    summary: (row) =>
      `was refused ${row.times.toLocaleString('en-US')} times, ${threeDigits(row.rate)} a second: ${row.task} asks again at once`,
    explanation: (row) =>
      `${counted(row.tasks, 'task')} asked without waiting, again and again, and burnt time that the holder may have needed.`,
    solution:
      'Wait for the lock, with a time-out, instead of asking in a loop; or wait longer after each refusal.',
  },
  released_twice: {
    summary: (row) => `was released ${counted(row.times, 'time')} by a hold that was over`,
    explanation: (row) =>
      `The second release frees whoever holds the lock since, and two are in at once; some libraries ignore it.${places(row)}`,
    solution: 'Release in one place only: in a finally, or by a function that takes a callback.',
  },
  released_by_other: {
    summary: (row) =>
      `was released ${counted(row.times, 'time')} by ${row.task}, which had not got it`,
    explanation: (row) =>
      `A lock that anybody may release protects what its owner does only by luck.${places(row)}`,
    solution:
      'Let the task that got it release it. Where the lock is meant to be handed on, use a semaphore.',
  },
  never_released: {
    summary: (row) => `was never released: ${counted(row.times, 'lock')} went while held`,
    explanation: (row) => `Nobody can release it any more, nor get it.${places(row)}`,
    solution: 'Release in a finally, and keep the lock as long as anybody may ask for it.',
  },
  gone: {
    summary: (row) => `went while it was waited for, ${counted(row.times, 'time')}`,
    explanation: (row) => `Who waited waits for ever, or was never told.${places(row)}`,
    solution: 'Cancel the requests before the lock is let go, and let each give up after a time.',
  },
  held_past_end: {
    summary: (row) =>
      `was still held when the task that got it had ended, ${counted(row.times, 'time')}`,
    explanation: (row) => `Who releases it, and when, nobody can see from the task.${places(row)}`,
    solution: 'Release in a finally of the task, or hand on the work in place of the lock.',
  },
}
