// Goal: every analyzer gives the same answer where the tables are Distributed ones over shards.
// Method: the schema of a shard in one database, and in another Distributed tables whose two shards
// are this engine by two names (`remote`, which needs no network then), each of which sees its part
// of the rows; a golden case of each analyzer. What the network adds is not shown here.
import { readdirSync, readFileSync } from 'node:fs'
import { analyzers, runAnalyzer } from '@wayward/analyzers'
import { type Store, toClusterStatements } from '@wayward/clickhouse'
import { migrations } from '@wayward/clickhouse/migrations'
import { parseStatement, readSql } from '@wayward/clickhouse/schema/statement'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import { type RecordedMessage, toMessageRows } from '../harness/messages.ts'
import { type RecordedProcess, toMoment, toRows } from '../harness/recording.ts'

interface GoldenInput {
  readonly window?: {
    readonly from?: number
    readonly to?: number
    readonly service?: string
    readonly sessions?: readonly string[]
  }
  readonly processes: readonly RecordedProcess[]
  readonly messages?: readonly RecordedMessage[]
  readonly states?: readonly object[]
}

const goldenFolder = new URL('../golden/', import.meta.url)

let engine: TestEngine
let shard: { readonly writer: Store; readonly reader: Store }

beforeAll(async () => {
  engine = await startTestEngine()
  shard = engine.open('shard')
  await engine.writer.createDatabase()
  await shard.writer.createDatabase()
  for (const sql of await clusterStatements()) await create(sql)
})

afterAll(async () => {
  await Promise.all([shard.writer.close(), shard.reader.close()])
  await engine.shutdown()
})

async function clusterStatements(): Promise<string[]> {
  const files = migrations.flatMap((migration) => migration.files)
  const texts = await Promise.all(files.map(readSql))
  return texts.flatMap((text) => toClusterStatements(parseStatement(text).sql, 'main'))
}

/** What keeps rows is made in the shard, what is in front of it beside it. */
async function create(sql: string): Promise<void> {
  const front = /^CREATE TABLE IF NOT EXISTS (\w+) [^]*ENGINE = Distributed\(/.exec(sql)?.[1]
  const statement = sql.replace(/ ON CLUSTER `main`/, '')
  if (front !== undefined) {
    await createFront(
      front,
      /Distributed\('main', currentDatabase\(\), '\w+', (.*)\)$/.exec(sql)?.[1],
    )
  } else if (/_local\b/.test(statement)) {
    await shard.writer.command(
      statement
        .replace(/^ENGINE = Replicated/m, 'ENGINE = ')
        .replaceAll(/, replicated_deduplication_window(?:_seconds)? = \d+/g, ''),
    )
  } else if (statement.startsWith('CREATE VIEW')) {
    await engine.writer.command(statement)
  }
}

/**
 * Two shards, each of which sees its part of the rows; what views fill lies where its trace does.
 * Not of tables that are asked for with FINAL, which a view cannot be: these have one shard.
 */
async function createFront(name: string, shardingKey?: string): Promise<void> {
  const isFinal = ['wayward_open_operations', 'wayward_job_states'].includes(name)
  if (!isFinal) {
    const hasKeys = /_lock_(?:holds|waits)$/.test(name)
    const columns = hasKeys ? '*, lock_key, actor_key' : '*'
    const ofKind = /_(?:holds|waits|items|runs|attempts)$/.test(name) ? 'cityHash64(trace_id)' : '0'
    await shard.writer.command(
      `CREATE VIEW ${name}_part AS SELECT ${columns} FROM ${name}_local
       WHERE toUInt64(${shardingKey ?? ofKind}) % 2 = shardNum() - 1`,
    )
  }
  const [hosts, table] = isFinal ? ['127.0.0.1', 'local'] : ['127.0.0.1,localhost', 'part']
  await engine.writer.command(`CREATE TABLE ${name} AS remote('${hosts}', shard, ${name}_${table})`)
}

async function insert(table: string, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return
  const target = new URL(engine.url)
  target.searchParams.set('database', 'shard')
  target.searchParams.set('query', `INSERT INTO ${table}_local FORMAT JSONEachRow`)
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': engine.writerToken },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  })
  if (!response.ok) throw new Error(await response.text())
}

async function empty(): Promise<void> {
  const tables = await shard.writer.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = 'shard' AND engine LIKE '%MergeTree'",
  )
  for (const { name } of tables) {
    await shard.writer.command('TRUNCATE TABLE {name:Identifier}', { name })
  }
}

test.each(analyzers.map(({ name }) => name))('%s', async (analyzer) => {
  const [name = ''] = readdirSync(new URL(`${analyzer}/`, goldenFolder))
  const folder = new URL(`${analyzer}/${name}/`, goldenFolder)
  const input = JSON.parse(readFileSync(new URL('input.json', folder), 'utf8')) as GoldenInput
  await empty()
  const { traces, logs } = toRows(input.processes)
  const messages = Object.entries(toMessageRows(input.messages ?? []))
  for (const [table, rows] of [
    ['otel_traces', traces] as const,
    ['otel_logs', logs] as const,
    ['wayward_job_states', input.states ?? []] as const,
    ...messages,
  ]) {
    await insert(table, rows)
  }
  const { from, to, ...filters } = input.window ?? {}
  const { columns, rows } = await runAnalyzer(engine.reader, analyzer, {
    ...filters,
    ...(from === undefined ? {} : { from: toMoment(from) }),
    ...(to === undefined ? {} : { to: toMoment(to) }),
  })
  const expected = readFileSync(new URL('expected.csv', folder), 'utf8')
  const names = columns.map((column) => column.name)
  const lines = rows.map((row) => names.map((column) => toCell(row[column])).join(','))
  const told = `${[names.join(','), ...lines].join('\n')}\n`
  // Of examples that are alike any may be told.
  expect(told.replaceAll(idPattern, 'id')).toBe(expected.replaceAll(idPattern, 'id'))
})

const idPattern = /\b[0-9a-f]{16}(?:[0-9a-f]{16})?\b/g

function toCell(value: unknown): string {
  if (Array.isArray(value)) return `"${value.join(' ')}"`
  return typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(6)))
    : String(value)
}
