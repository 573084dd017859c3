// Our own addresses of runs: start, sign of life, end.
import { type Exchange, jsonReply, type Reply, type Route } from '@wayward/base'
import { durationMs } from '../../jobs/job-definition.ts'
import type { JobReport } from '../../jobs/job-report.ts'
import type { ReportSource, RunResult } from '../../jobs/job-state.ts'
import { identityOf } from '../../jobs/run-identity.ts'
import { cutText, type JobBodyParts, readJson } from './job-body.ts'
import type { JobDesk, JobName, ReportAnswer } from './job-desk.ts'
import { fieldProblem, JobProblem } from './job-problem.ts'
import { readTimeMs } from './json-schema.ts'
import { entrySchema, patchSchema, type ReportBody, startSchema } from './schemas.ts'

export interface RunsApiParts extends JobBodyParts {
  readonly desk: JobDesk
}

/** The addresses that write. */
export function createRunRoutes(parts: RunsApiParts): readonly Route[] {
  return [
    {
      path: '/api/jobs/:name/runs',
      methods: ['POST'],
      takesBody: true,
      handle: (exchange) => start(exchange, parts),
    },
    {
      path: '/api/jobs/:name/runs/:id',
      methods: ['PATCH'],
      takesBody: true,
      handle: (exchange) => patch(exchange, parts),
    },
    {
      path: '/logentry',
      methods: ['POST'],
      takesBody: true,
      handle: (exchange) => entry(exchange, parts),
    },
  ]
}

async function start(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  const body = await readJson<ReportBody>(exchange, startSchema, parts)
  const name = toName(exchange, readName(exchange.parameters['name'] ?? ''), body)
  const named = body.id === undefined ? body : { ...body, run: body.id }
  const report = toReport(named, 'start', 'api', parts)
  const answer = await parts.desk.report(name, report)
  return toReply(answer, 201)
}

async function patch(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  const body = await readJson<ReportBody>(exchange, patchSchema, parts)
  const run = readName(exchange.parameters['id'] ?? '')
  const name = toName(exchange, readName(exchange.parameters['name'] ?? ''), body)
  const isEnd = body.result !== undefined || body.exitCode !== undefined
  const report = toReport({ ...body, run }, isEnd ? 'end' : 'note', 'api', parts)
  return toReply(await parts.desk.report(name, report), 200)
}

async function entry(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  const body = await readJson<ReportBody>(exchange, entrySchema, parts)
  const { event = 'note', id = '', job = '' } = body
  const name = toName(exchange, job, body)
  const report = toReport({ ...body, reportId: id }, event, 'logentry', parts)
  return toReply(await parts.desk.report(name, report), 201)
}

function toName(exchange: Exchange, name: string, { service }: ReportBody): JobName {
  const { authorization, query } = exchange
  return {
    name,
    service: service ?? query.get('service') ?? undefined,
    owner: authorization.status === 'allowed' ? authorization.identity : '',
    // A run counts, also of a job that nobody has defined.
    mayCreate: true,
  }
}

/** A name in an address has the bounds of one in a body. @throws JobProblem */
export function readName(name: string): string {
  if (name.length <= 200 && !/\p{Cc}/u.test(name)) return name
  const seen = JSON.stringify(name.slice(0, 80))
  const wanted = 'at most 200 characters without control characters'
  throw fieldProblem([{ field: 'name', seen, wanted }])
}

function toReport(
  body: ReportBody,
  kind: JobReport['kind'],
  source: ReportSource,
  { limits }: JobBodyParts,
): Omit<JobReport, 'receivedMs'> {
  const { attempt, exitCode, host, metrics, pid, progress, reportId, trigger, usage } = body
  const { output } = body
  return {
    kind,
    source,
    reportId,
    runId: body.run,
    timeMs: timeOf(body.time),
    sentMs: timeOf(body.sentAt),
    startMs: timeOf(body.startedAt),
    dueMs: nearTimeOf('dueAt', body.dueAt),
    deadlineMs: nearTimeOf('deadlineAt', body.deadlineAt),
    heartbeatMs: durationMs(body.heartbeat),
    result: kind === 'end' ? resultOf(body) : undefined,
    exitCode,
    output: output === undefined ? undefined : cutText(output, limits.jobOutputBytesMax),
    usage,
    trigger,
    attempt,
    workerId: body.workerId,
    host,
    pid,
    parent: parentOf(body.traceparent),
    message: body.message,
    progress,
    metrics,
  }
}

function resultOf({ exitCode, result }: ReportBody): RunResult {
  return result ?? (exitCode === undefined || exitCode === 0 ? 'success' : 'failure')
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readTimeMs(text)
}

/** A run is not due years away: such a time is a slip, and would be told as lateness of years. */
const nearMs = 366 * 86_400_000

/** @throws JobProblem */
function nearTimeOf(field: string, text: string | undefined): number | undefined {
  const ms = timeOf(text)
  if (ms === undefined || Math.abs(ms - Date.now()) <= nearMs) return ms
  throw fieldProblem([{ field, seen: JSON.stringify(text), wanted: 'a time within a year of now' }])
}

function parentOf(traceparent: string | undefined): JobReport['parent'] {
  if (traceparent === undefined) return undefined
  const [, traceId = '', spanId = ''] = traceparent.split('-')
  return { traceId, spanId }
}

function toReply({ state, verdict }: ReportAnswer, freshStatus: number): Reply {
  const { name, open, service } = state
  if (verdict.kind === 'conflict') throw new JobProblem(409, 'conflict', verdict.note)
  const isRepeated = verdict.kind === 'repeated'
  if (verdict.runId === '') {
    // A note that is of no run.
    const body = { job: name, service, jobStatus: state.status, isRepeated, note: verdict.note }
    return jsonReply(isRepeated ? 200 : freshStatus, body)
  }
  const run = open.find(({ id }) => id === verdict.runId)
  const past = state.past.find(({ id }) => id === verdict.runId)
  const identity = identityOf(service, name, verdict.runId)
  const traceId = run?.parent?.traceId ?? identity.traceId.toString('hex')
  // Several services may have a job of this name.
  const query = new URLSearchParams({ service }).toString()
  const href = `/api/jobs/${encodeURIComponent(name)}/runs/${encodeURIComponent(verdict.runId)}?${query}`
  const body = {
    id: verdict.runId,
    job: name,
    service,
    status: run === undefined ? (past?.result ?? 'unknown') : 'running',
    jobStatus: state.status,
    isRepeated,
    note: verdict.note,
    href,
    traceparent: `00-${traceId}-${identity.spanId.toString('hex')}-01`,
  }
  const reply = jsonReply(isRepeated ? 200 : freshStatus, body)
  return reply.status === 201 ? { ...reply, headers: { Location: href } } : reply
}
