// Goal: tables that another collector made are used as they are. Method: the tables of each form
// that is in the field, ours on top, and the same decoded requests into them and into tables of our
// own; every value must be the same in both.
import { dryRun, isEmpty, migrate, type Store } from '@wayward/clickhouse'
import { declaredColumns } from '@wayward/clickhouse/schema/columns'
import { planAdaptations } from '@wayward/clickhouse/schema/foreign-tables'
import { stockTables } from '@wayward/clickhouse/tables'
import { showStatement } from '@wayward/clickhouse/schema/show'
import { readSql } from '@wayward/clickhouse/schema/statement'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../collector/decode/random.ts'
import { RequestGenerator } from '../../collector/decode/request-generator.ts'
import { signals } from '../../collector/decode/signals.ts'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'
import { type Generation, json, next, oldest, released } from './foreign-tables.ts'

let engine: TestEngine
const stores: Store[] = []
/** Decoded requests of all signals, by table. */
const blocks = new Map<string, Uint8Array[]>()

beforeAll(async () => {
  engine = await startTestEngine()
  const own = open('own')
  await migrate(own)
  for (const one of signals) {
    const decoder = one.create()
    const generator = new RequestGenerator(createRandom(7), { isOdd: false })
    for (let i = 0; i < 20; i++) decoder.decode('protobuf', generator[one.signal]())
    for (const block of decoder.blocks) blocks.set(block.table, block.take())
  }
  await insertAll(own)
})

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await engine.shutdown()
})

const forms: readonly (readonly [string, Generation, string])[] = [
  ['2022', oldest, 'toString'],
  ['2024', released, 'toString'],
  ['2026', next, 'seconds'],
]

describe.each(forms)('tables of %s', (year, statements, times) => {
  test('take every value, once, and feed the views', async () => {
    const store = await make(`foreign_${year}`, statements)
    const before = await engines(store)
    expect((await migrate(store)).warnings).toEqual([])
    expect(isEmpty(await dryRun(store))).toBe(true)
    expect(await engines(store)).toMatchObject(before)
    await insertAll(store)
    await insertAll(store)
    for (const table of stockTables) {
      const columns = declaredColumns(await readSql(`tables/${table}.sql`))
      expect(columns.length).toBeGreaterThan(15)
      const query = digest(table, columns, times === 'seconds' && table.includes('metrics'))
      expect(await store.query(query), table).toEqual(await open('own').query(query))
    }
    const views = `SELECT (SELECT sum(spans) FROM wayward_sessions) AS spans, (SELECT sum(logs) FROM wayward_sessions) AS logs,
      (SELECT count() FROM otel_traces_trace_id_ts) AS traces`
    expect(await store.query(views)).toEqual(await open('own').query(views))
  })
})

test('a table of 2024 still computes its TimestampTime', async () => {
  const [row] = await open('foreign_2024').query<{ wrong: string; rows: string }>(
    'SELECT countIf(TimestampTime != toDateTime(Timestamp)) AS wrong, count() AS rows FROM otel_logs',
  )
  expect(row?.wrong).toBe('0')
  expect(Number(row?.rows)).toBeGreaterThan(10)
})

test('tables with JSON columns are refused, with the cure', async () => {
  const store = await make('foreign_json', json)
  await expect(migrate(store)).rejects.toMatchObject({
    code: 'unfit_tables',
    message: expect.stringMatching(
      /column ResourceAttributes of otel_traces is JSON, wanted Map.*Name another database with --clickhouse-database/s,
    ) as string,
  })
  // Nothing was changed before the refusal.
  expect(Object.keys(await engines(store))).toEqual(['otel_traces'])
})

