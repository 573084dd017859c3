// The one schema as statements for a cluster. One engine is no cluster: here the statements are
// parsed by ClickHouse, and the tables are created with what needs other servers taken out (ON
// CLUSTER, Replicated, Distributed).
import { migrate, type Store, toClusterStatements } from '@wayward/clickhouse'
import { migrations } from '@wayward/clickhouse/migrations'
import { dryRun } from '@wayward/clickhouse/schema/migrate'
import { showPlan } from '@wayward/clickhouse/schema/show'
import { parseStatement, readSql } from '@wayward/clickhouse/schema/statement'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'

let engine: TestEngine
const stores: Store[] = []

beforeAll(async () => {
  engine = await startTestEngine()
})

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await engine.shutdown()
})

describe('toClusterStatements()', () => {
  test('gives statements that ClickHouse can parse, one by one', async () => {
    for (const sql of await clusterSchema("it's a `cluster`")) {
      const [row] = await engine.reader.query<{ text: string }>(
        'SELECT formatQuerySingleLine({sql:String}) AS text',
        { sql },
      )
      expect(row?.text).toMatch(/ ON CLUSTER /)
    }
  })

  test('replicates every table that keeps rows, with windows that outlast an outage', async () => {
    const tables = (await clusterSchema('main')).filter((sql) =>
      /\nENGINE = \w*MergeTree/.test(sql),
    )
    expect(tables.length).toBeGreaterThan(15)
    for (const sql of tables) {
      expect(sql).toMatch(/^CREATE TABLE IF NOT EXISTS \w+_local ON CLUSTER `main`\n/)
      expect(sql).toMatch(/\nENGINE = Replicated\w*MergeTree/)
      if (sql.includes('wayward_migrations')) continue
      expect(sql).toContain('non_replicated_deduplication_window = 10000')
      expect(sql).toContain(', replicated_deduplication_window = 10000')
      expect(sql).toContain('replicated_deduplication_window_seconds = 604800')
    }
  })

  test('leads views from shard tables to shard tables', async () => {
    const views = (await clusterSchema('main')).filter((sql) => sql.includes('MATERIALIZED VIEW'))
    expect(views.length).toBeGreaterThan(8)
    for (const sql of views) {
      expect(sql).toMatch(/ ON CLUSTER `main` TO \w+_local\n/)
      expect(sql.match(/^FROM .*$/gm)).toEqual([expect.stringMatching(/^FROM \w+_local$/)])
    }
  })

  test('changes columns in both tables, and settings and times to live where the rows are', () => {
    const added = toClusterStatements(
      'ALTER TABLE otel_logs ADD COLUMN IF NOT EXISTS A String',
      'c',
    )
    expect(added).toEqual([
      'ALTER TABLE otel_logs_local ON CLUSTER `c` ADD COLUMN IF NOT EXISTS A String',
      'ALTER TABLE otel_logs ON CLUSTER `c` ADD COLUMN IF NOT EXISTS A String',
    ])
    expect(toClusterStatements('ALTER TABLE otel_logs MODIFY TTL Timestamp', 'c')).toEqual([
      'ALTER TABLE otel_logs_local ON CLUSTER `c` MODIFY TTL Timestamp',
    ])
    expect(toClusterStatements('RENAME TABLE IF EXISTS a TO b', 'c')).toEqual([
      'RENAME TABLE IF EXISTS a_local TO b_local ON CLUSTER `c`',
      'DROP TABLE IF EXISTS a ON CLUSTER `c` SYNC',
    ])
    expect(toClusterStatements('CREATE VIEW IF NOT EXISTS a\nAS SELECT 1', 'c')).toEqual([
      'CREATE VIEW IF NOT EXISTS a ON CLUSTER `c`\nAS SELECT 1',
    ])
    expect(() => toClusterStatements('DROP TABLE otel_logs', 'c')).toThrow('No form for a cluster')
  })

  test('is the one that is kept', async () => {
    const store = open('nothing_here')
    const script = showPlan(await dryRun(store, { cluster: 'main' }), {
      database: 'wayward',
      cluster: 'main',
    })
    await expect(script).toMatchFileSnapshot('../../golden/schema-cluster.sql')
  })
})

test('the tables of a shard take rows, the views fill, and sharding keys are the same at every try', async () => {
  const store = open('shard')
  await store.createDatabase()
  for (const sql of await clusterSchema('main')) await store.command(withoutCluster(sql))
  await store.command(
    `INSERT INTO otel_traces_local (Timestamp, TraceId, SpanId, ServiceName, SpanAttributes)
     SELECT now64(9), toString(number), toString(number), 'shop', map('wayward.kind', 'lock_hold') FROM numbers(100)`,
  )
  expect(
    await store.query(
      `SELECT (SELECT count() FROM otel_traces) AS spans, (SELECT count() FROM wayward_lock_holds) AS holds,
         (SELECT sum(spans) FROM wayward_sessions) AS session, (SELECT count() FROM otel_traces_trace_id_ts) AS traces`,
    ),
  ).toEqual([{ spans: '100', holds: '100', session: '100', traces: '100' }])
  for (const sql of await clusterSchema('main')) {
    const key =
      /^CREATE TABLE IF NOT EXISTS (\w+) [^]*Distributed\('main', currentDatabase\(\), '\w+', (.*)\)$/.exec(
        sql,
      )
    if (key === null) continue
    expect(key[2]).not.toContain('rand')
    // The expression exists for the table's columns.
    await store.query(`SELECT toUInt64(${key[2]}) AS shard FROM ${key[1]}_local LIMIT 1`)
  }
})

describe('migrate()', () => {
  test('refuses a cluster over tables of one server', async () => {
    const store = open('single')
    await migrate(store)
    await expect(migrate(store, { cluster: 'main' })).rejects.toMatchObject({
      code: 'unfit_tables',
      message: expect.stringMatching(
        /otel_traces is a MergeTree table of one server.*leave out/s,
      ) as string,
    })
  })

  test('asks for the cluster where the tables have one', async () => {
    const store = open('shard')
    await expect(migrate(store)).rejects.toMatchObject({
      code: 'unfit_tables',
      message: expect.stringContaining('--clickhouse-cluster') as string,
    })
  })
})

async function clusterSchema(cluster: string): Promise<string[]> {
  const files = ['tables/wayward_migrations.sql', ...migrations.flatMap(({ files: list }) => list)]
  const statements: string[] = []
  for (const file of files) {
    statements.push(...toClusterStatements(parseStatement(await readSql(file)).sql, cluster))
  }
  return statements
}

function withoutCluster(sql: string): string {
  return sql
    .replace(/ ON CLUSTER `main`/, '')
    .replace(/^ENGINE = Replicated/m, 'ENGINE = ')
    .replace(
      /^ENGINE = Distributed\('main', currentDatabase\(\), '(\w+)'.*$/m,
      "ENGINE = Merge(currentDatabase(), '^$1$$')",
    )
}

function open(database: string): Store {
  const { writer, reader } = engine.open(database)
  stores.push(writer, reader)
  return writer
}
