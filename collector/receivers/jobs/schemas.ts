// What the bodies of our own job addresses look like.
import { durationPattern, type JobDefinition } from '../../jobs/job-definition.ts'
import type { RunResult, RunTrigger } from '../../jobs/job-state.ts'
import type { JsonSchema } from './json-schema.ts'

const namePattern = '^[^\\p{Cc}]+$'
const name = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  pattern: namePattern,
  example: 'a text of at most 200 characters without control characters',
} as const
const duration = {
  type: 'string',
  maxLength: 50,
  pattern: durationPattern,
  example: 'a duration such as 90s, 5m or 1h30m',
} as const
const time = { type: 'string', maxLength: 40, format: 'date-time' } as const
const text = { type: 'string', maxLength: 10_000 } as const
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const
const results: readonly RunResult[] = [
  'success',
  'failure',
  'error',
  'timeout',
  'cancellation',
  'skip',
]
const triggers: readonly RunTrigger[] = ['cron', 'interval', 'event', 'manual', 'retry']

const whenFields = {
  time: { ...time, description: "When it happened, by the sender's clock; else now" },
  sentAt: { ...time, description: 'When this is sent, by the same clock: puts a wrong one right' },
} as const
const runFacts = {
  trigger: { type: 'string', enum: triggers, description: 'Why the run was started' },
  attempt: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  workerId: name,
  host: name,
  pid: { type: 'integer', minimum: 1, maximum: 2 ** 32 - 1 },
  message: { ...text, description: 'For people' },
  progress: { type: 'number', minimum: 0, maximum: 1 },
  metrics: {
    type: 'object',
    description: 'Numbers that the run reports of itself',
    additionalProperties: { type: 'number' },
    maxProperties: 50,
  },
} as const
const startFacts = {
  dueAt: { ...time, description: 'When the run was due; else by the schedule' },
  deadlineAt: { ...time, description: 'When it must have ended' },
  heartbeat: { ...duration, description: 'Longest time between two signs of life' },
  traceparent: {
    type: 'string',
    pattern: '^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$',
    example: 'a traceparent (W3C Trace Context)',
    description: 'The span that started it',
  },
} as const
const endFacts = {
  startedAt: { ...time, description: 'When the run started, where that was not reported' },
  result: { type: 'string', enum: results, description: 'Ends the run' },
  exitCode: {
    type: 'integer',
    minimum: -2147483648,
    maximum: 2147483647,
    description: 'Ends the run: 0 is success, anything else failure',
  },
  output: { type: 'string', description: 'What the run wrote; cut at job-output-bytes-max' },
  usage: {
    type: 'object',
    properties: { cpuNs: count, memoryBytes: count, readBytes: count, writtenBytes: count },
    additionalProperties: false,
  },
} as const

/** `POST /api/jobs/:name/runs`. */
export const startSchema = {
  type: 'object',
  properties: {
    id: { ...name, description: 'Id of the run; else it is given one' },
    service: name,
    ...whenFields,
    ...runFacts,
    ...startFacts,
  },
  additionalProperties: false,
} as const satisfies JsonSchema

/** `PATCH /api/jobs/:name/runs/:id`. */
export const patchSchema = {
  type: 'object',
  properties: {
    service: name,
    reportId: { ...name, description: 'By which the report is known when it comes again' },
    ...whenFields,
    ...runFacts,
    ...endFacts,
  },
  additionalProperties: false,
} as const satisfies JsonSchema

/** `POST /logentry`. */
export const entrySchema = {
  type: 'object',
  required: ['id', 'job', 'event'],
  properties: {
    id: { ...name, description: 'Id of the event: one that comes again changes nothing' },
    job: name,
    service: name,
    event: { type: 'string', enum: ['start', 'note', 'end'] },
    run: { ...name, description: 'Id of the run; without it the newest that has none' },
    ...whenFields,
    ...runFacts,
    ...startFacts,
    ...endFacts,
  },
  additionalProperties: false,
} as const satisfies JsonSchema

const definitionFields: Readonly<Record<keyof JobDefinition, JsonSchema>> = {
  schedule: {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 200 },
    maxItems: 20,
    description: 'When it is due: cron, @daily, "every 10m" or OnCalendar; several together',
  },
  timezone: { ...name, description: 'IANA time zone of the schedule; else UTC' },
  grace: { ...duration, description: 'How long after its due time a start is in time; else 60s' },
  maxRunTime: { ...duration, description: 'Longest time that a run may take' },
  heartbeat: { ...duration, description: 'Longest time between two signs of life of a run' },
  tolerance: {
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    description: 'How many bad runs in a row are no trouble yet',
  },
  maintenance: {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 200 },
    maxItems: 20,
    description: 'When nothing is due: "<time>/<time>" (RFC 3339), or "0 2 * * SUN for 2h"',
  },
  assertions: {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 200 },
    maxItems: 20,
    description: 'What must hold of its runs: "runTime p95 < 5 min", "failureRate < 10 % of 20"',
  },
  tags: { type: 'array', items: { ...name, maxLength: 50 }, maxItems: 20 },
  paused: { type: 'boolean', description: 'Nothing is expected of it now' },
  id: { ...name, description: 'An id by which it is also known, as the UUID of a check' },
}

/** `PUT /api/jobs/:name`. */
export const definitionSchema = {
  type: 'object',
  properties: { service: name, ...definitionFields },
  additionalProperties: false,
} as const satisfies JsonSchema

/** A body of `startSchema`, `patchSchema` or `entrySchema`, after it was checked. */
export interface ReportBody {
  readonly id?: string
  readonly job?: string
  readonly service?: string
  readonly event?: 'start' | 'note' | 'end'
  readonly run?: string
  readonly reportId?: string
  readonly time?: string
  readonly sentAt?: string
  readonly trigger?: RunTrigger
  readonly attempt?: number
  readonly workerId?: string
  readonly host?: string
  readonly pid?: number
  readonly message?: string
  readonly progress?: number
  readonly metrics?: Readonly<Record<string, number>>
  readonly dueAt?: string
  readonly deadlineAt?: string
  readonly heartbeat?: string
  readonly traceparent?: string
  readonly startedAt?: string
  readonly result?: RunResult
  readonly exitCode?: number
  readonly output?: string
  readonly usage?: {
    readonly cpuNs?: number
    readonly memoryBytes?: number
    readonly readBytes?: number
    readonly writtenBytes?: number
  }
}

/** A body of `definitionSchema`, after it was checked. */
export interface DefinitionBody extends JobDefinition {
  readonly service?: string
}
