import { readdirSync, readFileSync } from 'node:fs'
import {
  analyzers,
  formatDuration,
  formatFraction,
  listAnalyzers,
  listSessions,
  runAnalyzer,
} from '@wayward/analyzers'
import { parseSqlHeader } from '@wayward/analyzers/sql-header'
import { readQuestion } from '@wayward/analyzers/sql-modules'
import { type Store, StoreError } from '@wayward/clickhouse'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { toMoment, toRows } from '../harness/recording.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

beforeEach(async () => {
  await engine.truncateTables()
})

afterAll(async () => {
  await engine.shutdown()
})

const sqlFolder = new URL('../../analyzers/', import.meta.url)
/** The statements with a head, from `analyzers/`: every analyzer's, and that of the sessions. */
const files = readdirSync(sqlFolder, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.sql') && !/^(dist|node_modules|modules)\b/.test(path),
)

describe.each(files)('%s', (file) => {
  const text = readFileSync(new URL(file, sqlFolder), 'utf8')

  test('declares exactly the columns that it answers with, with units', async () => {
    const { sql, header } = await readQuestion(new URL(file, sqlFolder))
    const { columns } = header
    const parameters = { from: '0000000000.0', to: '9223372036.0', service: '', sessions: [] }
    const own = { grace_ns: 0, what: 'record', session: '' }
    const chunks: Uint8Array[] = []
    const answer = await engine.reader.queryRaw(sql, 'TSVWithNames', { ...parameters, ...own })
    for await (const chunk of answer) chunks.push(chunk)
    const [heads = ''] = Buffer.concat(chunks).toString().trimEnd().split('\n')
    const names = heads.split('\t')
    expect(names).toEqual(columns.map((column) => column.name))
    for (const { name, type, unit } of columns) {
      expect(unit, name).toBe(type === 'duration' ? 'ns' : unit)
      expect(name.endsWith('_ns'), name).toBe(type === 'duration')
    }
  })

  test('declares its parameters', async () => {
    const { sql, header } = await readQuestion(new URL(file, sqlFolder))
    const declared = new Set(header.parameters.map(({ name }) => name))
    const used = [...sql.matchAll(/\{(\w+):/g)].map((match) => match[1] ?? '')
    expect(used.filter((name) => !declared.has(name))).toEqual([])
  })

  test('says what it uses, and no more', () => {
    const body = text.replaceAll(/^--.*\n/gm, '')
    const isUsed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(body)
    expect(parseSqlHeader(text).uses.filter((name) => !isUsed(name))).toEqual([])
  })
})

describe('runAnalyzer()', () => {
  test('answers NA on an empty store, never "ok"', async () => {
    for (const { name, requires } of analyzers) {
      const report = await runAnalyzer(engine.reader, name)
      expect(report).toMatchObject({ status: 'NA', missing: requires, rows: [], findings: [] })
    }
  })

  test('says why there is no answer', { timeout: 120_000 }, async () => {
    const resource = { 'service.name': 'shop', 'wayward.session.id': 's1' }
    const attributes = { 'wayward.lock.name': 'l', 'wayward.lock.id': 'l' }
    const spans = [{ kind: 'lock_hold', at: 0, for: 1, attributes }]
    await engine.insertRows('otel_traces', toRows([{ resource, spans }]).traces)
    const absenceOf = async (name: string, window: Parameters<typeof runAnalyzer>[2]) =>
      (await runAnalyzer(engine.reader, name, window)).absence
    expect(await absenceOf('lock-contention', { service: 'no-such' })).toBe('unknown_service')
    expect(await absenceOf('lock-contention', { sessions: ['no-such'] })).toBe('unknown_session')
    expect(await absenceOf('job-runs', { service: 'shop' })).toBe('never_instrumented')
    expect(await absenceOf('lock-contention', { from: toMoment(1000) })).toBe('idle')
    expect(await absenceOf('deadlock', { from: toMoment(1000) })).toBe('idle')
    expect(await absenceOf('deadlock', {})).toBeUndefined()
  })

  test('takes names with every character as they are', async () => {
    const name = `it's "a" \\ lock; DROP TABLE otel_traces -- \n${'é'.repeat(10)}`
    const resource = { 'service.name': name, 'wayward.session.id': name }
    const attributes = { 'wayward.lock.name': name, 'wayward.lock.id': name }
    const spans = [{ kind: 'lock_hold', at: 0, for: 1, attributes }]
    await engine.insertRows('otel_traces', toRows([{ resource, spans }]).traces)
    const report = await runAnalyzer(engine.reader, 'lock-contention', {
      service: name,
      sessions: [name],
    })
    expect(report.rows).toEqual([expect.objectContaining({ service: name, lock_name: name })])
  })

  test('ranks the most severe finding first', async () => {
    const spansOf = (lock: string, wait: number): object[] => {
      const attributes = { 'wayward.lock.name': lock, 'wayward.lock.id': lock }
      const spans = [{ kind: 'lock_wait', at: 0, for: wait, attributes }]
      return [...toRows([{ resource: { 'service.name': 'shop' }, spans }]).traces]
    }
    const rows = [spansOf('small', 100), spansOf('large', 900), spansOf('middle', 400)].flat()
    await engine.insertRows('otel_traces', rows)
    const { findings } = await runAnalyzer(engine.reader, 'lock-contention')
    expect(findings.map((finding) => finding.subject)).toEqual(['large', 'middle', 'small'])
    for (const { severity } of findings) {
      expect(severity).toBeGreaterThan(0)
      expect(severity).toBeLessThanOrEqual(100)
    }
  })

  test('sums of nanoseconds do not wrap at 584 years, nor ends at the end of time', async () => {
    const ns = 6_300_000_000_000_000_000n
    const fill = (table: string, columns: string): Promise<void> =>
      engine.writer.command(`INSERT INTO ${table} SELECT ${columns} FROM numbers(10)`)
    const at = 'toDateTime64(1795000000 + number, 9)'
    const common = `'old' AS service, 'run' AS session, toString(number) AS trace_id`
    await fill(
      'wayward_lock_holds (service, session, trace_id, lock_name, lock_id, granted_at, hold_ns)',
      `${common}, 'l' AS lock_name, 'l' AS lock_id, ${at} AS granted_at, ${ns} AS hold_ns`,
    )
    await fill(
      'wayward_lock_waits (service, session, trace_id, lock_name, lock_id, requested_at, wait_ns)',
      `${common}, 'l' AS lock_name, 'l' AS lock_id, ${at} AS requested_at, ${ns} AS wait_ns`,
    )
    await fill(
      'wayward_queue_items (service, session, trace_id, queue_name, queue_id, item_id, enqueued_at, dequeued_at, wait_ns, processing_ns)',
      `${common}, 'q', 'q', toString(number), ${at}, ${at}, 0, ${ns}`,
    )
    await fill(
      'wayward_job_runs (service, session, trace_id, job_name, started_at, duration_ns, result)',
      `${common}, 'j', ${at}, ${ns}, 'success'`,
    )
    const sum = Number(ns) * 10
    const rowOf = async (name: string) => (await runAnalyzer(engine.reader, name)).rows[0]
    expect(await rowOf('lock-contention')).toMatchObject({
      hold_sum_ns: sum,
      wait_sum_ns: sum,
      hold_avg_ns: Number(ns),
    })
    expect(await rowOf('queue-delay')).toMatchObject({ processing_sum_ns: sum })
    expect(await rowOf('job-runs')).toMatchObject({ sum_ns: sum, median_ns: Number(ns) })
  })

  test('rejects a name that no analyzer has', async () => {
    await expect(runAnalyzer(engine.reader, 'no-such')).rejects.toThrow(
      `Unknown analyzer "no-such"; wanted one of ${analyzers.map(({ name }) => name).join(', ')}`,
    )
  })

  test('is listed with its question', async () => {
    const list = await listAnalyzers()
    expect(list.map(({ name }) => name)).toEqual(analyzers.map(({ name }) => name))
    for (const { question } of list) expect(question).toMatch(/^[A-Z].*\?$/)
  })
})

test('listSessions() lists who reported in the window, the latest first', async () => {
  const process = (service: string, session: string, at: number) => ({
    resource: {
      'service.name': service,
      'wayward.session.id': session,
      'process.pid': '42',
      'process.runtime.name': 'nodejs',
      'process.runtime.version': '20.20.2',
    },
    spans: [{ at, for: 500 }],
  })
  const processes = [
    process('shop', 's1', 0),
    process('shop', 's2', 5000),
    process('bill', 'b', 9000),
  ]
  await engine.insertRows('otel_traces', toRows(processes).traces)
  const sessionsIn = async (window: Parameters<typeof listSessions>[1]): Promise<unknown[]> =>
    (await listSessions(engine.reader, window)).rows.map((row) => row['session'])
  expect(await sessionsIn({})).toEqual(['b', 's2', 's1'])
  expect(await sessionsIn({ service: 'shop' })).toEqual(['s2', 's1'])
  expect(await sessionsIn({ from: toMoment(400), to: toMoment(9000) })).toEqual(['s2', 's1'])
  expect(await sessionsIn({ from: toMoment(501) })).toEqual(['b', 's2'])
  const { rows } = await listSessions(engine.reader, { service: 'bill' })
  expect(rows).toEqual([
    {
      service: 'bill',
      session: 'b',
      session_name: '',
      service_version: '',
      host_name: '',
      process_pid: 42,
      runtime: 'nodejs 20.20.2',
      first_at: '2026-11-21 06:00:09.000000000',
      last_at: '2026-11-21 06:00:09.500000000',
      duration_ns: 500_000_000,
      spans: 1,
      span_errors: 0,
      logs: 0,
      dropped: 0,
    },
  ])
})

test.each([
  ['SYNTAX_ERROR', 62, 'Syntax error: failed at AS MATERIALIZED'],
  ['LOGICAL_ERROR', 49, "Reading from materialized CTE 'x' before its materialization completed"],
])(
  'a server that answers %s to steps evaluated once is asked without',
  async (type, code, text) => {
    const asked: string[] = []
    const picky: Pick<Store, 'query'> = {
      query: async (sql, parameters) => {
        asked.push(sql)
        if (sql.includes('AS MATERIALIZED')) {
          throw new StoreError('query', text, { cause: undefined, clickhouse: { code, type } })
        }
        return await engine.reader.query(sql, parameters)
      },
    }
    const report = await runAnalyzer(picky, 'deadlock')
    expect(report.status).toBe('NA')
    const questions = asked.filter((sql) => sql.startsWith('-- Question: Which tasks wait'))
    expect(questions.map((sql) => sql.includes('AS MATERIALIZED'))).toEqual([true, false])
  },
)

test.each([
  [0, '0 ns'],
  [999, '999 ns'],
  [1500, '1.5 µs'],
  [123_456_789, '123 ms'],
  [1_500_000_000, '1.5 s'],
  [119_400_000_000, '119 s'],
  [125_000_000_000, '2 min 5 s'],
  [7_260_000_000_000, '2 h 1 min'],
  // Rounded up to the next unit, it is told in that.
  [999.6, '1 µs'],
  [999_600, '1 ms'],
  [999_600_000, '1 s'],
  [119_600_000_000, '2 min 0 s'],
  [3_599_600_000_000, '1 h 0 min'],
  [7_185_000_000_000, '2 h 0 min'],
  [172_800_000_000_000, '2 d 0 h'],
  [7_776_000_000_000_000, '90 d 0 h'],
])('formatDuration(%d) is %s', (ns, text) => {
  expect(formatDuration(ns)).toBe(text)
})

test.each([
  [0, '0 %'],
  [0.0001, 'under 0.1 %'],
  [0.12345, '12.3 %'],
  [1, '100 %'],
])('formatFraction(%d) is %s', (fraction, text) => {
  expect(formatFraction(fraction)).toBe(text)
})
