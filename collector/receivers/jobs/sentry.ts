// The check-ins of Sentry: /api/<project>/cron/<monitor>/<key>/?status=in_progress|ok|error, or the
// same in a body of JSON, which may also say what is expected of the monitor.
import { type Exchange, jsonReply, type Reply, type Route } from '@wayward/base'
import type { JobDefinition } from '../../jobs/job-definition.ts'
import type { JobReport } from '../../jobs/job-report.ts'
import { readJson } from './job-body.ts'
import type { JsonSchema } from './json-schema.ts'
import { JobProblem } from './job-problem.ts'
import { ownerOf } from './key-access.ts'
import type { PingParts } from './healthchecks.ts'

const statuses: ReadonlyMap<string, Pick<JobReport, 'kind' | 'result'>> = new Map([
  ['in_progress', { kind: 'start' }],
  ['ok', { kind: 'end', result: 'success' }],
  ['error', { kind: 'end', result: 'error' }],
])

const idPattern = '^[0-9a-fA-F-]{32,36}$'
const minutes = { type: 'number', minimum: 0, maximum: 1_000_000 } as const
const text = { type: 'string', maxLength: 200 } as const
const checkInSchema = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: [...statuses.keys()] },
    check_in_id: { type: 'string', pattern: idPattern, example: 'a UUID' },
    duration: { type: 'number', minimum: 0, maximum: 1e9 },
    environment: text,
    release: text,
    monitor_slug: text,
    monitor_config: {
      type: 'object',
      properties: {
        schedule: {
          type: 'object',
          required: ['type'],
          properties: {
            type: { type: 'string', enum: ['crontab', 'interval'] },
            unit: { type: 'string', enum: ['minute', 'hour', 'day', 'week', 'month', 'year'] },
          },
          additionalProperties: true,
        },
        checkin_margin: minutes,
        max_runtime: minutes,
        timezone: text,
        failure_issue_threshold: { type: 'integer', minimum: 1, maximum: 1000 },
        recovery_threshold: { type: 'integer', minimum: 1, maximum: 1000 },
        owner: text,
      },
      additionalProperties: true,
    },
  },
  additionalProperties: true,
} as const satisfies JsonSchema

interface CheckIn {
  readonly status?: string
  readonly check_in_id?: string
  readonly duration?: number
  readonly environment?: string
  readonly monitor_config?: MonitorConfig
}

interface MonitorConfig {
  readonly schedule?: { readonly type: string; readonly value?: unknown; readonly unit?: string }
  readonly checkin_margin?: number
  readonly max_runtime?: number
  readonly timezone?: string
  readonly failure_issue_threshold?: number
}

/** The addresses. */
export function createSentryRoutes(parts: PingParts): readonly Route[] {
  return ['/api/:project/cron/:monitor/:key', '/api/:project/cron/:monitor/:key/'].map((path) => ({
    path,
    methods: ['GET', 'HEAD', 'POST'],
    isOpen: true,
    takesBody: true,
    handle: (exchange: Exchange) => checkIn(exchange, parts),
  }))
}

async function checkIn(exchange: Exchange, parts: PingParts): Promise<Reply> {
  const { parameters, query } = exchange
  const owner = ownerOf(exchange, parameters['key'] ?? '', parts.access)
  const body = await readJson<CheckIn>(exchange, checkInSchema, parts)
  const status = body.status ?? query.get('status') ?? ''
  const known = statuses.get(status)
  const wanted = [...statuses.keys()].join(', ')
  if (known === undefined) {
    const errors = [{ field: 'status', seen: JSON.stringify(status.slice(0, 80)), wanted }]
    const message = `status is "${status.slice(0, 80)}"; send one of ${wanted}`
    throw new JobProblem(400, 'wrong_field', message, { errors })
  }
  const runId = readId(body.check_in_id ?? query.get('check_in_id') ?? undefined)
  const seconds = body.duration ?? readSeconds(query.get('duration'))
  const name = {
    name: parameters['monitor'] ?? '',
    service: query.get('service') ?? undefined,
    owner,
    mayCreate: true,
  }
  if (body.monitor_config !== undefined) {
    await parts.desk.define(name, toDefinition(body.monitor_config), 'sentry')
  }
  const { verdict } = await parts.desk.report(name, {
    ...known,
    source: 'sentry',
    runId,
    durationMs: seconds === undefined ? undefined : seconds * 1000,
  })
  if (verdict.kind === 'conflict') throw new JobProblem(409, 'conflict', verdict.note)
  return jsonReply(202, { id: verdict.runId })
}

/** All zeros stand for the newest run, as in Sentry. */
function readId(id: string | undefined): string | undefined {
  if (id === undefined || /^[0-]+$/.test(id)) return undefined
  if (new RegExp(idPattern).test(id)) return id.toLowerCase()
  const seen = JSON.stringify(id.slice(0, 80))
  const errors = [{ field: 'check_in_id', seen, wanted: 'a UUID' }]
  throw new JobProblem(400, 'wrong_field', `check_in_id is ${seen}; send a UUID`, { errors })
}

function readSeconds(text: string | null): number | undefined {
  const seconds = Number(text)
  return text === null || !(seconds >= 0 && seconds < 1e9) ? undefined : seconds
}

/** What Sentry calls a monitor's configuration, in our words. */
export function toDefinition(config: MonitorConfig): JobDefinition {
  const { schedule, timezone } = config
  const times =
    schedule?.type === 'crontab'
      ? [textOf(schedule.value, '')]
      : schedule === undefined
        ? []
        : [`every ${textOf(schedule.value, '1')} ${schedule.unit ?? 'minute'}`]
  return {
    ...(times.length === 0 ? {} : { schedule: times }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(config.checkin_margin === undefined ? {} : { grace: `${config.checkin_margin}m` }),
    ...(config.max_runtime === undefined ? {} : { maxRunTime: `${config.max_runtime}m` }),
    ...(config.failure_issue_threshold === undefined
      ? {}
      : { tolerance: config.failure_issue_threshold - 1 }),
  }
}

/** A number or a text of a schedule, which Sentry tells apart and we do not. */
function textOf(value: unknown, absent: string): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : absent
}
