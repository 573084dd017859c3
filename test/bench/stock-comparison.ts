// Our tables and the stock exporter's, side by side in one engine: the same blocks in turns, then
// what they take on disk.
import { readFileSync } from 'node:fs'
import { migrate, type Store } from '@wayward/clickhouse'
import type { TestEngine } from '../harness/engine.ts'
import type { Figure } from './bench.ts'
import { encodeBlock } from './store-blocks.ts'
import { serverDefaults, stockTables } from './stock-tables.ts'

const spansPerRequest = 512

/** A database that takes part. */
interface Side {
  readonly name: string
  readonly database: string
  /** Settings of its inserts. */
  readonly settings: Readonly<Record<string, string>>
  readonly store: Store
  readonly reader: Store
  readonly ms: number[]
  /** CPU milliseconds of the engine for all its inserts; 0 where the system does not say. */
  cpuMs: number
}

export interface ComparisonPlan {
  readonly blocks: number
  readonly requestsPerBlock: number
  /** Blocks of other spans, such as those of locks. */
  readonly otherBlocks: readonly {
    readonly name: string
    readonly rows: number
    /** All different: the same block again would compress to nothing. */
    readonly blocks: readonly Uint8Array[]
  }[]
}

/** Spans as the ingest bench sends them, then the other blocks, each in databases of their own. */
export async function compareWithStock(
  engine: TestEngine,
  plan: ComparisonPlan,
): Promise<Figure[]> {
  const startMs = Date.now() - 600_000
  const blocks = Array.from({ length: plan.blocks }, (_, block) =>
    encodeBlock(
      Array.from({ length: plan.requestsPerBlock }, (_request, i) => startMs + block * 10_000 + i),
      spansPerRequest,
    ),
  )
  const rows = plan.requestsPerBlock * spansPerRequest
  const figures = await compare(engine, 'spans as in ingest', rows, plan.blocks, blocks)
  for (const other of plan.otherBlocks) {
    figures.push(
      ...(await compare(engine, other.name, other.rows, other.blocks.length, other.blocks)),
    )
  }
  return figures
}

async function compare(
  engine: TestEngine,
  what: string,
  rows: number,
  count: number,
  blocks: readonly Uint8Array[],
): Promise<Figure[]> {
  const prefix = what.replaceAll(/\W/g, '_')
  const sides = [
    await open(engine, 'ours, all tables', `${prefix}_ours`, undefined, {}),
    // As its exporter and a server do it: skip indexes at the insert, wide parts from 10 MiB.
    await open(engine, 'stock', `${prefix}_stock`, stockTables(serverDefaults), {
      materialize_skip_indexes_on_insert: '1',
    }),
    await open(engine, 'stock with our settings', `${prefix}_tuned`, stockTables(), {}),
  ]
  try {
    for (let i = 0; i < count; i++) {
      // In turns, so that what else the machine does meets all.
      for (const side of sides)
        await insert(engine, side, blocks[i % blocks.length], `${what}-${i}`)
    }
    const figures: Figure[] = []
    for (const side of sides) {
      const median = side.ms.toSorted((a, b) => a - b)[side.ms.length >> 1] ?? 0
      figures.push(
        { name: `${what}: insert, ${side.name}`, value: (rows / median) * 1000, unit: 'spans/s' },
        {
          name: `${what}: CPU of inserts, ${side.name}`,
          value: (side.cpuMs * 1000) / (rows * count),
          unit: 'µs/span',
        },
      )
    }
    for (const side of sides) figures.push(...(await diskFigures(side, what, rows * count)))
    return figures
  } finally {
    await Promise.all(sides.flatMap(({ store, reader }) => [store.close(), reader.close()]))
  }
}

async function open(
  engine: TestEngine,
  name: string,
  database: string,
  tables: readonly string[] | undefined,
  settings: Readonly<Record<string, string>>,
): Promise<Side> {
  const { writer, reader } = engine.open(database)
  if (tables === undefined) await migrate(writer)
  else {
    await writer.createDatabase()
    for (const table of tables) await writer.command(table)
  }
  // Merges come at the end, for all alike.
  await writer.command('SYSTEM STOP MERGES')
  return { name, database, settings, store: writer, reader, ms: [], cpuMs: 0 }
}

async function insert(
  engine: TestEngine,
  side: Side,
  block: Uint8Array | undefined,
  token: string,
): Promise<void> {
  const target = new URL(engine.url)
  const settings = {
    database: side.database,
    query: 'INSERT INTO otel_traces FORMAT Native',
    insert_deduplication_token: token,
    deduplicate_blocks_in_dependent_materialized_views: '1',
    ...side.settings,
  }
  for (const [key, value] of Object.entries(settings)) target.searchParams.set(key, value)
  const cpuMs = engineCpuMs()
  const startMs = performance.now()
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': engine.writerToken },
    body: new Uint8Array(block ?? []),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  side.ms.push(performance.now() - startMs)
  side.cpuMs += engineCpuMs() - cpuMs
}

async function diskFigures(side: Side, what: string, spans: number): Promise<Figure[]> {
  const tables = await side.store.query<{ name: string }>(
    `SELECT name FROM system.tables
     WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'wayward_migrations'`,
  )
  const cpuMs = engineCpuMs()
  for (const { name } of tables) {
    // Table by table: without a name it would start those of the other databases as well.
    await side.store.command(`SYSTEM START MERGES ${side.database}.${name}`)
    await side.store.command('OPTIMIZE TABLE {name:Identifier} FINAL', { name })
  }
  const mergeMs = engineCpuMs() - cpuMs
  const [row] = await side.store.query<{ rows: string; stock: string; all: string }>(
    `SELECT
       sumIf(rows, table = 'otel_traces') AS rows,
       sumIf(bytes_on_disk, table LIKE 'otel_%') AS stock,
       sum(bytes_on_disk) AS all
     FROM system.parts WHERE database = currentDatabase() AND active AND table != 'wayward_migrations'`,
  )
  if (Number(row?.rows) !== spans)
    throw new Error(`${spans} spans were inserted, ${row?.rows} are there`)
  const bytes = (text: string | undefined): number => Number(text) / spans
  const figures: Figure[] = [
    { name: `${what}: on disk, ${side.name}`, value: bytes(row?.all), unit: 'bytes/span' },
    {
      name: `${what}: CPU of merging all parts, ${side.name}`,
      value: (mergeMs / spans) * 1000,
      unit: 'µs/span',
    },
  ]
  if (row?.all === row?.stock) return figures
  const name = `${what}: on disk, ours, otel_* tables only`
  return [...figures, { name, value: bytes(row?.stock), unit: 'bytes/span' }]
}

/**
 * CPU of this process's children, of which the engine is the only one. 0 where there is no /proc.
 */
function engineCpuMs(): number {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    const ticks = children
      .trim()
      .split(' ')
      .map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [])
      .map((fields) => Number(fields[11] ?? 0) + Number(fields[12] ?? 0))
    return ticks.reduce((sum, value) => sum + value, 0) * msPerTick
  } catch {
    return 0
  }
}

const msPerTick = 10
