// `wayward jobs`: which jobs there are, and how they are; `show`: one of them; `watch`: all the
// time.
import { formatDuration } from '@wayward/analyzers'
import { renderTable, visible, wrap } from '@wayward/analyzers/report/table'
import { exitCodes, type ExitCode } from '../command-error.ts'
import type { jobsFields, jobsShowFields } from '../configuration/job-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { getJson } from '../job/api-client.ts'
import {
  bandOf,
  barsOf,
  byHour,
  byWeek,
  byWeekday,
  isFailed,
  type RunGroup,
  type ShownRun,
  summarize,
} from '../job/job-history.ts'
import type { Terminal } from '../terminal.ts'
import { show, type Shown, watch } from '../watch.ts'

type JobsValues = Resolved<typeof jobsFields>
type JobsShowValues = Resolved<typeof jobsShowFields>

interface ShownJob {
  readonly service: string
  readonly name: string
  readonly status: string
  readonly since: string
  readonly runs?: readonly {
    readonly id: string
    readonly startedAt: string
    readonly status: string
  }[]
  readonly last: { readonly endedAt: string; readonly result: string } | null
  readonly medianMs: number | null
  readonly trend: string
  readonly nextDueAt: string | null
  readonly definition?: Readonly<Record<string, unknown>> | null
}

const msToNs = 1e6
const runsAsked = 1_000
const barsMax = 80
const failuresMax = 3
const outputLinesMax = 10
const weeksMax = 5

/** Lists jobs, those in trouble first. */
export async function jobs(
  terminal: Terminal,
  { isWatching, values }: { readonly isWatching: boolean; readonly values: JobsValues },
): Promise<ExitCode> {
  const ask = (): Promise<Shown> => askList(terminal, values)
  return isWatching
    ? await watch(terminal, terminal.catchSignals(), ask)
    : await show(terminal, ask)
}

async function askList(terminal: Terminal, values: JobsValues): Promise<Shown> {
  const query = new URLSearchParams()
  for (const key of ['service', 'status', 'tag'] as const) {
    const value = values[key]
    if (value !== undefined) query.set(key, value)
  }
  const answer = await getJson<{ readonly jobs: readonly ShownJob[] }>(
    values,
    `/api/jobs?${query.toString()}`,
  )
  const isTrouble = answer.jobs.some(({ status }) => troubles.has(status))
  const exitCode = values.failOn === 'trouble' && isTrouble ? exitCodes.findings : exitCodes.done
  if (values.format === 'json') return { text: `${JSON.stringify(answer, null, 2)}\n`, exitCode }
  if (answer.jobs.length === 0) {
    return { text: 'No job was reported over HTTP in what was asked for.\n', exitCode }
  }
  const nowMs = Date.now()
  const rows = answer.jobs
    .toSorted((one, other) => rankOf(one) - rankOf(other))
    .map((job) => [
      job.name,
      job.service,
      job.status,
      ago(job.since, nowMs),
      job.last === null ? '' : `${job.last.result} ${ago(job.last.endedAt, nowMs)} ago`,
      job.nextDueAt === null ? '' : whenDue(job.nextDueAt, nowMs),
      job.medianMs === null ? '' : formatDuration(job.medianMs * msToNs),
      job.trend,
    ])
  const columns = headings.map((heading) => ({
    heading,
    align: heading === 'median' ? ('right' as const) : ('left' as const),
  }))
  const table = { columns, rows }
  return { text: `${renderTable(table, terminal.width, terminal.style)}Times are UTC.\n`, exitCode }
}

const headings = ['job', 'service', 'state', 'for', 'last run', 'next', 'median', 'trend']
const troubles: ReadonlySet<string> = new Set(['late', 'failing', 'down'])
const ranks = ['down', 'failing', 'late', 'running', 'up', 'new', 'paused']

function rankOf({ status }: ShownJob): number {
  return ranks.indexOf(status)
}

/** Shows one job. */
export async function jobsShow(
  terminal: Terminal,
  { name, values }: { readonly name: string; readonly values: JobsShowValues },
): Promise<ExitCode> {
  const service =
    values.service === undefined ? '' : `service=${encodeURIComponent(values.service)}&`
  const path = `/api/jobs/${encodeURIComponent(name)}`
  const job = await getJson<ShownJob>(values, `${path}?${service}`)
  const { ended } = await getJson<{ readonly ended: readonly ShownRun[] }>(
    values,
    `${path}/runs?${service}count=${runsAsked}`,
  )
  const text =
    values.format === 'json'
      ? `${JSON.stringify({ job, runs: ended }, null, 2)}\n`
      : pageOf(job, ended.toReversed(), terminal)
  await terminal.write(text)
  return exitCodes.done
}

