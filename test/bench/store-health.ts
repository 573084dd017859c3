// What inserts do to the parts of the store: a span at a time, at full load, and rows of hundreds
// of days at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '@wayward/clickhouse'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import type { Bench, Figure } from './bench.ts'
import { encodeBlock } from './store-blocks.ts'

const spansPerRequest = 512
const dayMs = 86_400_000

/** Inserts at a steady pace, as the collector makes them. */
interface Phase {
  readonly name: string
  readonly inserts: number
  readonly intervalMs: number
  /** How long is waited after the last one, so that merges can follow. */
  readonly restMs: number
  makeBlock(index: number): Uint8Array
}

const phases = {
  tiny: [single(3, 10, 0), full(2, 1, 10, 0), late(1, 3, 10, 0)],
  // 2 minutes at a span a second; 60 s at 100,000 spans/s; ten inserts that reach back 100 days,
  // the most that one request may have.
  full: [single(120, 1000, 5000), full(183, 64, 328, 60_000), late(10, 100, 5000, 60_000)],
}

function single(inserts: number, intervalMs: number, restMs: number): Phase {
  const makeBlock = (): Uint8Array => encodeBlock([Date.now()], 1)
  return { name: 'a span per insert', inserts, intervalMs, restMs, makeBlock }
}

function full(inserts: number, requests: number, intervalMs: number, restMs: number): Phase {
  const blocks = Array.from({ length: Math.min(inserts, 8) }, (_, index) => {
    const nowMs = Date.now() + index * 300
    const startsMs = Array.from({ length: requests }, (_request, i) => nowMs + i)
    return encodeBlock(startsMs, spansPerRequest)
  })
  const makeBlock = (index: number): Uint8Array => blocks[index % blocks.length] ?? new Uint8Array()
  return { name: 'full load', inserts, intervalMs, restMs, makeBlock }
}

function late(inserts: number, days: number, intervalMs: number, restMs: number): Phase {
  const makeBlock = (): Uint8Array =>
    encodeBlock(
      Array.from({ length: days }, (_, day) => Date.now() - day * dayMs),
      8,
    )
  return { name: `${days} days per insert`, inserts, intervalMs, restMs, makeBlock }
}

export const storeHealthBench: Bench = {
  name: 'store-health',
  async run(size) {
    const figures: Figure[] = []
    for (const phase of phases[size]) {
      const engine = await startTestEngine()
      try {
        await migrate(engine.writer)
        figures.push(...(await measure(engine, phase)))
      } finally {
        await engine.shutdown()
      }
    }
    return figures
  },
}

async function measure(engine: TestEngine, phase: Phase): Promise<Figure[]> {
  const { name, inserts, intervalMs, restMs } = phase
  const before = await readEvents(engine)
  const insertMs: number[] = []
  let activeMax = 0
  const startMs = performance.now()
  for (let i = 0; i < inserts; i++) {
    const block = phase.makeBlock(i)
    const dueMs = startMs + i * intervalMs
    await sleep(Math.max(0, dueMs - performance.now()))
    const fromMs = performance.now()
    const outcome = await engine.writer.insertNative('otel_traces', [block], `${name}-${i}`)
    if (outcome.status !== 'inserted') throw outcome.error
    insertMs.push(performance.now() - fromMs)
    if (i % 10 === 0) activeMax = Math.max(activeMax, await activeParts(engine))
  }
  const seconds = (performance.now() - startMs) / 1000
  const during = await readEvents(engine)
  activeMax = Math.max(activeMax, await activeParts(engine))
  await sleep(restMs)
  const after = await readEvents(engine)
  const inserted = during.InsertedRows - before.InsertedRows
  const sorted = insertMs.toSorted((a, b) => a - b)
  const figure = (what: string, value: number, unit: string): Figure => ({
    name: `${name}: ${what}`,
    value,
    unit,
  })
  return [
    figure('insert, median', sorted[sorted.length >> 1] ?? 0, 'ms'),
    figure('insert, longest', sorted.at(-1) ?? 0, 'ms'),
    figure('rows per insert, all tables', inserted / inserts, 'rows'),
    figure('new parts, all tables', (during.parts - before.parts) / seconds, '1/s'),
    figure('merges, all tables', (during.Merge - before.Merge) / seconds, '1/s'),
    figure('rows merged per row inserted', (after.MergedRows - before.MergedRows) / inserted, ''),
    figure('active parts of all tables, most', activeMax, ''),
    figure(`active parts of all tables, ${restMs / 1000} s after`, await activeParts(engine), ''),
  ]
}

interface Events {
  readonly InsertedRows: number
  readonly Merge: number
  readonly MergedRows: number
  /** Parts that inserts have made. */
  readonly parts: number
}

async function readEvents(engine: TestEngine): Promise<Events> {
  const rows = await engine.reader.query<{ event: string; value: string }>(
    `SELECT event, value FROM system.events
     WHERE event IN ('InsertedRows', 'Merge', 'MergedRows', 'MergeTreeDataWriterBlocks')`,
  )
  const values = new Map(rows.map(({ event, value }) => [event, Number(value)]))
  return {
    InsertedRows: values.get('InsertedRows') ?? 0,
    Merge: values.get('Merge') ?? 0,
    MergedRows: values.get('MergedRows') ?? 0,
    parts: values.get('MergeTreeDataWriterBlocks') ?? 0,
  }
}

async function activeParts(engine: TestEngine): Promise<number> {
  const [row] = await engine.reader.query<{ parts: string }>(
    'SELECT count() AS parts FROM system.parts WHERE active AND database = currentDatabase()',
  )
  return Number(row?.parts)
}
