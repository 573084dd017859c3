// How long answers take: a week of ten million lock holds, three and a half million waits, a
// million queue items and a hundred thousand job runs, asked about as a whole and about its last
// hour. Beside it the same questions of the attribute maps of the stock table.
import { setTimeout } from 'node:timers/promises'
import { analyzers, runAnalyzer, type ReportWindow } from '@wayward/analyzers'
import { runReport } from '@wayward/analyzers/report/ranked'
import { migrate, type Store } from '@wayward/clickhouse'
import { startTestEngine } from '../harness/engine.ts'
import { compareWithStock, measureViews } from './analyzers-stock.ts'
import type { Bench, Figure } from './bench.ts'
import {
  holdNs,
  isContended,
  spread,
  startSeconds,
  type Timer,
  waitNs,
  weekSeconds,
} from './week.ts'

/** How many lock holds; the others follow from it. */
const sizes = { tiny: 10_000, full: 10_000_000 } as const
/** Spans of the stock table: they are asked in both forms. */
const stockShare = 10
const rounds = { tiny: 1, full: 3 } as const
/** Other tests ask all of them; here they would take most of the time of all benchmarks. */
const asked = { tiny: analyzers.slice(0, 2), full: analyzers } as const
const memoryBytesMax = 2 * 2 ** 30

export const analyzersBench: Bench = {
  name: 'analyzers',
  async run(size) {
    const holds = sizes[size]
    const time: Timer = (name, ask) => bestOf(rounds[size], name, ask)
    const engine = await startTestEngine({ memoryBytesMax })
    const figures: Figure[] = []
    try {
      await migrate(engine.writer)
      figures.push(...(await compareWithStock(engine, holds / stockShare, time)))
      figures.push(...(await measureViews(engine, holds / stockShare, rounds[size])))
      await engine.truncateTables()
      for (const statement of fill(holds)) await engine.writer.command(statement)
      for (const [table, index] of indexes) await engine.writer.command(materialize(table, index))
      const memory = watchMemory(engine.writer)
      const lastHour = { from: toMoment(weekSeconds - 3600), to: toMoment(weekSeconds) }
      for (const { name } of asked[size]) {
        figures.push(await time(`${name}, all`, () => runAnalyzer(engine.reader, name)))
        figures.push(
          await time(`${name}, last hour`, () => runAnalyzer(engine.reader, name, lastHour)),
        )
      }
      const windows: Readonly<Record<string, ReportWindow>> = { all: {}, 'last hour': lastHour }
      for (const [name, window] of Object.entries(size === 'full' ? windows : {})) {
        figures.push(await time(`report, ${name}`, () => runReport(engine.reader, window)))
      }
      figures.push(...(await memory.stop()))
    } finally {
      await engine.shutdown()
    }
    return figures
  },
}

/** The most memory that one question, and that all at a time, had whenever somebody looked. */
function watchMemory(writer: Store): { stop(): Promise<readonly Figure[]> } {
  const looks = `SELECT toFloat64(max(peak_memory_usage)) AS one, toFloat64(sum(memory_usage)) AS every
    FROM system.processes WHERE query NOT LIKE '%system.processes%'`
  let [one, every] = [0, 0]
  const end = new AbortController()
  const watching = (async () => {
    while (!end.signal.aborted) {
      const [row] = await writer.query<{ one: number; every: number }>(looks)
      one = Math.max(one, row?.one ?? 0)
      every = Math.max(every, row?.every ?? 0)
      await setTimeout(lookEveryMs)
    }
  })()
  return {
    async stop() {
      end.abort()
      await watching
      return [
        { name: 'memory of one question, highest', value: one / 2 ** 20, unit: 'MiB' },
        { name: 'memory of all at a time, highest', value: every / 2 ** 20, unit: 'MiB' },
      ]
    },
  }
}

const lookEveryMs = 100

/** The engine builds them when it merges, and a week has been merged. */
const indexes = [
  ['wayward_lock_holds', 'released'],
  ['wayward_lock_waits', 'ended'],
  ['wayward_queue_items', 'ended'],
] as const

function materialize(table: string, index: string): string {
  return `ALTER TABLE ${table} MATERIALIZE INDEX ${index} SETTINGS mutations_sync = 1`
}

