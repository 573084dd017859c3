import { readdirSync, readFileSync } from 'node:fs'
import { dryRun, isEmpty, migrate, showPlan, type Store, StoreError } from '@wayward/clickhouse'
import { migrations } from '@wayward/clickhouse/migrations'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import { released } from './schema/foreign-tables.ts'

const clickhouseFolder = new URL('../../clickhouse/', import.meta.url)
const analyzersFolder = new URL('../../analyzers/', import.meta.url)
const registryFolder = new URL('../../semconv/registry/', import.meta.url)

const readSql = (path: string): string => readFileSync(new URL(path, clickhouseFolder), 'utf8')
const tableFiles = readdirSync(new URL('tables/', clickhouseFolder)).map((name) => `tables/${name}`)

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestEngine()
})

afterAll(async () => {
  await engine.shutdown()
})

describe('migrate()', () => {
  test('makes the database and the whole schema, and nothing the second time', async () => {
    const { writer } = engine.open('fresh')
    try {
      const first = await migrate(writer, { clock: () => 1_795_244_399_123 })
      expect(first.applied).toEqual(migrations.map((migration) => migration.version))
      expect((await migrate(writer)).applied).toEqual([])
      const remembered = await writer.query(
        'SELECT version, name, applied_at FROM wayward_migrations FINAL ORDER BY version',
      )
      expect(remembered).toEqual(
        migrations.map(({ version, name }) => ({
          version,
          name,
          applied_at: '2026-11-21 06:59:59.123',
        })),
      )
    } finally {
      await writer.close()
    }
  })

  test('gives one schema when two processes race', async () => {
    const [one, two] = [engine.open('race'), engine.open('race')]
    try {
      await Promise.all([migrate(one.writer), migrate(two.writer)])
      const alone = engine.open('alone')
      await migrate(alone.writer)
      expect(await dumpSchema('race')).toEqual(await dumpSchema('alone'))
      await Promise.all([alone.writer.close(), alone.reader.close()])
    } finally {
      await Promise.all([one, two].flatMap((pair) => [pair.writer.close(), pair.reader.close()]))
    }
  })

  test('goes on where a process was killed between two statements', async () => {
    const { writer } = engine.open('interrupted')
    try {
      await writer.createDatabase()
      await writer.command(readSql('tables/wayward_migrations.sql'))
      for (const file of migrations[0]?.files.slice(0, 3) ?? []) {
        await writer.command(readSql(file))
      }
      expect((await migrate(writer)).applied).toEqual(migrations.map(({ version }) => version))
    } finally {
      await writer.close()
    }
  })

  test('goes on after any number of processes that died on their way', async () => {
    const { writer } = engine.open('dying')
    const { writer: whole } = engine.open('whole')
    try {
      await migrate(whole)
      for (const statements of [0, 1, 3, 7, 5, 11, 2]) {
        await expect(migrate(dyingAfter(writer, statements))).rejects.toThrow('killed')
      }
      await migrate(writer)
      expect(isEmpty(await dryRun(writer))).toBe(true)
      expect(await dumpSchema('dying')).toEqual(await dumpSchema('whole'))
    } finally {
      await Promise.all([writer.close(), whole.close()])
    }
  })

  test('makes a table, a view and a column again that somebody dropped', async () => {
    const { writer } = engine.open('dropped')
    try {
      await migrate(writer)
      await writer.command('DROP VIEW wayward_lock_holds_mv')
      await writer.command('DROP TABLE wayward_lock_holds')
      await writer.command('ALTER TABLE otel_logs DROP COLUMN ScopeName')
      const script = showPlan(await dryRun(writer), { database: 'dropped' })
      expect(script.match(/^(?:CREATE|ALTER|INSERT).*/gm)).toEqual([
        expect.stringMatching(/^ALTER TABLE otel_logs ADD COLUMN IF NOT EXISTS ScopeName String /),
        'CREATE TABLE IF NOT EXISTS wayward_lock_holds',
        'CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_lock_holds_mv TO wayward_lock_holds',
      ])
      expect((await migrate(writer)).applied).toEqual([])
      expect(isEmpty(await dryRun(writer))).toBe(true)
    } finally {
      await writer.close()
    }
  })

  test('gives a store of an earlier build the columns, the index and the queries of this one', async () => {
    const { writer } = engine.open('earlier')
    const { writer: made } = engine.open('made_now')
    try {
      await migrate(made)
      await migrate(writer)
      for (const sql of earlierBuild) await writer.command(sql)
      await writer.command('INSERT INTO wayward_lock_holds (service, sequence) VALUES (1, 1)')
      const script = showPlan(await dryRun(writer), { database: 'earlier' })
      expect(script.match(/^ALTER TABLE \w+ MODIFY QUERY/gm)).toHaveLength(6)
      expect((await migrate(writer)).applied).toEqual([
        8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
      ])
      expect(isEmpty(await dryRun(writer))).toBe(true)
      // What was there before gets its index and its projections, in the background.
      await vi.waitFor(async () => {
        const filled = `SELECT (SELECT count() FROM system.mutations WHERE database = 'earlier' AND NOT is_done)
          AS left, (SELECT sum(rows) FROM system.projection_parts WHERE database = 'earlier' AND active) AS projected`
        expect(await writer.query(filled)).toEqual([{ left: '0', projected: '3' }])
      }, 10_000)
      expect(await dumpSchema('earlier')).toEqual(await dumpSchema('made_now'))
    } finally {
      await Promise.all([writer.close(), made.close()])
    }
  })

  test('goes on, and says so, where a newer version was', async () => {
    const { writer } = engine.open('newer')
    try {
      await migrate(writer)
      await writer.command(
        "INSERT INTO wayward_migrations (version, name, applied_at) SELECT 900, 'Later', now64(3)",
      )
      expect(await migrate(writer)).toEqual({
        applied: [],
        warnings: [
          expect.stringMatching(/newer version of Wayward \(schema 900\); its tables fit/),
        ],
      })
      await writer.command('ALTER TABLE otel_traces MODIFY COLUMN TraceState Array(String)')
      await expect(migrate(writer)).rejects.toMatchObject({ code: 'unfit_tables' })
    } finally {
      await writer.close()
    }
  })

  test('only looks where the user may only read', async () => {
    const { writer, reader } = engine.open('watched')
    try {
      await expect(migrate(reader)).rejects.toBeInstanceOf(StoreError)
      await migrate(writer)
      expect(await migrate(reader)).toEqual({ applied: [], warnings: [] })
      expect(isEmpty(await dryRun(reader))).toBe(true)
    } finally {
      await Promise.all([writer.close(), reader.close()])
    }
  })

  test('prints a script that makes the same schema', async () => {
    const { writer } = engine.open('by_hand')
    const { writer: ours } = engine.open('by_migrate')
    try {
      const script = showPlan(await dryRun(writer), { database: 'by_hand' })
      // Nothing was made by looking.
      await expect(writer.query('SELECT 1')).rejects.toMatchObject({ code: 'unknown_database' })
      await writer.createDatabase()
      for (const part of script.split(/;\n/)) {
        const sql = part.replace(/^\s*(?:--.*\n)+/, '').replace(/VALUES \((.*)\)$/, 'SELECT $1')
        if (!/^(?:CREATE DATABASE|USE|$)/.test(sql.trim())) await writer.command(sql)
      }
      await migrate(ours)
      expect(await migrate(writer)).toEqual({ applied: [], warnings: [] })
      expect(await dumpSchema('by_hand')).toEqual(await dumpSchema('by_migrate'))
    } finally {
      await Promise.all([writer.close(), ours.close()])
    }
  })

  describe('with a table that had another name', () => {
    const from = 'otel_metrics_exp_histogram'
    const to = 'otel_metrics_exponential_histogram'
    const insert = `INSERT INTO {table:Identifier} (MetricName, TimeUnix, Count)
      SETTINGS insert_deduplication_token = 'first' SELECT 'size', toDateTime64(1795244399, 9), 7`

    /** The database as schema 5 left it, with a row. */
    async function openFormer(name: string): Promise<Store> {
      const { writer, reader } = engine.open(name)
      await reader.close()
      await migrate(writer)
      await writer.command(`DROP VIEW ${from}`)
      await writer.command(`RENAME TABLE ${to} TO ${from}`)
      await writer.command('ALTER TABLE wayward_migrations DELETE WHERE version = 6', {})
      await writer.command(insert, { table: from })
      return writer
    }

    const counts = async (store: Store): Promise<unknown> =>
      await store.query(
        `SELECT (SELECT sum(Count) FROM ${from}) AS former, (SELECT sum(Count) FROM ${to}) AS now`,
      )

    test('keeps its rows and what it remembers of inserts, and the name as a view', async () => {
      const store = await openFormer('former')
      try {
        const script = showPlan(await dryRun(store), { database: 'former' })
        expect(script.match(/^(?:CREATE|ALTER|RENAME)[^;\n]*/gm)).toEqual([
          `RENAME TABLE IF EXISTS ${from} TO ${to}`,
          `CREATE VIEW IF NOT EXISTS ${from}`,
        ])
        await expect(migrate(store, { mayChange: false })).rejects.toThrow(`the name ${to}`)
        expect((await migrate(store)).warnings).toEqual([])
        expect(isEmpty(await dryRun(store))).toBe(true)
        await store.command(insert, { table: to })
        expect(await counts(store)).toEqual([{ former: '7', now: '7' }])
        const { writer } = engine.open('former_fresh')
        await migrate(writer)
        expect(await dumpSchema('former')).toEqual(await dumpSchema('former_fresh'))
        await writer.close()
      } finally {
        await store.close()
      }
    })

    test('does so once when two processes race, and after any that died on its way', async () => {
      const store = await openFormer('former_race')
      const { writer, reader } = engine.open('former_race')
      try {
        await expect(migrate(dyingAfter(store, 1))).rejects.toThrow('killed')
        await Promise.all([migrate(store), migrate(writer), migrate(store)])
        expect(await counts(store)).toEqual([{ former: '7', now: '7' }])
      } finally {
        await Promise.all([store.close(), writer.close(), reader.close()])
      }
    })

    test('leaves it where the stock exporter has made the other, and says what to run', async () => {
      const store = await openFormer('former_both')
      try {
        await store.command(readSql(`tables/${to}.sql`))
        const { warnings } = await migrate(store)
        expect(warnings).toEqual([
          expect.stringContaining(`INSERT INTO ${to} SELECT * FROM ${from}`),
        ])
        expect(await counts(store)).toEqual([{ former: '7', now: '0' }])
        for (const sql of /run: (.*); (.*)$/.exec(warnings[0] ?? '')?.slice(1) ?? []) {
          await store.command(sql)
        }
        expect((await migrate(store)).warnings).toEqual([])
        expect(await counts(store)).toEqual([{ former: '7', now: '7' }])
      } finally {
        await store.close()
      }
    })

    test('leaves a table that others made under that name', async () => {
      const { writer } = engine.open('former_foreign')
      try {
        await writer.createDatabase()
        const [sql = ''] = released.filter((one) => one.includes(`TABLE ${to} `))
        await writer.command(sql.replace(to, from))
        expect((await migrate(writer)).warnings).toEqual([])
        const [row] = await writer.query<{ engine: string }>(
          `SELECT engine FROM system.tables WHERE database = 'former_foreign' AND name = '${from}'`,
        )
        expect(row?.engine).toBe('MergeTree')
      } finally {
        await writer.close()
      }
    })
  })

  test('takes over tables that the stock exporter made', async () => {
    const { writer } = engine.open('stock')
    try {
      await writer.createDatabase()
      // The stock form before v0.151, as far as it matters here: no event name, no deduplication
      // window.
      const stockOf = (file: string): string =>
        readSql(file).replace(', non_replicated_deduplication_window = 10000', '')
      await writer.command(stockOf('tables/otel_traces.sql'))
      await writer.command(stockOf('tables/otel_traces_trace_id_ts.sql'))
      await writer.command(stockOf('tables/otel_logs.sql').replace(/\n {2}EventName [^\n]+/, ''))
      const metrics = ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary']
      for (const kind of metrics) await writer.command(stockOf(`tables/otel_metrics_${kind}.sql`))
      await migrate(writer)
      const silent = await writer.query(
        `SELECT name FROM system.tables WHERE database = 'stock' AND engine = 'MergeTree'
           AND create_table_query NOT LIKE '%non_replicated_deduplication_window = 10000%'`,
      )
      expect(silent).toEqual([])
      const [logs] = await writer.query<{ statement: string }>(
        "SELECT create_table_query AS statement FROM system.tables WHERE database = 'stock' AND name = 'otel_logs'",
      )
      expect(logs?.statement).toContain('`EventName` String')
      expect(logs?.statement).toContain('non_replicated_deduplication_window = 10000')
    } finally {
      await writer.close()
    }
  })
})