test('planAdaptations() asks each engine for the window that it has', async () => {
  const columns = new Map(
    declaredColumns(await readSql('tables/otel_traces.sql')).map(({ name, type }) => [
      name,
      { type, isComputed: false },
    ]),
  )
  const planFor = async (engineName: string, settings = ''): Promise<string[]> => {
    const statement = `CREATE TABLE otel_traces ENGINE = ${engineName} SETTINGS index_granularity = 8192${settings}`
    const tables = new Map([['otel_traces', { engine: engineName, statement, columns }]])
    const planned = await planAdaptations({ hasDatabase: true, versions: new Set(), tables })
    return planned.map(({ sql, parameters }) => showStatement(sql, parameters))
  }
  expect(await planFor('MergeTree')).toEqual([
    'ALTER TABLE otel_traces MODIFY SETTING non_replicated_deduplication_window = 10000',
  ])
  expect(await planFor('ReplicatedMergeTree')).toEqual([
    'ALTER TABLE otel_traces MODIFY SETTING replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800',
  ])
  const set = ', replicated_deduplication_window_seconds = 604800'
  expect(await planFor('ReplicatedMergeTree', set)).toEqual([])
  for (const other of ['Distributed', 'SharedMergeTree', 'Null']) {
    expect(await planFor(other)).toEqual([])
  }
})

describe('without the right to change tables', () => {
  test('migrate() says what is lost, and inserts leave it out', async () => {
    const store = await make('kept', released)
    await migrate(store)
    await store.command('ALTER TABLE otel_traces DROP COLUMN TraceState')
    await store.command('ALTER TABLE otel_traces RESET SETTING non_replicated_deduplication_window')
    const { applied, warnings } = await migrate(store, { mayChange: false })
    expect(applied).toEqual([])
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The values of TraceState are not stored in otel_traces.*run: ALTER TABLE otel_traces ADD COLUMN IF NOT EXISTS TraceState String/,
      ),
      expect.stringMatching(/twice in otel_traces.*run: ALTER TABLE otel_traces MODIFY SETTING/),
    ])
    const traces = blocks.get('otel_traces') ?? []
    expect(await store.insertNative('otel_traces', traces, 'lossy')).toEqual({ status: 'inserted' })
    // Cured, everything is stored again.
    expect((await migrate(store)).warnings).toEqual([])
    expect(await store.insertNative('otel_traces', traces, 'whole')).toEqual({ status: 'inserted' })
  })

  test('migrate() refuses where tables or columns of views are missing', async () => {
    const store = await make('bare', released)
    await expect(migrate(store, { mayChange: false })).rejects.toMatchObject({
      code: 'unfit_tables',
      message: expect.stringMatching(
        /missing: .*wayward_lock_holds.*column EventName of otel_logs.*wayward migrate --dry-run/s,
      ) as string,
    })
  })
})

async function make(database: string, statements: Generation): Promise<Store> {
  const store = open(database)
  await store.createDatabase()
  for (const statement of statements) await store.command(statement)
  return store
}

function open(database: string): Store {
  const { writer, reader } = engine.open(database)
  stores.push(writer, reader)
  return writer
}

async function insertAll(store: Store): Promise<void> {
  for (const [table, chunks] of blocks) {
    expect(await store.insertNative(table, chunks, 'token'), table).toEqual({ status: 'inserted' })
  }
}

async function engines(store: Store): Promise<Record<string, string>> {
  const rows = await store.query<{ name: string; engine: string }>(
    'SELECT name, engine FROM system.tables WHERE database = currentDatabase() ORDER BY name',
  )
  return Object.fromEntries(rows.map(({ name, engine: of }) => [name, of]))
}

/** Rows and a sum over all of them of a hash of all their values. */
function digest(
  table: string,
  columns: readonly { readonly name: string; readonly type: string }[],
  isInSeconds: boolean,
): string {
  const cells = columns.map(({ name, type }) => {
    const quoted = `\`${name}\``
    if (isInSeconds && type === 'DateTime64(9)') return `toString(toDateTime(${quoted}, 'UTC'))`
    if (isInSeconds && type === 'Array(DateTime64(9))') {
      return `toString(arrayMap(t -> toDateTime(t, 'UTC'), ${quoted}))`
    }
    return `toString(${quoted})`
  })
  return `SELECT count() AS rows, sum(cityHash64(${cells.join(', ')})) AS digest FROM ${table}`
}
