// Our own addresses of jobs: what is expected of them, and what is known of them.
import { type Exchange, jsonReply, type Reply, type Route } from '@wayward/base'
import {
  isBad,
  isJobStatus,
  jobKey,
  type JobState,
  jobStatuses,
  type OpenRun,
  type PastRun,
} from '../../jobs/job-state.ts'
import type { EndedRun } from '../../jobs/job-state.ts'
import { readJson } from './job-body.ts'
import { fieldProblem, JobProblem } from './job-problem.ts'
import { jobsOpenApi } from './openapi.ts'
import type { DefinitionBody } from './schemas.ts'
import { definitionSchema } from './schemas.ts'
import { readName, type RunsApiParts } from './runs-api.ts'

const runsDefault = 50
const runsMax = 1_000

/** The addresses of definitions, and those that only read. */
export function createJobRoutes(parts: RunsApiParts): readonly Route[] {
  return [
    {
      path: '/api/jobs-openapi.json',
      methods: ['GET', 'HEAD'],
      handle: () =>
        Promise.resolve({ status: 200, contentType: 'application/json', body: jobsOpenApi() }),
    },
    { path: '/api/jobs', methods: ['GET', 'HEAD'], handle: (exchange) => list(exchange, parts) },
    {
      path: '/api/jobs/:name',
      methods: ['GET', 'HEAD'],
      handle: (exchange) => show(exchange, parts),
    },
    {
      path: '/api/jobs/:name',
      methods: ['PUT'],
      takesBody: true,
      handle: (exchange) => define(exchange, parts),
    },
    {
      path: '/api/jobs/:name/slots',
      methods: ['GET', 'HEAD'],
      handle: (exchange) => slots(exchange, parts),
    },
    {
      path: '/api/jobs/:name/runs',
      methods: ['GET', 'HEAD'],
      handle: (exchange) => runs(exchange, parts),
    },
    {
      path: '/api/jobs/:name/runs/:id',
      methods: ['GET', 'HEAD'],
      handle: (exchange) => run(exchange, parts),
    },
    {
      path: '/logentry',
      methods: ['GET', 'HEAD'],
      handle: (exchange) => entries(exchange, parts),
    },
  ]
}

/** A job as it is shown. */
function toShown(state: JobState): Readonly<Record<string, unknown>> {
  const { definition, open } = state
  return { ...toListed(state), definition: definition ?? null, runs: open.map(toOpenShown) }
}

/** What a list has of a job. */
function toListed(state: JobState): Readonly<Record<string, unknown>> {
  const { definition, name, open, past, service, sinceMs, slot, status } = state
  const last = past.at(-1)
  return {
    service,
    name,
    status,
    since: toTime(sinceMs),
    tags: definition?.tags ?? [],
    running: open.length,
    last:
      last === undefined
        ? null
        : {
            id: last.id,
            startedAt: toTime(last.startMs),
            endedAt: toTime(last.endMs),
            result: last.result,
          },
    medianMs: medianOf(past),
    // The last results, the oldest first: o went well, x did not, - was neither.
    trend: past
      .map(({ result }) => (isBad(result) ? 'x' : result === 'success' ? 'o' : '-'))
      .join(''),
    failuresInRow: state.failuresInRow,
    broken: state.broken ?? [],
    nextDueAt: slot === undefined ? null : toTime(slot.dueMs),
    missedInRow: state.missedInRow,
  }
}

function medianOf(past: readonly PastRun[]): number | null {
  const lengths = past.map(({ endMs, startMs }) => endMs - startMs).toSorted((a, b) => a - b)
  return lengths[Math.floor((lengths.length - 1) / 2)] ?? null
}

async function list({ query }: Exchange, { desk }: RunsApiParts): Promise<Reply> {
  checkNames(query, ['status', 'service', 'tag'])
  const status = query.get('status')
  if (status !== null && !isJobStatus(status)) {
    const wanted = `one of ${jobStatuses.join(', ')}`
    throw fieldProblem([{ field: 'status', seen: JSON.stringify(status.slice(0, 80)), wanted }])
  }
  const tag = query.get('tag')
  const service = query.get('service')
  const texts = (await desk.list())
    .filter((state) => status === null || state.status === status)
    .filter((state) => service === null || state.service === service)
    .filter((state) => tag === null || state.definition?.tags?.includes(tag) === true)
    .map((state) => ({ key: jobKey(state), text: shownText(state) }))
    .toSorted((one, other) => (one.key < other.key ? -1 : 1))
    .map(({ text }) => text)
  return { status: 200, contentType: 'application/json', body: `{"jobs":[${texts.join(',')}]}\n` }
}

/** A state is never changed, so what is shown of it is made once. */
const shownTexts = new WeakMap<JobState, string>()

function shownText(state: JobState): string {
  const known = shownTexts.get(state)
  if (known !== undefined) return known
  const text = JSON.stringify(toListed(state))
  shownTexts.set(state, text)
  return text
}

async function show(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  checkNames(exchange.query, ['service'])
  return jsonReply(200, toShown(await jobOf(exchange, parts)))
}

