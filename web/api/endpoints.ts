// The addresses of the API, each once.
import {
  type FilledParameters,
  fillSql,
  listAnalyzers,
  listSessions,
  readFilledSql,
  readQuestion,
  reportedQuestion,
  runAnalyzer,
  toParameters,
} from '@wayward/analyzers'
import { runReport } from '@wayward/analyzers/report/ranked'
import { answerArchive, archiveSchema, archiveType } from './archive-export.ts'
import { answerImport, importSchema } from './archive-import.ts'
import type { Endpoint, Question } from './endpoint.ts'
import { objectOf, type JsonSchema } from './json-schema.ts'
import { attributeOf, type Given, readDurationMs, readWindow } from './parameters.ts'
import { tableEndpoints } from './endpoint-tables.ts'
import { analyzerSchema, analyzersSchema, reportSchema, sessionsSchema } from './schemas.ts'
import {
  answerBlocks,
  answerIntervals,
  answerSums,
  answerTimeline,
  timelineSchema,
} from './timeline.ts'
import { answerSql, sqlAnswerSchema } from './sql-answer.ts'
import { answerDeletion, deletionSchema } from './session-deletion.ts'
import { spanOfTime } from './time-span.ts'
import { askTable, schemaOfHead, sqlSchema, tableSchema, toTable } from './table.ts'

const window = ['from', 'to', 'since', 'service'] as const
const windowAndSession = [...window, 'session'] as const
const limitByDefault = 100
const spansMax = 200_000
/** Of an archive. */
const uploadTimeoutMs = 3_600_000

function question(name: string): URL {
  return new URL(`./questions/${name}.sql`, import.meta.url)
}

/** The parameters that questions have in common. */
function valuesOf({ given, nowNs }: Question): FilledParameters {
  return toParameters(readWindow(given, nowNs))
}

function limitOf({ limit }: Given): number {
  return limit === undefined ? limitByDefault : Number(limit)
}

