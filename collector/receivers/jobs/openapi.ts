// The addresses of jobs as an OpenAPI document, from the schemas that bodies are checked against.
import { openApiDocument, type Operation } from '../open-api.ts'
import { definitionSchema, entrySchema, patchSchema, startSchema } from './schemas.ts'

const problems = { 400: 'A field is wrong: which, the value seen, the value wanted' } as const
const refusals = {
  ...problems,
  409: 'It contradicts what is known, or several jobs have the name',
  413: 'The body is too large',
  429: 'There are as many jobs as may be, or too much at once',
  503: 'Nothing can be kept now; Retry-After says when to try again',
} as const
const reads = { 404: 'There is nothing of this name', 409: 'Several jobs have the name' } as const

const pingAnswers = { 200: 'Kept', 201: 'Kept, and the job was made', 404: 'Unknown', ...refusals }
const pingMethods = ['get', 'head', 'post'] as const
const pings = [
  ['/ping/{key}', 'A check by its UUID: success'],
  ['/ping/{key}/{slug}', 'Success; or a signal, after a UUID'],
  ['/ping/{key}/{slug}/{signal}', 'start, fail, log or an exit status of 0 to 255'],
] as const
const cronitor = [
  ['/p/{key}/{monitor}', 'A telemetry event of Cronitor'],
  ['/p/{key}/{monitor}/{state}', 'The same, with the state in the path'],
] as const
const cronitorQuery = [
  'state',
  'series',
  'metric',
  'message',
  'msg',
  'host',
  'status_code',
  'duration',
  'stamp',
  'service',
]
const sentry = ['/api/{project}/cron/{monitor}/{key}', '/api/{project}/cron/{monitor}/{key}/']

/** All operations. */
export const jobOperations: readonly Operation[] = [
  ...readOperations('/api/jobs-openapi.json', 'This document', []),
  ...readOperations('/api/jobs', 'All jobs with their states', ['status', 'service', 'tag']),
  ...readOperations('/api/jobs/{name}', 'A job', ['service']),
  {
    method: 'put',
    path: '/api/jobs/{name}',
    summary: 'Says what is expected of a job',
    query: ['service'],
    body: definitionSchema,
    answers: { 200: 'Kept', ...refusals },
  },
  ...readOperations('/api/jobs/{name}/slots', 'When a job is due next', ['service', 'count']),
  ...readOperations('/api/jobs/{name}/runs', 'Runs of a job', ['service', 'count']),
  {
    method: 'post',
    path: '/api/jobs/{name}/runs',
    summary: 'Starts a run',
    query: ['service'],
    body: startSchema,
    answers: { 201: 'Started', 200: 'Had started', ...refusals },
  },
  ...readOperations('/api/jobs/{name}/runs/{id}', 'A run', ['service']),
  {
    method: 'patch',
    path: '/api/jobs/{name}/runs/{id}',
    summary: 'A sign of life, progress, or the end of a run',
    query: ['service'],
    body: patchSchema,
    answers: { 200: 'Kept', ...refusals },
  },
  ...readOperations('/api/badges/jobs/{name}', 'A badge of a job (SVG)', ['service']),
  ...readOperations(
    '/api/badges/tags/{tag}',
    'A badge of all jobs of a tag: the worst of them',
    [],
  ),
  ...readOperations('/api/jobs-metrics', 'Metrics of each job (Prometheus)', []),
  ...readOperations('/logentry', 'What changed of a job', ['job', 'service', 'count']),
  {
    method: 'post',
    path: '/logentry',
    summary: 'An event of a run, kept once by its id',
    query: ['service'],
    body: entrySchema,
    answers: { 201: 'Kept', 200: 'Was kept before', ...refusals },
  },
  ...pings.flatMap(([path, summary]) =>
    pingMethods.map((method) => ({
      method,
      path,
      summary: `${summary} (Healthchecks)`,
      query: ['rid', 'create', 'service'],
      ...(method === 'post' ? { body: 'text' as const } : {}),
      answers: pingAnswers,
      hasKey: true,
    })),
  ),
  ...cronitor.flatMap(([path, summary]) =>
    pingMethods.map((method) => ({
      method,
      path,
      summary,
      query: cronitorQuery,
      answers: pingAnswers,
      hasKey: true,
    })),
  ),
  ...sentry.flatMap((path) =>
    pingMethods.map((method) => ({
      method,
      path,
      summary: 'A check-in of Sentry',
      query: ['status', 'check_in_id', 'duration', 'service'],
      answers: { 202: 'Kept', ...refusals },
      hasKey: true,
    })),
  ),
]

function readOperations(
  path: string,
  summary: string,
  query: readonly string[],
): readonly Operation[] {
  const answers = { 200: 'JSON', ...problems, ...reads }
  return [
    { method: 'get', path, summary, query, answers },
    { method: 'head', path, summary: `${summary}: the head alone`, query, answers },
  ]
}

/** The document, as docs/reference/jobs-openapi.json has it. */
export function jobsOpenApi(): string {
  const info = {
    title: 'Wayward: job runs over HTTP',
    description: 'See docs/jobs.md. Errors are problem details (RFC 9457).',
  }
  return openApiDocument(info, jobOperations)
}
