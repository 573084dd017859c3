// The forms of answers that are no plain tables.
import { readQuestion, sessionsQuestion } from '@wayward/analyzers'
import { type JsonSchema, objectOf } from './json-schema.ts'
import { schemaOfHead, sqlSchema } from './table.ts'

const string: JsonSchema = { type: 'string' }
const strings: JsonSchema = { type: 'array', items: string }

/** Of the list of sessions. */
export async function sessionsSchema(): Promise<JsonSchema> {
  return schemaOfHead((await readQuestion(sessionsQuestion)).header)
}

const exemplars: JsonSchema = {
  type: 'array',
  description: 'Spans to look at',
  items: objectOf({ label: string, traceId: string, spanId: string }),
}

const findingMembers: Readonly<Record<string, JsonSchema>> = {
  severity: { type: 'number', minimum: 0, maximum: 100, description: 'What it costs' },
  subject: { type: 'string', description: 'Name of the lock, queue or job' },
  service: string,
  summary: { type: 'string', description: 'One sentence with the names and the numbers' },
  explanation: { type: 'string', description: 'How the numbers come about' },
  solution: { type: 'string', description: 'The way out' },
  exemplars,
}

/** Members that every one has, and some that may be missing. */
function withOptional(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  return { ...objectOf(properties), properties: { ...properties, ...optional } }
}

const finding = withOptional(findingMembers, { about: strings })
const face = withOptional({ ...findingMembers, analyzer: string }, { about: strings })
const cause = withOptional(
  {
    ...findingMembers,
    analyzer: string,
    kind: { type: 'string', enum: ['lock', 'queue', 'job', 'logger', 'session'] },
    faces: { type: 'array', description: 'What else was found about the same thing', items: face },
  },
  { about: strings },
)

const status: JsonSchema = {
  type: 'string',
  enum: ['findings', 'ok', 'NA', 'failed'],
  description: 'NA where what the answer needs was not reported: see missing and absence',
}
const absence: JsonSchema = { type: ['string', 'null'] }

/** Of the ranked report. */
export function reportSchema(): Promise<JsonSchema> {
  const asked = withOptional(
    { analyzer: string, question: string, status, missing: strings },
    { absence, reason: string },
  )
  return Promise.resolve(
    objectOf({
      about: { type: 'string', description: 'What was looked at, in words' },
      dataQuality: {
        type: 'array',
        items: cause,
        description: 'What to know about the data first',
      },
      causes: { type: 'array', items: cause, description: 'The most severe first' },
      asked: { type: 'array', items: asked, description: 'What became of each question' },
      sql: { type: 'object', additionalProperties: sqlSchema, description: 'By analyzer' },
    }),
  )
}

/** Of the list of analyzers. */
export function analyzersSchema(): Promise<JsonSchema> {
  const analyzer = objectOf({
    name: string,
    isAskedAlone: { type: 'boolean', description: 'Whether a report on everything leaves it out' },
    question: string,
    requires: strings,
  })
  return Promise.resolve(objectOf({ analyzers: { type: 'array', items: analyzer } }))
}

/** Of one analyzer's answer; its columns say what its rows have. */
export function analyzerSchema(): Promise<JsonSchema> {
  return Promise.resolve(
    objectOf({
      analyzer: string,
      kind: string,
      tells: string,
      question: string,
      status,
      absence,
      missing: strings,
      headline: strings,
      findings: { type: 'array', items: finding },
      columns: {
        type: 'array',
        items: objectOf({ name: string, type: string, unit: string, description: string }),
      },
      rows: { type: 'array', items: { type: 'object' } },
      sql: sqlSchema,
    }),
  )
}