async function define(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  // Nothing at all is a slip, and would take away what is expected.
  const { headers } = exchange.request
  if (Number(headers['content-length'] ?? 0) === 0 && !('transfer-encoding' in headers)) {
    const wanted = 'a JSON object; {} where nothing is expected of the job'
    throw fieldProblem([{ field: 'body', seen: 'nothing', wanted }])
  }
  const body = await readJson<DefinitionBody>(exchange, definitionSchema, parts)
  const { service, ...definition } = body
  const { authorization, query } = exchange
  const name = {
    name: readName(exchange.parameters['name'] ?? ''),
    service: service ?? query.get('service') ?? undefined,
    owner: authorization.status === 'allowed' ? authorization.identity : '',
    mayCreate: true,
  }
  return jsonReply(200, toShown(await parts.desk.define(name, definition, 'api')))
}

async function runs(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  const { name, open, service } = await jobOf(exchange, parts)
  checkNames(exchange.query, ['service', 'count'])
  const countMax = readCount(exchange.query)
  const ended = await parts.desk.store.readRuns({ service, name, countMax })
  return jsonReply(200, { running: open.map(toOpenShown), ended: ended.map(toEndedShown) })
}

async function slots(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  const state = await jobOf(exchange, parts)
  checkNames(exchange.query, ['service', 'count'])
  const times = parts.desk.plans.upcoming(state, Date.now(), readCount(exchange.query))
  return jsonReply(200, { due: times.map(toTime) })
}

async function run(exchange: Exchange, parts: RunsApiParts): Promise<Reply> {
  const { name, open, service } = await jobOf(exchange, parts)
  const runId = exchange.parameters['id'] ?? ''
  const going = open.find(({ id }) => id === runId)
  if (going !== undefined) return jsonReply(200, toOpenShown(going))
  const [ended] = await parts.desk.store.readRuns({ service, name, runId, countMax: 1 })
  if (ended !== undefined) return jsonReply(200, toEndedShown(ended))
  throw new JobProblem(404, 'unknown_run', `The job "${name}" has no run "${runId}"`)
}

async function entries({ query }: Exchange, { desk }: RunsApiParts): Promise<Reply> {
  checkNames(query, ['job', 'service', 'count'])
  const job = query.get('job')
  if (job === null) {
    throw fieldProblem([{ field: 'job', seen: 'nothing', wanted: 'the name of a job' }])
  }
  const { name, service } = await desk.find(job, query.get('service') ?? undefined)
  const changes = await desk.store.readChanges({ service, name, countMax: readCount(query) })
  const shown = changes.map(({ atMs, dueMs, receivedMs, ...change }) => ({
    ...change,
    at: toTime(atMs),
    receivedAt: toTime(receivedMs),
    dueAt: dueMs === undefined || dueMs === 0 ? null : toTime(dueMs),
  }))
  return jsonReply(200, { entries: shown })
}

/** A name that is not known is a slip: without a word the answer would be to another question. */
function checkNames(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (known.includes(name)) continue
    const seen = `the unknown parameter ${JSON.stringify(name.slice(0, 80))}`
    throw fieldProblem([{ field: 'query', seen, wanted: `one of ${known.join(', ')}` }])
  }
}

async function jobOf({ parameters, query }: Exchange, { desk }: RunsApiParts): Promise<JobState> {
  return await desk.find(readName(parameters['name'] ?? ''), query.get('service') ?? undefined)
}

function readCount(query: URLSearchParams): number {
  const text = query.get('count')
  if (text === null) return runsDefault
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= runsMax) return count
  const wanted = `a whole number of 1 to ${runsMax}`
  throw fieldProblem([{ field: 'count', seen: JSON.stringify(text.slice(0, 80)), wanted }])
}

function toOpenShown(open: OpenRun): Readonly<Record<string, unknown>> {
  const { deadlineMs, dueMs, heartbeatMs, isNamed: _, seenMs, skewMs, startMs, ...facts } = open
  return {
    ...facts,
    status: open.isOverdue === true ? 'timeout' : 'running',
    startedAt: toTime(startMs),
    seenAt: toTime(seenMs),
    dueAt: toTimeOrNull(dueMs),
    deadlineAt: toTimeOrNull(deadlineMs),
    heartbeatMs: heartbeatMs ?? null,
    clockSkewMs: skewMs ?? 0,
  }
}

function toEndedShown(ended: EndedRun): Readonly<Record<string, unknown>> {
  const { deadlineMs, dueMs, endMs, result, skewMs, startMs, ...facts } = ended
  return {
    ...facts,
    status: result,
    startedAt: toTime(startMs),
    endedAt: toTime(endMs),
    runTimeMs: endMs - startMs,
    dueAt: toTimeOrNull(dueMs),
    deadlineAt: toTimeOrNull(deadlineMs),
    latenessMs: dueMs === undefined ? null : Math.max(0, startMs - dueMs),
    clockSkewMs: skewMs ?? 0,
  }
}

function toTimeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : toTime(ms)
}

function toTime(ms: number): string {
  return new Date(ms).toISOString()
}