/** Makes of the newest schema what builds before migration 8 had. */
const earlierBuild = [
  'DROP VIEW wayward_open_now',
  'DROP VIEW wayward_session_times',
  `ALTER TABLE wayward_open_operations_mv MODIFY QUERY
   SELECT ServiceName AS service, LogAttributes['wayward.kind'] AS kind, Timestamp AS seen_at
   FROM otel_logs WHERE EventName = 'wayward.operation.open'`,
  `ALTER TABLE wayward_sessions_logs_mv MODIFY QUERY
   SELECT ServiceName AS service, min(Timestamp) AS first_at, count() AS logs
   FROM otel_logs GROUP BY ServiceName`,
  'ALTER TABLE wayward_open_operations DROP INDEX ended',
  'ALTER TABLE wayward_lock_holds DROP INDEX released',
  ...['lock_waits', 'queue_items'].map((name) => `ALTER TABLE wayward_${name} DROP INDEX ended`),
  ...['half_seconds', 'minutes'].map(
    (projection) => `ALTER TABLE wayward_lock_waits DROP PROJECTION ${projection}`,
  ),
  ...['lock_holds', 'queue_items'].flatMap((name) => [
    `ALTER TABLE wayward_${name} DROP PROJECTION by_half_second`,
    `ALTER TABLE wayward_${name} DROP PROJECTION by_minute`,
    `ALTER TABLE wayward_${name} ADD PROJECTION minutes (SELECT service, count() GROUP BY service)`,
    `ALTER TABLE wayward_${name} DROP COLUMN weight`,
  ]),
  ...['lock_holds', 'lock_waits', 'queue_items'].map(
    (name) => `ALTER TABLE wayward_${name} DROP PROJECTION numbers`,
  ),
  ...['ended_at', 'end_reason', 'seen_uptime_ns', 'interval_ns', 'deadline_at', 'priority'].map(
    (column) => `ALTER TABLE wayward_open_operations DROP COLUMN ${column}`,
  ),
  ...['lock_holds', 'lock_waits'].flatMap((name) =>
    ['lock_key', 'actor_key'].map((column) => `ALTER TABLE wayward_${name} DROP COLUMN ${column}`),
  ),
  ...['uptime_ns', 'clock_at'].map(
    (column) => `ALTER TABLE wayward_sessions DROP COLUMN ${column}`,
  ),
  `CREATE TABLE wayward_ended_operations (service String, ended_at DateTime64(9, 'UTC'))
   ENGINE = MergeTree ORDER BY service`,
  `CREATE MATERIALIZED VIEW wayward_ended_operations_mv TO wayward_ended_operations
   AS SELECT ServiceName AS service, Timestamp AS ended_at FROM otel_logs`,
  'ALTER TABLE wayward_migrations DELETE WHERE version >= 8 SETTINGS mutations_sync = 2',
]

