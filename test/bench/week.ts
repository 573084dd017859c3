// The week of which the benchmarks of the analyzers ask, as SQL: requests for locks, items of
// queues and runs of jobs, numbered from 0. Five services, each with a session, fifty locks and
// forty tasks.
//
// Of twenty requests for locks seven wait: three after one that holds the lock, and four after
// another, each for all that are before it. One more asks while its task holds another lock.
import type { Figure } from './bench.ts'

export const weekSeconds = 7 * 24 * 3600
export const startSeconds = 1_795_240_800

/** Measures how long something takes. */
export type Timer = (name: string, ask: () => Promise<unknown>) => Promise<Figure>

/** How much there is of it. */
export interface Week {
  /** How many requests for locks; the others follow from it. */
  readonly holds: number
  /** How much later all of it is, so that it is not taken for the same again. @default 0 */
  readonly laterNs?: number
}

/** Nanoseconds since 1970, of a second of the week. */
export function toMoment(seconds: number): bigint {
  return BigInt(startSeconds + seconds) * 1_000_000_000n
}

/** Fills the narrow tables, one statement for each. */
export function fillTables(week: Week): readonly string[] {
  const { holds } = week
  const lock = lockRequest(week)
  return [
    `INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, lock_type, lock_mode, granted_at, hold_ns, wait_ns,
      contended, depth, permits, held, thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${lock.columns}, ${toTime(lock.grantedNs)}, hold_ns, wait_ns, position > 0, 1, 1, held, 0, task_id, number * 2 + 1, ${ids}
     FROM ${lock.from}`,
    `INSERT INTO wayward_lock_waits (service, session, lock_name, lock_id, lock_type, lock_mode, requested_at, wait_ns, result,
      waiters, permits, held, thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${lock.columns}, ${toTime(lock.requestedNs)}, wait_ns, ${waitResult}, position - 1, 1, held, 0, task_id, number * 2, ${ids}
     FROM ${lock.from} WHERE position > 0`,
    `INSERT INTO wayward_queue_items (service, session, queue_name, queue_id, item_id, enqueued_at, dequeued_at, wait_ns,
      processing_ns, result, size, concurrency, thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${who}, ${queueName} AS queue_name, queue_name, toString(number), ${toTime(spread(itemsOf(holds)))},
       ${toTime(`${spread(itemsOf(holds))} + toInt64(${itemWaitNs})`)}, ${itemWaitNs}, ${holdNsOf('number')}, ${itemResult},
       number % 3, 4, 0, ${anyTask}, number + 1, ${ids}
     FROM numbers(${itemsOf(holds)})`,
    `INSERT INTO wayward_job_runs (service, session, job_name, run_id, trigger, due_at, started_at, duration_ns, result, attempts,
      thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${who}, ${jobName}, toString(number), 'cron', ${toTime(spread(runsOf(holds)))},
       ${toTime(`${spread(runsOf(holds))} + toInt64(${itemWaitNs})`)}, ${holdNsOf('number')} * 20, ${runResult}, 1, 0, ${anyTask},
       number + 1, ${ids}
     FROM numbers(${runsOf(holds)})`,
    `INSERT INTO wayward_sessions (service, session, host_name, process_pid, first_at, last_at, spans)
     SELECT ${who}, 'box', number + 1, ${toTime(String(toMoment(0)))}, ${toTime(String(toMoment(weekSeconds)))},
       ${Math.ceil((holds * 1.5) / 5)}
     FROM numbers(5)`,
  ]
}

/** Inserts the same as spans, from which views fill the tables. */
export function fillSpans(table: string, week: Week): readonly string[] {
  const { holds } = week
  const lock = lockRequest(week)
  const insert = (parts: SpanParts): string =>
    `INSERT INTO ${table} (Timestamp, TraceId, SpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, SpanAttributes,
       Duration, StatusCode)
     SELECT ${toTime(parts.atNs)}, ${ids}, '${parts.kind}', 'Internal', ${parts.service} AS of_service,
       map('service.name', of_service, 'wayward.session.id', concat(of_service, '-run'), 'host.name', 'box', 'process.pid', '1'),
       map('wayward.kind', '${parts.kind}', 'thread.id', '0', ${parts.attributes}), ${parts.lengthNs}, 'Unset'
     FROM ${parts.from}`
  const ofLock = `'wayward.lock.name', lock_name, 'wayward.lock.id', lock_id, 'wayward.lock.type', 'mutex', 'wayward.lock.mode', 'exclusive',
    'wayward.lock.permits', '1', 'wayward.lock.held', toJSONString(held), 'wayward.task.id', task_id`
  return [
    insert({
      kind: 'lock_hold',
      service: 'service',
      atNs: lock.grantedNs,
      lengthNs: 'hold_ns',
      from: lock.from,
      attributes: `${ofLock}, 'wayward.lock.wait.duration', toString(wait_ns), 'wayward.lock.depth', '1',
        'wayward.lock.contended', if(position > 0, 'true', 'false'), 'wayward.event.sequence', toString(number * 2 + 1)`,
    }),
    insert({
      kind: 'lock_wait',
      service: 'service',
      atNs: lock.requestedNs,
      lengthNs: 'wait_ns',
      from: `${lock.from} WHERE position > 0`,
      attributes: `${ofLock}, 'wayward.lock.wait.result', ${waitResult}, 'wayward.lock.waiter.count', toString(position - 1),
        'wayward.event.sequence', toString(number * 2)`,
    }),
    insert({
      kind: 'queue_item',
      service: anyService,
      atNs: `${spread(itemsOf(holds))} + toInt64(${itemWaitNs})`,
      lengthNs: holdNsOf('number'),
      from: `numbers(${itemsOf(holds)})`,
      attributes: `'wayward.queue.name', ${queueName}, 'wayward.queue.id', ${queueName}, 'wayward.queue.item.id', toString(number),
        'wayward.queue.wait.duration', toString(${itemWaitNs}), 'wayward.queue.item.result', ${itemResult},
        'wayward.queue.size', toString(number % 3), 'wayward.queue.concurrency', '4', 'wayward.task.id', ${anyTask},
        'wayward.event.sequence', toString(number + 1)`,
    }),
    insert({
      kind: 'job_run',
      service: anyService,
      atNs: `${spread(runsOf(holds))} + toInt64(${itemWaitNs})`,
      lengthNs: `${holdNsOf('number')} * 20`,
      from: `numbers(${runsOf(holds)})`,
      attributes: `'wayward.job.name', ${jobName}, 'wayward.job.run.id', toString(number), 'wayward.job.trigger', 'cron',
        'wayward.job.due_time', toString(${toTime(spread(runsOf(holds)))}), 'wayward.job.result', ${runResult},
        'wayward.job.attempt', '1', 'wayward.task.id', ${anyTask}, 'wayward.event.sequence', toString(number + 1)`,
    }),
  ]
}

