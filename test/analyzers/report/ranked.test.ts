import type { Finding, Report } from '@wayward/analyzers'
import { rank, runReport } from '@wayward/analyzers/report/ranked'
import { rankedJunit } from '@wayward/analyzers/report/junit'
import { answerMarkdown, rankedMarkdown } from '@wayward/analyzers/report/markdown'
import { hasAnswer, rankedCsv, rankedText } from '@wayward/analyzers/report/ranked-text'
import { rankedSarif } from '@wayward/analyzers/report/sarif'
import { createStyle } from '@wayward/analyzers/report/style'
import { type Store, StoreError } from '@wayward/clickhouse'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { toRows } from '../../harness/recording.ts'

// A report asks a dozen questions, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const finding = (severity: number, subject: string, more: Partial<Finding> = {}): Finding => ({
  severity,
  subject,
  service: 'shop',
  summary: `Trouble ${severity} with ${subject}`,
  explanation: 'Because.',
  solution: 'Do something.',
  exemplars: [],
  ...more,
})

const reportOf = (
  analyzer: string,
  findings: readonly Finding[],
  more: Partial<Report> = {},
): Report => ({
  analyzer,
  kind: 'lock',
  tells: 'matter',
  question: `What of ${analyzer}?`,
  status: findings.length > 0 ? 'findings' : 'ok',
  missing: [],
  columns: [],
  headline: [],
  rows: [],
  findings,
  sql: '',
  ...more,
})

const list = (reports: readonly Report[]): string[] =>
  rank(reports).causes.map(
    ({ analyzer, subject, severity, faces }) =>
      `${severity} ${analyzer} ${subject}${faces.map((face) => `, ${face.severity} ${face.analyzer}`).join('')}`,
  )

describe('rank()', () => {
  test('says one cause once: the findings about the same lock are its faces', () => {
    const reports = [
      reportOf('blocked-by', [finding(70, 'inventory')]),
      reportOf('convoy', [finding(80, 'inventory'), finding(30, 'prices')]),
      reportOf('lock-contention', [finding(90, 'inventory')]),
    ]
    expect(list(reports)).toEqual([
      '90 lock-contention inventory, 80 convoy, 70 blocked-by',
      '30 convoy prices',
    ])
  })

  test('lets the finding lead that says why, where it is about as severe', () => {
    const reports = [
      reportOf('blocked-by', [finding(100, 'a')], { tells: 'detail' }),
      reportOf('deadlock', [finding(93, 'a')], { tells: 'cause' }),
      reportOf('lock-contention', [finding(100, 'a')]),
      reportOf('stuck', [finding(60, 'a')], { tells: 'cause' }),
    ]
    expect(list(reports)).toEqual(['100 deadlock a, 100 lock-contention, 100 blocked-by, 60 stuck'])
  })

  test('joins what is about several locks with each of them', () => {
    const deadlock = finding(95, 'a, b', { about: ['a', 'b'] })
    const reports = [
      reportOf('deadlock', [deadlock]),
      reportOf('lock-contention', [finding(60, 'b'), finding(50, 'a'), finding(40, 'c')]),
    ]
    expect(list(reports)).toEqual([
      '95 deadlock a, b, 60 lock-contention, 50 lock-contention',
      '40 lock-contention c',
    ])
  })

  test('does not take two troubles for one because of a small risk between them', () => {
    const reports = [
      reportOf('lock-contention', [finding(90, 'a'), finding(80, 'b')]),
      reportOf('lock-order', [finding(30, 'a, b', { about: ['a', 'b'] })]),
    ]
    expect(list(reports)).toEqual(['90 lock-contention a, 30 lock-order', '80 lock-contention b'])
  })

  test('keeps locks of other services and queues of the same name apart', () => {
    const reports = [
      reportOf('lock-contention', [finding(90, 'x'), finding(80, 'x', { service: 'bank' })]),
      reportOf('queue-delay', [finding(70, 'x')], { kind: 'queue' }),
    ]
    expect(list(reports)).toHaveLength(3)
  })

  test('knows a deadlock over services by each of them', () => {
    const reports = [
      reportOf('deadlock', [finding(95, 'a, b', { about: ['a', 'b'], service: 'bank, shop' })]),
      reportOf('lock-contention', [finding(60, 'b', { service: 'bank' })]),
    ]
    expect(list(reports)).toEqual(['95 deadlock a, b, 60 lock-contention'])
  })

  test('tells the troubles of the data apart from those of the application', () => {
    const { dataQuality, causes } = rank([
      reportOf('data-quality', [finding(40, 'shop')], { kind: 'session' }),
      reportOf('lock-contention', [finding(90, 'a')]),
    ])
    expect(dataQuality.map(({ analyzer }) => analyzer)).toEqual(['data-quality'])
    expect(causes.map(({ analyzer }) => analyzer)).toEqual(['lock-contention'])
  })
})