/** The store of a process that is killed before its next statement. */
function dyingAfter(store: Store, statements: number): Store {
  let left = statements
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return async (...given: unknown[]): Promise<unknown> => {
        if (name === 'command' && left-- <= 0) throw new Error('killed')
        return await (Reflect.apply(value, target, given) as Promise<unknown>)
      }
    },
  })
}

describe('the schema', () => {
  test('is the one that is kept', async () => {
    // A name that no attribute begins with, as it is taken out of the statements.
    const { writer } = engine.open('database_of_dump')
    try {
      await migrate(writer)
      await expect(await dumpSchema('database_of_dump')).toMatchFileSnapshot('../golden/schema.sql')
    } finally {
      await writer.close()
    }
  })

  test('comments every column', async () => {
    await migrate(engine.writer)
    const silent = await engine.writer.query(
      `SELECT table, name FROM system.columns
       WHERE database = 'wayward' AND comment = '' AND table NOT IN
       (SELECT name FROM system.tables WHERE database = 'wayward' AND engine LIKE '%View')
       ORDER BY table, name`,
    )
    expect(silent).toEqual([])
  })

  test('names every stock column with its stock type', async () => {
    await migrate(engine.writer)
    const rows = await engine.writer.query<{ table: string; columns: string[] }>(
      `SELECT table, groupArray(concat(name, ' ', type)) AS columns FROM
       (SELECT table, name, type FROM system.columns
        WHERE database = 'wayward' AND table LIKE 'otel\\_%' AND table NOT LIKE '%\\_mv'
          AND table != 'otel_metrics_exp_histogram'
        ORDER BY table, position)
       GROUP BY table ORDER BY table`,
    )
    expect(Object.fromEntries(rows.map((row) => [row.table, row.columns]))).toEqual(stockColumns)
  })
})