/** All addresses, in the order of the OpenAPI file. */
export const endpoints: readonly Endpoint[] = [
  {
    path: '/api/v1/services',
    operation: 'listServices',
    summary: 'Which services have reported, when, and how much',
    parameters: window,
    schema: () => tableSchema(question('services')),
    answer: (asked) => askTable(asked.asker, question('services'), valuesOf(asked)),
  },
  {
    path: '/api/v1/sessions',
    operation: 'listSessions',
    summary: 'Which processes have reported, when, and how much; the latest first',
    parameters: windowAndSession,
    schema: sessionsSchema,
    answer: answerSessions,
  },
  {
    path: '/api/v1/sessions/:session',
    operation: 'getSession',
    summary: 'What a process has reported: its locks, queues and jobs',
    parameters: ['session', 'service'],
    schema: async () =>
      objectOf({
        session: await sessionsSchema(),
        reported: await tableSchema(reportedQuestion),
      }),
    answer: answerSession,
  },
  {
    method: 'DELETE',
    path: '/api/v1/sessions/:session',
    operation: 'deleteSession',
    summary: 'Delete a session from every table',
    parameters: ['session', 'service', 'running'],
    schema: deletionSchema,
    answer: answerDeletion,
  },
  {
    path: '/api/v1/archive',
    operation: 'exportSessions',
    summary: 'Sessions as an archive, to be imported elsewhere',
    parameters: ['session', 'service'],
    contentType: archiveType,
    schema: archiveSchema,
    answer: answerArchive,
  },
  {
    method: 'POST',
    path: '/api/v1/archive',
    operation: 'importSessions',
    summary: 'Take the sessions of an archive in, once: what is stored already is not stored again',
    parameters: [],
    body: archiveType,
    bodyTimeoutMs: uploadTimeoutMs,
    contentType: 'application/x-ndjson',
    schema: importSchema,
    answer: answerImport,
  },
  {
    path: '/api/v1/sql',
    operation: 'askSql',
    summary: 'Any statement that reads, as the reading account',
    parameters: ['sql', 'format'],
    schema: sqlAnswerSchema,
    answer: answerSql,
  },
  {
    path: '/api/v1/report',
    operation: 'getReport',
    summary: 'All questions asked, and what is wrong in one list, the worst first',
    parameters: windowAndSession,
    schema: reportSchema,
    answer: answerReport,
  },
  {
    path: '/api/v1/analyzers',
    operation: 'listAnalyzers',
    summary: 'The questions that there are',
    parameters: [],
    schema: analyzersSchema,
    answer: async () => ({ analyzers: await listAnalyzers() }),
  },
  {
    path: '/api/v1/analyzers/:analyzer',
    operation: 'askAnalyzer',
    summary: 'One question, with its rows and its findings',
    parameters: ['analyzer', ...windowAndSession],
    schema: analyzerSchema,
    answer: answerAnalyzer,
  },
  {
    path: '/api/v1/activity',
    operation: 'getActivity',
    summary: 'How much was reported, how much failed and how long was waited, over time',
    parameters: [...window, 'buckets'],
    schema: activitySchema,
    answer: answerActivity,
  },
  {
    path: '/api/v1/timeline',
    operation: 'getTimeline',
    summary: 'What held, waited and ran when, in boxes that are no finer than a screen shows',
    parameters: [...windowAndSession, 'width', 'by', 'find', 'form'],
    schema: timelineSchema,
    answer: answerTimeline,
  },
  {
    path: '/api/v1/intervals',
    operation: 'getIntervals',
    summary: 'What was there in a lane of the timeline at a moment, the longest first',
    parameters: ['kind', 'service', 'session', 'name', 'fromNs', 'toNs'],
    schema: () => tableSchema(question('intervals')),
    answer: answerIntervals,
  },
  {
    path: '/api/v1/sums',
    operation: 'getSums',
    summary: 'How long was held, waited and run in each lane of the timeline, together',
    parameters: [...windowAndSession, 'by', 'find'],
    schema: () => tableSchema(question('sums')),
    answer: answerSums,
  },
  {
    path: '/api/v1/blocks',
    operation: 'getBlocks',
    summary: 'The longest waits for locks, and who held the lock meanwhile',
    parameters: windowAndSession,
    schema: () => tableSchema(question('blocks')),
    answer: answerBlocks,
  },
  {
    path: '/api/v1/traces',
    operation: 'searchTraces',
    summary: 'Traces with spans like these, the latest first',
    parameters: [...window, 'name', 'status', 'longerThan', 'attribute', 'limit'],
    schema: () => tableSchema(question('traces')),
    answer: (asked) => {
      const { name = '', status = '', longerThan } = asked.given
      return askTable(asked.asker, question('traces'), {
        ...valuesOf(asked),
        ...attributeOf(asked.given),
        name,
        status,
        longer_than: longerThan === undefined ? 0 : Math.round(readDurationMs(longerThan) * 1e6),
        limit: limitOf(asked.given),
      })
    },
  },
  {
    path: '/api/v1/traces/:traceId',
    operation: 'getTrace',
    summary: 'All spans of a trace',
    parameters: ['traceId', 'spanId'],
    schema: () => tableSchema(question('trace')),
    answer: (asked) => answerTrace(asked, 'trace'),
  },
  {
    path: '/api/v1/traces/:traceId/tree',
    operation: 'getTraceTree',
    summary: 'The spans of a trace, as little of each as a picture needs',
    parameters: ['traceId'],
    schema: () => tableSchema(question('trace-tree')),
    answer: (asked) => answerTrace(asked, 'trace-tree'),
  },
  {
    path: '/api/v1/logs',
    operation: 'searchLogs',
    summary: 'Log records like these, the latest first',
    parameters: [...window, 'text', 'logger', 'severity', 'attribute', 'own', 'limit'],
    schema: () => tableSchema(question('logs')),
    answer: (asked) => {
      const { text = '', logger = '', own = '', severity = '0' } = asked.given
      const values = {
        ...valuesOf(asked),
        ...attributeOf(asked.given),
        text,
        logger,
        own,
        severity: Number(severity),
        trace_id: '',
        limit: limitOf(asked.given),
      }
      // Every text has the empty one, but is read for it.
      const empty = new Set(text === '' ? ['text'] : [])
      return askTable(asked.asker, question('logs'), values, { empty, unset: new Set() })
    },
  },
  ...tableEndpoints,
]