/** The best of some rounds: the machine may be busy with other things. */
async function bestOf(count: number, name: string, ask: () => Promise<unknown>): Promise<Figure> {
  let bestMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < count; round++) {
    const startMs = performance.now()
    await ask()
    bestMs = Math.min(bestMs, performance.now() - startMs)
  }
  return { name, value: bestMs / 1000, unit: 's' }
}

function toMoment(seconds: number): bigint {
  return BigInt(startSeconds + seconds) * 1_000_000_000n
}

// Five services, each with a session; fifty locks, of which a third of the requests wait; forty
// tasks in each.
const who = "concat('service', toString(number % 5)) AS service, concat(service, '-run') AS session"
const lock =
  "concat('lock', toString(cityHash64(number) % 50)) AS lock_name, concat(service, lock_name) AS lock_id"
const task = "concat('t', toString(cityHash64(number, 1) % 40)) AS task_id"
const traceId = "concat(lower(hex(cityHash64(number, 2))), '0000000000000000')"
const spanId = 'lower(hex(cityHash64(number, 2)))'

function fill(holds: number): readonly string[] {
  const at = spread(holds)
  const [items, runs] = [holds / 10, holds / 100]
  return [
    `INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, lock_type, lock_mode, granted_at, hold_ns, wait_ns,
      contended, depth, permits, thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${who}, ${lock}, 'mutex', 'exclusive', fromUnixTimestamp64Nano(${at}, 'UTC'), ${holdNs},
       if(${isContended}, ${waitNs}, 0), ${isContended}, 1, 1, 0, ${task}, number * 2 + 1, ${traceId}, ${spanId}
     FROM numbers(${holds})`,
    `INSERT INTO wayward_lock_waits (service, session, lock_name, lock_id, lock_type, lock_mode, requested_at, wait_ns, result,
      waiters, permits, thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${who}, ${lock}, 'mutex', 'exclusive', fromUnixTimestamp64Nano(${at} - toInt64(${waitNs}), 'UTC'), ${waitNs},
       if(number % 1000 = 0, 'timeout', 'granted'), number % 4, 1, 0, ${task}, number * 2, ${traceId}, ${spanId}
     FROM numbers(${holds}) WHERE ${isContended}`,
    `INSERT INTO wayward_queue_items (service, session, queue_name, queue_id, item_id, enqueued_at, dequeued_at, wait_ns,
      processing_ns, result, size, concurrency, thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${who}, concat('queue', toString(number % 20)) AS queue_name, queue_name, toString(number),
       fromUnixTimestamp64Nano(${spread(items)}, 'UTC'), fromUnixTimestamp64Nano(${spread(items)} + toInt64(${waitNs}), 'UTC'),
       ${waitNs}, ${holdNs}, if(number % 100 = 0, 'failed', 'done'), number % 3, 4, 0, ${task}, number + 1, ${traceId}, ${spanId}
     FROM numbers(${items})`,
    `INSERT INTO wayward_job_runs (service, session, job_name, run_id, trigger, due_at, started_at, duration_ns, result, attempts,
      thread_id, task_id, sequence, trace_id, span_id)
     SELECT ${who}, concat('job', toString(number % 25)) AS job_name, toString(number), 'cron',
       fromUnixTimestamp64Nano(${spread(runs)}, 'UTC'), fromUnixTimestamp64Nano(${spread(runs)} + toInt64(${waitNs}), 'UTC'),
       ${holdNs} * 20, if(number % 200 = 0, 'failure', 'success'), 1, 0, ${task}, number + 1, ${traceId}, ${spanId}
     FROM numbers(${runs})`,
    `INSERT INTO wayward_sessions (service, session, host_name, process_pid, first_at, last_at, spans)
     SELECT ${who}, 'box', number + 1, fromUnixTimestamp64Nano(toInt64(${startSeconds}) * 1000000000, 'UTC'),
       fromUnixTimestamp64Nano(toInt64(${startSeconds + weekSeconds}) * 1000000000, 'UTC'), ${Math.ceil((holds * 1.5) / 5)}
     FROM numbers(5)`,
  ]
}