describe('the .sql files', () => {
  test('are all part of a migration, and safe to run twice', () => {
    const listed = migrations.flatMap((migration) => migration.files)
    expect(new Set(listed).size).toBe(listed.length)
    expect(
      [...listed, 'tables/wayward_migrations.sql'].filter((f) => f.startsWith('tables/')),
    ).toHaveLength(tableFiles.length)
    for (const file of listed) {
      expect(readSql(file), file).toMatch(
        /IF NOT EXISTS|MODIFY SETTING|MATERIALIZE (?:INDEX|PROJECTION|COLUMN) |DROP \w+ IF EXISTS/,
      )
    }
  })

  test.each(tableFiles)('%s says what it is for, and has one statement', (file) => {
    const sql = readSql(file)
    expect(sql).toMatch(/^-- /)
    expect(sql.replace(/'[^']*'/g, '').replace(/^--.*$/gm, '')).not.toContain(';')
    if (/^CREATE TABLE/m.test(sql)) {
      for (const word of ['ORDER BY', 'PARTITION BY', 'CODEC', 'TTL']) {
        expect(sql.match(/^--.*$/gm)?.join('\n'), `${file}: ${word}`).toContain(word)
      }
    }
  })

  test('use only attributes that the registry has', () => {
    const registry = readdirSync(registryFolder)
      .map((name) => readFileSync(new URL(name, registryFolder), 'utf8'))
      .join('\n')
    const known = new Set(
      [...registry.matchAll(/(?:key|name): (wayward\.[\w.]+)/g)].map((match) => match[1]),
    )
    const analyzerFiles = readdirSync(analyzersFolder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.sql') && !/^(dist|node_modules)/.test(path))
      .map((path) => readFileSync(new URL(path, analyzersFolder), 'utf8'))
    const used = [...tableFiles.map(readSql), ...analyzerFiles].flatMap((sql) =>
      [...sql.matchAll(/wayward\.[a-z_]+(?:\.[a-z_]+)*/g)].map((match) => match[0]),
    )
    expect(used.length).toBeGreaterThan(100)
    expect([...new Set(used)].filter((key) => !known.has(key))).toEqual([])
  })
})

/** All CREATE statements of a database, without its name. */
async function dumpSchema(database: string): Promise<string> {
  const rows = await engine.writer.query<{ statement: string }>(
    `SELECT formatQuery(create_table_query) AS statement FROM system.tables
     WHERE database = {database:String} ORDER BY name`,
    { database },
  )
  const statements = rows.map((row) => row.statement.replaceAll(`${database}.`, ''))
  return `${statements.join(';\n\n')};\n`
}

const map = 'Map(LowCardinality(String), String)'
const stockPointColumns = [
  `ResourceAttributes ${map}`,
  'ResourceSchemaUrl String',
  'ScopeName String',
  'ScopeVersion String',
  `ScopeAttributes ${map}`,
  'ScopeDroppedAttrCount UInt32',
  'ScopeSchemaUrl String',
  'ServiceName LowCardinality(String)',
  'MetricName String',
  'MetricDescription String',
  'MetricUnit String',
  `Attributes ${map}`,
  'StartTimeUnix DateTime64(9)',
  'TimeUnix DateTime64(9)',
]
const stockExemplarColumns = [
  `Exemplars.FilteredAttributes Array(${map})`,
  'Exemplars.TimeUnix Array(DateTime64(9))',
  'Exemplars.Value Array(Float64)',
  'Exemplars.SpanId Array(String)',
  'Exemplars.TraceId Array(String)',
]
const stockColumns = {
  otel_traces: [
    'Timestamp DateTime64(9)',
    'TraceId String',
    'SpanId String',
    'ParentSpanId String',
    'TraceState String',
    'SpanName LowCardinality(String)',
    'SpanKind LowCardinality(String)',
    'ServiceName LowCardinality(String)',
    `ResourceAttributes ${map}`,
    'ScopeName String',
    'ScopeVersion String',
    `SpanAttributes ${map}`,
    'Duration UInt64',
    'StatusCode LowCardinality(String)',
    'StatusMessage String',
    'Events.Timestamp Array(DateTime64(9))',
    'Events.Name Array(LowCardinality(String))',
    `Events.Attributes Array(${map})`,
    'Links.TraceId Array(String)',
    'Links.SpanId Array(String)',
    'Links.TraceState Array(String)',
    `Links.Attributes Array(${map})`,
  ],
  otel_traces_trace_id_ts: ['TraceId String', 'Start DateTime', 'End DateTime'],
  otel_logs: [
    'Timestamp DateTime64(9)',
    'TraceId String',
    'SpanId String',
    'TraceFlags UInt8',
    'SeverityText LowCardinality(String)',
    'SeverityNumber UInt8',
    'ServiceName LowCardinality(String)',
    'Body String',
    'ResourceSchemaUrl LowCardinality(String)',
    `ResourceAttributes ${map}`,
    'ScopeSchemaUrl LowCardinality(String)',
    'ScopeName String',
    'ScopeVersion LowCardinality(String)',
    `ScopeAttributes ${map}`,
    `LogAttributes ${map}`,
    'EventName String',
  ],
  otel_metrics_gauge: [
    ...stockPointColumns,
    'Value Float64',
    'Flags UInt32',
    ...stockExemplarColumns,
  ],
  otel_metrics_sum: [
    ...stockPointColumns,
    'Value Float64',
    'Flags UInt32',
    ...stockExemplarColumns,
    'AggregationTemporality Int32',
    'IsMonotonic Bool',
  ],
  otel_metrics_histogram: [
    ...stockPointColumns,
    'Count UInt64',
    'Sum Float64',
    'BucketCounts Array(UInt64)',
    'ExplicitBounds Array(Float64)',
    ...stockExemplarColumns,
    'Flags UInt32',
    'Min Float64',
    'Max Float64',
    'AggregationTemporality Int32',
  ],
  otel_metrics_exponential_histogram: [
    ...stockPointColumns,
    'Count UInt64',
    'Sum Float64',
    'Scale Int32',
    'ZeroCount UInt64',
    'PositiveOffset Int32',
    'PositiveBucketCounts Array(UInt64)',
    'NegativeOffset Int32',
    'NegativeBucketCounts Array(UInt64)',
    ...stockExemplarColumns,
    'Flags UInt32',
    'Min Float64',
    'Max Float64',
    'AggregationTemporality Int32',
  ],
  otel_metrics_summary: [
    ...stockPointColumns,
    'Count UInt64',
    'Sum Float64',
    'ValueAtQuantiles.Quantile Array(Float64)',
    'ValueAtQuantiles.Value Array(Float64)',
    'Flags UInt32',
  ],
}