/** A reader whose questions end with the client. */
function stoppable({ store, signal }: Question['asker']): Question['asker']['store'] {
  return {
    query: (sql, parameters, _, tables) => store.query(sql, parameters, signal, tables),
    async keep(sql, limits, parameters, _, tables) {
      return await store.keep?.(sql, limits, parameters, signal, tables)
    },
    queryRaw: (sql, format, parameters) => store.queryRaw(sql, format, parameters, signal),
  }
}

async function answerSessions({ asker, given, nowNs }: Question): Promise<object> {
  const asked = readWindow(given, nowNs)
  const { columns, rows, sql } = await listSessions(stoppable(asker), asked)
  const { sessions } = asked
  const chosen =
    sessions === undefined ? rows : rows.filter((row) => sessions.includes(String(row['session'])))
  return toTable(columns, chosen, fillSql({ sql }, toParameters(asked), asker.database))
}

async function answerSession(asked: Question): Promise<object> {
  const { asker, given } = asked
  const session = (await answerSessions(asked)) as { readonly rows: readonly unknown[] }
  if (session.rows.length === 0) {
    const message = `There is no session "${given.session?.join()}"; /api/v1/sessions lists those that there are`
    return { code: 'not_found', message }
  }
  const [id = ''] = given.session ?? []
  const values = { service: given.service ?? '', session: id }
  return { session, reported: await askTable(asker, reportedQuestion, values) }
}

async function answerReport({ asker, given, nowNs }: Question): Promise<object> {
  const asked = readWindow(given, nowNs)
  const report = await runReport(stoppable(asker), asked)
  const statements = await Promise.all(
    report.asked.map(async ({ analyzer }) => [
      analyzer,
      await readFilledSql(analyzer, asked, asker.database),
    ]),
  )
  return { ...report, sql: Object.fromEntries(statements) as Record<string, string> }
}

async function answerAnalyzer({ asker, given, nowNs }: Question): Promise<object> {
  const { analyzer = '' } = given
  const known = (await listAnalyzers()).map(({ name }) => name)
  if (!known.includes(analyzer)) {
    const message = `There is no analyzer "${analyzer}"; there are ${known.join(', ')}`
    return { code: 'not_found', message }
  }
  const asked = readWindow(given, nowNs)
  const { columns, rows, ...report } = await runAnalyzer(stoppable(asker), analyzer, asked)
  const sql = await readFilledSql(analyzer, asked, asker.database)
  return { ...report, absence: report.absence ?? null, ...toTable(columns, rows, sql) }
}

async function answerTrace({ asker, given }: Question, name: string): Promise<object> {
  const traceId = (given.traceId ?? '').toLowerCase()
  const table = await askTable(asker, question(name), {
    trace_id: traceId,
    span_id: (given.spanId ?? '').toLowerCase(),
    limit: spansMax,
  })
  if (table.rows.length > 0) return table
  return { code: 'not_found', message: `There is no trace ${traceId}` }
}

const bucketsByDefault = 120

/** The buckets divide the window; where it has no beginning or end, what was reported does. */
async function answerActivity(asked: Question): Promise<object> {
  const { asker, given } = asked
  const values = valuesOf(asked)
  const { fromNs, toNs } = await spanOfTime(asked)
  const count = BigInt(given.buckets ?? bucketsByDefault)
  const stepNs = (toNs - fromNs + count - 1n) / count || 1n
  const table = await askTable(asker, question('activity'), {
    ...values,
    ...toParameters({ from: fromNs, to: toNs }),
    service: given.service ?? '',
    from_ns: String(fromNs),
    step_ns: String(stepNs),
  })
  return { from_ns: String(fromNs), step_ns: String(stepNs), buckets: Number(count), ...table }
}

async function activitySchema(): Promise<JsonSchema> {
  const { properties = {} } = schemaOfHead((await readQuestion(question('activity'))).header)
  const digits = { type: 'string', pattern: String.raw`^\d+$` }
  return objectOf({
    from_ns: { ...digits, description: 'When the first bucket begins, nanoseconds since 1970' },
    step_ns: { ...digits, description: 'How long a bucket is, in nanoseconds' },
    buckets: { type: 'integer', description: 'How many there are' },
    ...properties,
    sql: sqlSchema,
  })
}
