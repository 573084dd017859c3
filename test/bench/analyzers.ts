// How long answers take: a week of ten million lock holds, three and a half million waits, a
// million queue items and a hundred thousand job runs, asked about as a whole and about its last
// hour. And a tenth of it, asked of the narrow tables and of the attribute maps of the stock table.
import { setTimeout } from 'node:timers/promises'
import { analyzers, runAnalyzer, type ReportWindow } from '@wayward/analyzers'
import { runReport } from '@wayward/analyzers/report/ranked'
import { migrate, type Store } from '@wayward/clickhouse'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import { comparable, compareWithStock, measureViews } from './analyzers-stock.ts'
import type { Bench, Figure } from './bench.ts'
import { fillTables, type Timer, toMoment, weekSeconds } from './week.ts'

/** How many lock holds; the others follow from it. */
const sizes = { tiny: 10_000, full: 10_000_000 } as const
/** A part of them is asked in both forms. */
const stockShare = 10
const rounds = { tiny: 1, full: 3 } as const
/** Other tests ask all of them; here they would take most of the time of all benchmarks. */
const asked = {
  tiny: ['lock-contention', 'queue-delay'],
  full: analyzers.map(({ name }) => name),
} as const
const memoryBytesMax = 2 * 2 ** 30

export const analyzersBench: Bench = {
  name: 'analyzers',
  async run(size) {
    const time: Timer = (name, ask) => bestOf(rounds[size], name, ask)
    const engine = await startTestEngine({ memoryBytesMax })
    try {
      await migrate(engine.writer)
      return await measureWeek(engine, size, time)
    } finally {
      await engine.shutdown()
    }
  },
}

/** What the narrow tables give, beside the stock table, and what they cost. */
export const stockBench: Bench = {
  name: 'analyzers-stock',
  async run(size) {
    const spans = sizes[size] / stockShare
    const time: Timer = (name, ask) => bestOf(1, name, ask)
    const engine = await startTestEngine({ memoryBytesMax })
    try {
      const chosen: readonly string[] = asked[size]
      const names = comparable.filter((name) => chosen.includes(name))
      return [
        ...(await measureViews(engine, spans, rounds[size])),
        ...(await compareWithStock(engine, { spans, names }, time)),
      ]
    } finally {
      await engine.shutdown()
    }
  },
}

/** Each question about all of the week and its last hour, and the report, which asks them all. */
async function measureWeek(
  { writer, reader }: TestEngine,
  size: 'tiny' | 'full',
  time: Timer,
): Promise<readonly Figure[]> {
  for (const statement of fillTables({ holds: sizes[size] })) await writer.command(statement)
  for (const [table, index] of indexes) await writer.command(materialize(table, index))
  await whenMerged(writer)
  const windows: Readonly<Record<string, ReportWindow>> = {
    all: {},
    'last hour': { from: toMoment(weekSeconds - 3600), to: toMoment(weekSeconds) },
  }
  const figures: Figure[] = []
  const memory = watchMemory(writer)
  try {
    for (const name of asked[size]) {
      for (const [of, window] of Object.entries(windows)) {
        figures.push(await time(`${name}, ${of}`, () => runAnalyzer(reader, name, window)))
      }
    }
    for (const [of, window] of Object.entries(size === 'full' ? windows : {})) {
      figures.push(await time(`report, ${of}`, () => runReport(reader, window)))
    }
  } finally {
    figures.push(...(await memory.stop()))
  }
  return figures
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

/** What was just inserted is merged for a while, which takes the processors that are measured. */
async function whenMerged(writer: Store): Promise<void> {
  const merges = `SELECT count() AS n FROM system.merges`
  for (let looks = 0; looks < mergeLooksMax; looks++) {
    const [row] = await writer.query<{ n: string }>(merges)
    if (Number(row?.n) === 0) return
    await setTimeout(lookEveryMs)
  }
}

const mergeLooksMax = 6000

/** The best of some rounds: the machine may be busy with other things. */
async function bestOf(count: number, name: string, ask: () => Promise<unknown>): Promise<Figure> {
  let bestMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < count; round++) {
    const startMs = performance.now()
    await ask().catch((error: unknown) => {
      throw new Error(`${name} has no answer`, { cause: error })
    })
    bestMs = Math.min(bestMs, performance.now() - startMs)
  }
  return { name, value: bestMs / 1000, unit: 's' }
}
