// The addresses that answer a question with a table and need nothing else: each is its SQL file,
// its parameters and what these mean to it.
import { type FilledParameters, toParameters } from '@wayward/analyzers'
import type { Endpoint, Question } from './endpoint.ts'
import {
  attributeOf,
  type Given,
  type ParameterName,
  readDurationMs,
  readWindow,
} from './parameters.ts'
import { type JsonSchema, objectOf } from './json-schema.ts'
import { askTable, tableSchema } from './table.ts'
import { scopeOf } from './timeline.ts'
import { spanOfTime } from './time-span.ts'

const window = ['from', 'to', 'since', 'service'] as const
const lane = [...window, 'session', 'kind', 'name'] as const
const spanFilters = ['name', 'status', 'longerThan', 'attribute'] as const
const limitByDefault = 1000
const bucketsByDefault = 120
/** The longest waits, whose holders are looked for. */
const waitsMax = 2000

type Values = FilledParameters

interface TableEndpoint {
  /** Of the file, and of the address. */
  readonly question: string
  readonly operation: string
  readonly summary: string
  readonly parameters: readonly ParameterName[]
  /** Where the address is another than the question's name. */
  readonly path?: string
  /** Whether the question needs to know when what was reported begins and ends. @default false */
  readonly isOfSpan?: boolean
  readonly values?: (given: Given) => Values
}

const tables: readonly TableEndpoint[] = [
  {
    question: 'distribution',
    operation: 'getDistribution',
    summary: 'How long the waits, holds, items or runs of a lane were, as a histogram',
    parameters: lane,
    isOfSpan: true,
  },
  {
    question: 'progress',
    operation: 'getProgress',
    summary: 'What began, ended and went on in a lane, over time',
    parameters: [...lane, 'buckets'],
    isOfSpan: true,
  },
  {
    question: 'hours',
    operation: 'getHours',
    summary: 'At which hours of which weekdays a lane is busy, slow or failing',
    parameters: lane,
    isOfSpan: true,
  },
  {
    question: 'pairs',
    operation: 'getPairs',
    summary: 'Who waited for whom at a lock',
    parameters: [...window, 'session', 'name'],
    isOfSpan: true,
    values: () => ({ limit: waitsMax }),
  },
  {
    question: 'runs',
    operation: 'listRuns',
    summary: 'The latest runs of a job',
    parameters: [...window, 'session', 'name', 'limit'],
  },
  {
    question: 'slots',
    operation: 'listSlots',
    summary: 'Which times at which a job was due were met, late or missed, by the hour',
    parameters: [...window, 'name', 'limit'],
  },
  {
    question: 'day',
    operation: 'getDay',
    summary: 'What ran when and when it was due, job by job, such as for a day',
    parameters: [...window, 'limit'],
  },
  {
    question: 'loggers',
    operation: 'listLoggers',
    summary: 'Which loggers wrote how much, by severity',
    parameters: [...window, 'text', 'own', 'limit'],
  },
  {
    question: 'log-patterns',
    operation: 'listLogPatterns',
    summary: 'Which log records are alike but for their numbers and ids',
    parameters: [...window, 'text', 'logger', 'severity', 'own', 'limit'],
    values: ({ severity = '0' }) => ({ severity: Number(severity) }),
  },
  {
    question: 'heat',
    operation: 'getHeat',
    summary: 'When spans like these took how long',
    parameters: [...window, ...spanFilters, 'buckets'],
    isOfSpan: true,
    values: spanValues,
  },
  {
    question: 'differences',
    operation: 'getDifferences',
    summary: 'What spans of these times and lengths have that the others have not',
    parameters: [...window, ...spanFilters, 'fromNs', 'toNs', 'shortestNs', 'longestNs', 'limit'],
    values: (given) => ({
      ...spanValues(given),
      from_ns: given.fromNs ?? '0',
      to_ns: given.toNs ?? latestNs,
      shortest_ns: given.shortestNs ?? '0',
      longest_ns: given.longestNs ?? latestNs,
    }),
  },
  {
    question: 'metrics',
    operation: 'listMetrics',
    summary: 'Which metrics have been reported',
    parameters: [...window, 'limit'],
  },
  {
    question: 'metric-series',
    operation: 'getMetricSeries',
    summary: 'Which values had a metric over time',
    parameters: [...window, 'name', 'group', 'buckets'],
    isOfSpan: true,
    values: () => ({ limit: seriesRowsMax }),
  },
  {
    question: 'exemplars',
    operation: 'listExemplars',
    summary: 'Which traces led to the values of a metric',
    parameters: [...window, 'name', 'limit'],
  },
  {
    question: 'stored',
    operation: 'getStored',
    summary: 'What the tables hold, in how many parts, and how much room is left',
    parameters: [],
  },
  {
    question: 'ledger',
    operation: 'getLedger',
    summary: 'What was refused, rejected, dropped or lost, and from whom',
    parameters: ['from', 'to', 'since', 'limit'],
  },
  {
    question: 'columns',
    operation: 'listColumns',
    summary: 'Which tables and columns there are',
    parameters: [],
  },
]