/** @param runs the oldest first */
function pageOf(job: ShownJob, runs: readonly ShownRun[], terminal: Terminal): string {
  const nowMs = Date.now()
  const all = summarize(runs)
  const due = job.nextDueAt === null ? '' : `, next due ${whenDue(job.nextDueAt, nowMs)}`
  const lines = [
    `${visible(job.name)} of ${visible(job.service)}: ${job.status} for ${ago(job.since, nowMs)}${due}`,
    ...(job.runs ?? []).map(
      ({ id, startedAt, status }) =>
        `Run ${visible(id)} goes on for ${ago(startedAt, nowMs)} (${status})`,
    ),
    ...(job.definition === null || job.definition === undefined
      ? []
      : [`Expected: ${visible(JSON.stringify(job.definition))}`]),
    '',
  ]
  if (runs.length === 0) return `${[...lines, 'No run has ended yet.'].join('\n')}\n`
  const shown = runs.slice(-Math.min(barsMax, terminal.width))
  const numbers =
    `${all.runs} runs, ${all.failed} failed; ${time(all.lowMs)} to ${time(all.highMs)}, ` +
    `median ${time(all.medianMs)}`
  return `${[
    ...lines,
    barsOf(shown),
    `The last ${shown.length}, oldest first, as high as they were long; × failed`,
    numbers,
    ...usualOf(runs, nowMs),
    '',
    ...peaksOf('hour (UTC)', byHour(runs)),
    ...peaksOf('day', byWeekday(runs)),
    ...weeksOf(byWeek(runs, nowMs, weeksMax)),
    ...failuresOf(runs, terminal),
  ].join('\n')}\n`
}

/** What a run that began now would be measured by. */
function usualOf(runs: readonly ShownRun[], nowMs: number): readonly string[] {
  const band = bandOf(runs, nowMs)
  if (band === undefined) return []
  const of = band.isOfHour ? 'of this weekday and hour (UTC)' : 'of any hour'
  return [
    `Usual now: median ${time(band.medianMs)}, slow above ${time(band.slowMs)}, ` +
      `by ${band.runs} good runs ${of}`,
  ]
}

/** The slowest and the quickest of some groups, where there are several. */
function peaksOf(what: string, groups: readonly RunGroup[]): readonly string[] {
  if (groups.length < 2) return []
  const sorted = groups.toSorted((one, other) => other.medianMs - one.medianMs)
  const [peak] = sorted
  const low = sorted.at(-1)
  if (peak === undefined || low === undefined) return []
  return [
    `By ${what}: slowest ${peak.label} (median ${time(peak.medianMs)}), ` +
      `quickest ${low.label} (${time(low.medianMs)})`,
  ]
}

function weeksOf(weeks: readonly RunGroup[]): readonly string[] {
  if (weeks.length === 0) return []
  const told = weeks.map(
    ({ failed, label, medianMs, runs }) =>
      `  ${label.padEnd(12)} ${String(runs).padStart(6)} runs  ${String(failed).padStart(4)} failed  median ${time(medianMs)}`,
  )
  return ['Weeks:', ...told]
}

function failuresOf(runs: readonly ShownRun[], terminal: Terminal): readonly string[] {
  const failed = runs.filter(isFailed).slice(-failuresMax).toReversed()
  if (failed.length === 0) return []
  return [
    '',
    'Last failures:',
    ...failed.flatMap((run) => {
      const code = run.exitCode === undefined ? '' : `, exit code ${run.exitCode}`
      const head = `  ${run.startedAt.slice(0, 19).replace('T', ' ')}  ${run.status}${code} after ${time(run.runTimeMs)}`
      const said = (run.output ?? run.message ?? '').trimEnd().split('\n').slice(-outputLinesMax)
      const output = said.flatMap((line) => wrap(visible(line), terminal.width - 4))
      return [head, ...output.filter((line) => line !== '').map((line) => `    ${line}`)]
    }),
  ]
}

function time(ms: number): string {
  return formatDuration(ms * msToNs)
}

function ago(at: string, nowMs: number): string {
  return time(Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000) * 1000))
}

function whenDue(at: string, nowMs: number): string {
  const ms = Date.parse(at) - nowMs
  const seconds = Math.round(Math.abs(ms) / 1000) * 1000
  return ms >= 0 ? `in ${time(seconds)}` : `${time(seconds)} ago`
}
