// Badges (SVG) and metrics (Prometheus) of single jobs.
import type { Exchange, Reply, Route } from '@wayward/base'
import { isTrouble } from '../../jobs/job-change.ts'
import { jobKey, type JobState, type JobStatus } from '../../jobs/job-state.ts'
import { JobProblem } from './job-problem.ts'
import { readName, type RunsApiParts } from './runs-api.ts'

const colours: Readonly<Record<JobStatus, string>> = {
  up: '#3a7d34',
  running: '#3a7d34',
  new: '#6e7781',
  paused: '#6e7781',
  late: '#b35900',
  failing: '#b42318',
  down: '#b42318',
}
/** The worst first: a badge of many shows the worst of them. */
const ranks: readonly JobStatus[] = ['down', 'failing', 'late', 'running', 'up', 'new', 'paused']
const charWidth = 6.5
const padding = 10

/** The addresses. */
export function createBadgeRoutes(parts: RunsApiParts): readonly Route[] {
  const methods = ['GET', 'HEAD']
  return [
    {
      path: '/api/badges/jobs/:name',
      isForOtherSites: true,
      methods,
      handle: (exchange) => ofJob(exchange, parts),
    },
    {
      path: '/api/badges/tags/:tag',
      isForOtherSites: true,
      methods,
      handle: (exchange) => ofTag(exchange, parts),
    },
    { path: '/api/jobs-metrics', methods, handle: (exchange) => metrics(exchange, parts) },
  ]
}

async function ofJob({ parameters, query }: Exchange, { desk }: RunsApiParts): Promise<Reply> {
  const name = readName((parameters['name'] ?? '').replace(/\.svg$/, ''))
  const state = await desk.find(name, query.get('service') ?? undefined)
  return badge(state.name, state.status)
}

async function ofTag({ parameters }: Exchange, { desk }: RunsApiParts): Promise<Reply> {
  const tag = readName((parameters['tag'] ?? '').replace(/\.svg$/, ''))
  const states = (await desk.list()).filter(({ definition }) => definition?.tags?.includes(tag))
  if (states.length === 0) throw new JobProblem(404, 'unknown_tag', `No job has the tag "${tag}"`)
  return badge(tag, ranks.find((rank) => states.some(({ status }) => status === rank)) ?? 'new')
}

function badge(label: string, status: JobStatus): Reply {
  const left = label.length * charWidth + padding
  const right = status.length * charWidth + padding
  const width = Math.ceil(left + right)
  const name = escape(label)
  const text = (x: number, value: string): string =>
    `<text x="${x.toFixed(1)}" y="14" text-anchor="middle">${value}</text>`
  const body = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${name}: ${status}">
<title>${name}: ${status}</title>
<rect width="${width}" height="20" rx="3" fill="#444c56"/>
<path d="M${left.toFixed(1)} 0h${(right - 3).toFixed(1)}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-${(right - 3).toFixed(1)}z" fill="${colours[status]}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${text(left / 2, name)}${text(left + right / 2, status)}</g>
</svg>
`
  return { status: 200, contentType: 'image/svg+xml; charset=utf-8', body }
}

async function metrics(_exchange: Exchange, { desk }: RunsApiParts): Promise<Reply> {
  const states = (await desk.list()).toSorted((a, b) => (jobKey(a) < jobKey(b) ? -1 : 1))
  const lines = [
    ...series('wayward_job_trouble', 'Whether a job is late, failing or down', states, (state) =>
      isTrouble(state.status) ? 1 : 0,
    ),
    ...series('wayward_job_running', 'Runs of a job that go on', states, ({ open }) => open.length),
    ...series(
      'wayward_job_last_end_time_seconds',
      'When the last run of a job ended, in seconds since 1970',
      states,
      ({ past }) => (past.at(-1)?.endMs ?? 0) / 1000,
    ),
    ...series(
      'wayward_job_last_duration_seconds',
      'How long the last run of a job took',
      states,
      ({ past }) => {
        const last = past.at(-1)
        return last === undefined ? 0 : (last.endMs - last.startMs) / 1000
      },
    ),
    ...series(
      'wayward_job_next_due_time_seconds',
      'When a job is due next, in seconds since 1970; 0 never',
      states,
      ({ slot }) => (slot?.dueMs ?? 0) / 1000,
    ),
  ]
  const contentType = 'text/plain; version=0.0.4; charset=utf-8'
  return { status: 200, contentType, body: `${lines.join('\n')}\n` }
}

function series(
  name: string,
  help: string,
  states: readonly JobState[],
  read: (state: JobState) => number,
): readonly string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...states.map(
      (state) =>
        `${name}{service="${quote(state.service)}",job="${quote(state.name)}",status="${state.status}"} ${read(state)}`,
    ),
  ]
}

function quote(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