const latestNs = String(2n ** 63n - 1n)
const seriesRowsMax = 20_000

/** Those of a search for spans. */
function spanValues(given: Given): Values {
  const { longerThan, status = '' } = given
  return {
    status,
    longer_than: longerThan === undefined ? 0 : Math.round(readDurationMs(longerThan) * 1e6),
    ...attributeOf(given),
  }
}

/** All of them. */
export const tableEndpoints: readonly Endpoint[] = tables.map((table) => {
  const file = new URL(`./questions/${table.question}.sql`, import.meta.url)
  return {
    path: table.path ?? `/api/v1/${table.question}`,
    operation: table.operation,
    summary: table.summary,
    parameters: table.parameters,
    schema: () => (table.isOfSpan === true ? bucketedSchema(file) : tableSchema(file)),
    answer: async (asked) => {
      const scope = scopeOf(asked.given)
      const values = await valuesOf(table, asked)
      const answer = await askTable(asked.asker, file, values, scope)
      const { from_ns: fromNs = '', step_ns: stepNs = '' } = values
      return table.isOfSpan === true ? { from_ns: fromNs, step_ns: stepNs, ...answer } : answer
    },
  }
})

/** A table of parts of the window. */
async function bucketedSchema(file: URL): Promise<JsonSchema> {
  const { properties = {} } = await tableSchema(file)
  const digits: JsonSchema = { type: 'string', pattern: String.raw`^\d+$` }
  return objectOf({
    from_ns: { ...digits, description: 'When the window begins, nanoseconds since 1970' },
    step_ns: { ...digits, description: 'How long each of its parts is' },
    ...properties,
  })
}

async function valuesOf({ isOfSpan, values }: TableEndpoint, asked: Question): Promise<Values> {
  const { asker, given, nowNs } = asked
  const { group = '', kind = '', limit, logger = '', name = '', own = '', text = '' } = given
  const common = {
    ...toParameters(readWindow(given, nowNs)),
    service: given.service ?? '',
    sessions: given.session ?? [],
    database: asker.database,
    limit: limit === undefined ? limitByDefault : Number(limit),
    by: '',
    group,
    kind,
    logger,
    name,
    own,
    text,
    ...values?.(given),
  }
  if (isOfSpan !== true) return common
  const { fromNs, toNs } = await spanOfTime(asked)
  const count = BigInt(given.buckets ?? bucketsByDefault)
  return {
    ...common,
    ...toParameters({ from: fromNs, to: toNs }),
    from_ns: String(fromNs),
    to_ns: String(toNs),
    step_ns: String((toNs - fromNs + count - 1n) / count || 1n),
  }
}