interface SpanParts {
  readonly kind: string
  readonly service: string
  readonly atNs: string
  readonly lengthNs: string
  readonly from: string
  /** Keys and values. */
  readonly attributes: string
}

/** A row for each request for a lock, and the columns that a hold and a wait share. */
function lockRequest({ holds, laterNs = 0 }: Week): {
  readonly columns: string
  readonly from: string
  readonly grantedNs: string
  readonly requestedNs: string
} {
  const stepNs = Math.floor((weekSeconds * 1e9) / holds)
  const startNs = `toInt64(${toMoment(0)}) + ${laterNs} + toInt64(first) * ${stepNs}`
  return {
    columns: "service, session, lock_name, lock_id, 'mutex', 'exclusive'",
    grantedNs: `${startNs} + if(is_inner, 1000000, 0) + toInt64(before_ns)`,
    requestedNs: `${startNs} + position * ${betweenRequestsNs}`,
    // Who asks within a hold asks for locks of the second half: their order is one, but for some.
    from: `(
      SELECT
        number, number % 20 AS of_twenty, of_twenty = 18 AS is_inner,
        multiIf(of_twenty < 4, of_twenty, of_twenty < 9, of_twenty - 4, 0) AS position,
        toUInt64(number - if(is_inner, 1, position)) AS first,
        arraySum(back -> ${holdNsOf('toUInt64(number - back)')}, range(1, position + 1)) AS before_ns,
        ${holdNsOf('number')} AS hold_ns,
        if(position = 0, 0, before_ns - position * ${betweenRequestsNs}) AS wait_ns,
        concat('service', toString(cityHash64(first, 6) % 5)) AS service,
        concat(service, '-run') AS session,
        intDiv(number, 20) % 50021 = 0 AS is_turned,
        cityHash64(first) % 25 AS outer,
        25 + cityHash64(first, 7) % 25 AS inner,
        concat('lock', toString(multiIf(of_twenty < 17 OR of_twenty > 18, cityHash64(first) % 50, is_inner != is_turned, inner, outer)))
          AS lock_name,
        concat(service, lock_name) AS lock_id,
        if(is_inner, [concat(service, 'lock', toString(if(is_turned, inner, outer)))], []) AS held,
        concat('t', toString((cityHash64(first, 1) + position) % 40)) AS task_id
      FROM numbers(${holds}))`,
  }
}

const betweenRequestsNs = 500_000

const itemsOf = (holds: number): number => holds / 10
const runsOf = (holds: number): number => holds / 100

const anyService = "concat('service', toString(number % 5))"
const who = `${anyService} AS service, concat(service, '-run') AS session`
const anyTask = "concat('t', toString(cityHash64(number, 1) % 40))"
const queueName = "concat('queue', toString(number % 20))"
const jobName = "concat('job', toString(number % 25))"
const itemWaitNs = 'toUInt64(1000000 + cityHash64(number, 4) % 30000000)'
const waitResult = "if(number % 1001 = 0, 'timeout', 'granted')"
const itemResult = "if(number % 100 = 0, 'failed', 'done')"
const runResult = "if(number % 200 = 0, 'failure', 'success')"
const ids =
  "concat(lower(hex(cityHash64(number, 2))), '0000000000000000') AS trace_id, lower(hex(cityHash64(number, 2))) AS span_id"

function holdNsOf(number: string): string {
  return `toUInt64(5000000 + cityHash64(${number}, 3) % 20000000)`
}

/** Nanoseconds since 1970 of the n-th of so many over the week. */
function spread(count: number): string {
  return `toInt64(${toMoment(0)}) + toInt64(number) * ${Math.floor((weekSeconds * 1e9) / count)}`
}

function toTime(ns: string): string {
  return `fromUnixTimestamp64Nano(toInt64(${ns}), 'UTC')`
}