const na = reportOf('job-runs', [], {
  kind: 'job',
  status: 'NA',
  absence: 'never_instrumented',
  missing: ['spans with wayward.kind = job_run'],
})
const plain = createStyle(false)

describe('rankedText()', () => {
  const many = rank([
    reportOf('deadlock', []),
    reportOf(
      'lock-contention',
      Array.from({ length: 20 }, (_, index) => finding(90 - index, `lock${index}`)),
    ),
    reportOf('convoy', [finding(30, 'lock0')]),
    reportOf('data-quality', [finding(20, 'shop')], { kind: 'session' }),
    na,
  ])
  const text = rankedText(many, 80, plain)

  test('tells the first causes whole, the next in short, and counts the rest', () => {
    expect(text.match(/Do: {2}Do something\./g)).toHaveLength(3)
    expect(text).toContain('\n15. [severity 76] Trouble 76 with lock14\n')
    expect(text).not.toContain('lock15')
    expect(text).toContain('5 more, less severe: --format json')
    expect(text).toContain('   Also convoy [30]: Trouble 30 with lock0')
  })

  test('begins with what was asked for and with the data, and ends with what was not found', () => {
    expect(text).toMatch(/^What is wrong: all services, up to now\n\n\[data, severity 20\] Trouble/)
    expect(text).toMatch(
      /NA, as such was never reported: job-runs\.\nNothing found by deadlock\.\n$/,
    )
  })

  test('an empty store is no healthy one', () => {
    const empty = rank([na])
    expect(hasAnswer(empty)).toBe(false)
    expect(rankedText(empty, 80, plain)).not.toContain('Nothing stands out')
    expect(rankedText(rank([reportOf('deadlock', [])]), 80, plain)).toContain('Nothing stands out')
  })

  test('what is known of the data alone is no answer about the application', () => {
    const data = rank([reportOf('data-quality', []), na])
    expect(hasAnswer(data)).toBe(false)
    expect(rankedText(data, 80, plain)).not.toContain('Nothing stands out')
    const found = rank([reportOf('data-quality', [finding(20, 'lock')]), na])
    expect(hasAnswer(found)).toBe(false)
  })
})

