// What the narrow tables give and what they cost: the same analyzers asked of them and of the
// attribute maps of the stock table, which hold the same spans, and inserts with and without the
// views and projections that fill them.
import { analyzers, runAnalyzer } from '@wayward/analyzers'
import { migrate, type Store } from '@wayward/clickhouse'
import type { startTestEngine } from '../harness/engine.ts'
import type { Figure } from './bench.ts'
import { fillSpans, type Timer, toMoment, weekSeconds } from './week.ts'

type Engine = Awaited<ReturnType<typeof startTestEngine>>

/** What is a view on the stock table in the database that has no narrow tables. */
const onStock = [
  'wayward_incoming',
  'wayward_lock_holds',
  'wayward_lock_waits',
  'wayward_queue_items',
  'wayward_job_runs',
] as const

/**
 * The analyzers, as they are, in two databases of the same spans. Answers must be the same.
 *
 * @param names which of them
 */
export async function compareWithStock(
  engine: Engine,
  { spans, names }: { readonly spans: number; readonly names: readonly string[] },
  time: Timer,
): Promise<readonly Figure[]> {
  const narrow = engine.open('bench_narrow').writer
  const stock = engine.open('bench_stock').writer
  try {
    for (const store of [narrow, stock]) {
      await store.createDatabase()
      await migrate(store)
    }
    await replaceTables(stock, 'bench_stock')
    for (const store of [narrow, stock]) {
      for (const insert of fillSpans('otel_traces', { holds: spans })) await store.command(insert)
    }
    const figures: Figure[] = []
    for (const name of names) figures.push(...(await compare(name, { narrow, stock }, time)))
    return figures
  } finally {
    await Promise.all([narrow.close(), stock.close()])
  }
}

/** Makes each narrow table a view with what fills it, and its computed columns. */
async function replaceTables(store: Store, database: string): Promise<void> {
  const inDatabase = `database = '${database}'`
  const filled = await store.query<{ name: string; as_select: string }>(
    `SELECT name, as_select FROM system.tables WHERE ${inDatabase} AND engine = 'MaterializedView'`,
  )
  const computed = await store.query<{ table: string; name: string; expression: string }>(
    `SELECT table, name, default_expression AS expression FROM system.columns
     WHERE ${inDatabase} AND default_kind = 'MATERIALIZED' ORDER BY position`,
  )
  for (const { name, as_select: select } of filled) {
    if (/\bwayward_incoming\b/.test(select) || name === 'wayward_incoming_mv') {
      await store.command(`DROP TABLE ${name}`)
    }
  }
  for (const table of onStock) {
    const select = filled.find(({ name }) => name === `${table}_mv`)?.as_select
    if (select === undefined) throw new Error(`Nothing fills the table ${table}`)
    const columns = computed.filter((column) => column.table === table)
    const more = columns.map(({ name, expression }) => `, ${expression} AS ${name}`).join('')
    await store.command(`DROP TABLE ${table}`)
    await store.command(`CREATE VIEW ${table} AS SELECT *${more} FROM (${select})`)
  }
}

async function compare(
  name: string,
  { narrow, stock }: { readonly narrow: Store; readonly stock: Store },
  time: Timer,
): Promise<readonly Figure[]> {
  const windows = { all: {}, 'last hour': { from: toMoment(weekSeconds - 3600) } }
  const figures: Figure[] = []
  for (const [of, window] of Object.entries(windows)) {
    const [ours, theirs] = [
      await runAnalyzer(narrow, name, window),
      await runAnalyzer(stock, name, window),
    ]
    if (ours.rows.length === 0) continue
    checkAlike(name, ours.rows, theirs.rows)
    const fast = await time(`${name}, ${of}, narrow tables`, () =>
      runAnalyzer(narrow, name, window),
    )
    const slow = await time(`${name}, ${of}, attribute maps`, () =>
      runAnalyzer(stock, name, window),
    )
    const value = slow.value / fast.value
    figures.push(fast, slow, {
      name: `${name}, ${of}, attribute maps : narrow tables`,
      value,
      unit: '×',
    })
  }
  return figures
}

type Rows = Awaited<ReturnType<typeof runAnalyzer>>['rows']

/** By their numbers: of examples that are as good as each other, either may have been taken. */
function checkAlike(name: string, ours: Rows, theirs: Rows): void {
  const [these, those] = [numbersOf(ours), numbersOf(theirs)]
  const at = these.findIndex((row, i) => row !== those[i])
  if (at === -1 && these.length === those.length) return
  throw new Error(
    `${name}: the narrow tables and the attribute maps give different answers: ${these[at]} and ${those[at]}`,
  )
}

function numbersOf(rows: Rows): readonly string[] {
  return rows
    .map((row) => Object.entries(row).filter(([, value]) => typeof value === 'number'))
    .map((row) => JSON.stringify(row.map(([key, value]) => [key, Number(value).toPrecision(9)])))
    .toSorted()
}

/** Those whose answers come from narrow tables, and not from log records or sessions alone. */
export const comparable = analyzers
  .filter(({ requires }) => requires.some((what) => /\b(?:lock|queue|job)_/.test(what)))
  .map(({ name }) => name)

/** What is taken away from a database, on the way from the stock table. */
const lacking: Readonly<Record<string, (store: Store, database: string) => Promise<void>>> = {
  'with all': async () => {},
  'without projections': async (store, database) => {
    const projections = await store.query<{ table: string; name: string }>(
      `SELECT table, name FROM system.projections WHERE database = '${database}' AND table = 'wayward_lock_holds'`,
    )
    if (projections.length === 0) throw new Error('There are no projections to go without')
    for (const { table, name } of projections) {
      await store.command(`ALTER TABLE ${table} DROP PROJECTION ${name}`)
    }
  },
  'without views': async (store) => {
    for (const view of ['wayward_incoming_mv', 'wayward_sessions_traces_mv']) {
      await store.command(`DROP VIEW ${view}`)
    }
  },
}

/** How long inserts into the stock table take, in turns with and without what depends on it. */
export async function measureViews(
  engine: Engine,
  spans: number,
  rounds: number,
): Promise<readonly Figure[]> {
  const bestMs = new Map<string, number>()
  for (const [index, [name, takeAway]] of Object.entries(lacking).entries()) {
    const { writer, reader } = engine.open(`bench_${index}`)
    await writer.createDatabase()
    await migrate(writer)
    await takeAway(writer, `bench_${index}`)
    bestMs.set(name, Number.POSITIVE_INFINITY)
    await Promise.all([writer.close(), reader.close()])
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, name] of Object.keys(lacking).entries()) {
      const table = `bench_${index}.otel_traces`
      const [insertHolds = ''] = fillSpans(table, { holds: spans, laterNs: round })
      const startMs = performance.now()
      await engine.writer.command(insertHolds)
      bestMs.set(name, Math.min(bestMs.get(name) ?? 0, performance.now() - startMs))
    }
  }
  const bare = bestMs.get('without views') ?? Number.NaN
  return [...bestMs].flatMap(([name, ms]) => [
    { name: `insert of lock holds, ${name}`, value: spans / (ms / 1000), unit: 'spans/s' },
    { name: `insert of lock holds, ${name} : without views`, value: ms / bare, unit: '×' },
  ])
}