describe('names of anybody', () => {
  const evil = 'a|b`c*<script>&"\'\u001b[2J\u0000\ufffe]]>\n# x'
  const report = rank([reportOf('lock-contention', [finding(90, evil)]), na])

  test('are no markup in Markdown', () => {
    const text = rankedMarkdown(report)
    expect(text).not.toMatch(/[^\\]<script|[^\\]\||^# x/m)
    expect(text).not.toContain('\u001b')
    const columns = [{ name: 'name', type: 'text' as const, unit: '', description: '' }]
    const table = answerMarkdown({ columns, headline: ['name'], rows: [{ name: evil }] })
    expect(table.split('\n')).toHaveLength(4)
  })

  test('are text in XML', () => {
    const xml = rankedJunit(report, 40)
    expect(xml).toContain('failures="1" errors="0" skipped="1"')
    expect(xml).toContain('&lt;script&gt;&amp;&quot;&apos;')
    // What XML 1.0 allows in a document, section 2.2.
    expect(xml).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd]*$/)
    expect(xml.replaceAll(/<\/?[a-z]+(?: [a-z]+="[^"<]*")*\/?>|<\?xml[^>]*\?>/g, '')).not.toMatch(
      /[<>]/,
    )
  })

  test('are one cell in CSV', () => {
    expect(rankedCsv(report).split('\n')[1]).toMatch(/^1,90,lock-contention,shop,"a\|b/)
  })
})

test('SARIF has a rule per question, a result per cause, and says what was not answered', () => {
  const exemplars = [{ label: 'wait', traceId: 'ab', spanId: 'cd' }]
  const parsed: unknown = JSON.parse(
    rankedSarif(rank([reportOf('lock-contention', [finding(50, 'a', { exemplars })]), na])),
  )
  expect(parsed).toMatchObject({
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'Wayward', rules: [{ id: 'lock-contention' }, { id: 'job-runs' }] },
        },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: [{ associatedRule: { id: 'job-runs' }, level: 'note' }],
          },
        ],
        results: [
          {
            ruleId: 'lock-contention',
            ruleIndex: 0,
            level: 'warning',
            rank: 50,
            locations: [{ logicalLocations: [{ name: 'a', fullyQualifiedName: 'shop/lock/a' }] }],
            partialFingerprints: { 'waywardCause/v1': 'lock-contention/shop/lock/a' },
            properties: { exemplars },
          },
        ],
      },
    ],
  })
})

describe('runReport()', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await startTestStore()
    const input = new URL('../../golden/lock-contention/convoy/input.json', import.meta.url)
    const { processes } = (await import(input.href, { with: { type: 'json' } })).default
    const { traces, logs } = toRows(processes)
    await engine.insertRows('otel_traces', traces)
    await engine.insertRows('otel_logs', logs)
  })

  afterAll(async () => {
    await engine.shutdown()
  })

  test('asks everything and tells how far it is', async () => {
    const told: string[] = []
    const report = await runReport(engine.reader, {}, (answered, of) => {
      told.push(`${answered}/${of}`)
    })
    expect(report.causes[0]?.kind).toBe('lock')
    expect(told.at(-1)).toBe(`${report.asked.length}/${report.asked.length}`)
    expect(told).toHaveLength(report.asked.length)
    const names = report.asked.map(({ analyzer }) => analyzer)
    expect(names).toContain('log-anomalies')
    // Nothing can be wrong in what is asked by its name only.
    expect(names).not.toContain('unique-users')
  })

  test('one question that fails takes no other with it', async () => {
    const failing: Store = {
      ...storeOf(engine.reader),
      query: async (sql, parameters) => {
        if (sql.startsWith('-- Question: Which jobs')) {
          throw new StoreError('query', 'too much memory', { cause: undefined })
        }
        return await engine.reader.query(sql, parameters)
      },
    }
    const report = await runReport(failing)
    expect(report.causes.length).toBeGreaterThan(0)
    expect(report.asked).toContainEqual(
      expect.objectContaining({
        analyzer: 'job-runs',
        status: 'failed',
        reason: 'too much memory',
      }),
    )
    expect(rankedText(report, 80, plain)).toContain('Not answered: job-runs: too much memory')
  })

  test('a store that answers nothing is an error', async () => {
    const failing: Store = {
      ...storeOf(engine.reader),
      query: async () =>
        await Promise.reject(new StoreError('unreachable', 'gone', { cause: undefined })),
    }
    await expect(runReport(failing)).rejects.toThrow('gone')
  })
})

/** The methods of a store, to replace one of them. */
function storeOf(store: Store): Store {
  return {
    query: store.query.bind(store),
    queryRaw: store.queryRaw.bind(store),
    command: store.command.bind(store),
    insertNative: store.insertNative.bind(store),
    leaveOutColumns: store.leaveOutColumns.bind(store),
    createDatabase: store.createDatabase.bind(store),
    ping: store.ping.bind(store),
    close: store.close.bind(store),
  }
}
