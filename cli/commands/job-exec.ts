// `wayward job exec`: runs a command and reports the run. Whatever becomes of the reports, the
// command runs, and its exit code is ours.
import { identityOf } from '@wayward/collector/jobs/run-identity'
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { CommandError, exitCodes } from '../command-error.ts'
import type { jobExecFields } from '../configuration/job-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { type ChildEnd, runChild } from '../job/child.ts'
import { createReportClient, type Report } from '../job/report-client.ts'
import { openSpool, runKeyOf } from '../job/spool.ts'
import type { Terminal } from '../terminal.ts'

/** The values of `job exec`. */
export type JobExecValues = Resolved<typeof jobExecFields>

const defaultService = 'jobs'
/** How long what waits from before is sent on after the command's end. */
const spoolMsAfterEnd = 1_000

/** @returns the exit code of the command */
export async function jobExec(
  terminal: Terminal,
  { argv, values }: { readonly argv: readonly string[]; readonly values: JobExecValues },
): Promise<number> {
  const { name } = values
  if (name === undefined || name === '') {
    const message = 'The job has no name; give one with --name'
    throw new CommandError(exitCodes.usage, message, { page: 'jobs.md' })
  }
  const runId = values.runId ?? randomUUID()
  const service = values.service ?? defaultService
  const startMs = Date.now()
  const reporter = createReporter(terminal, values, runKeyOf(startMs, runId))
  const address = { name, runId, service }
  reporter.report(startReport(address, values, startMs))
  const heartbeat = setInterval(() => reporter.beat(beatReport(address)), values.heartbeat)
  const end = await runChild({
    argv,
    env: { ...terminal.env, ...childEnvironment(address) },
    outputBytesMax: values.output,
  })
  clearInterval(heartbeat)
  if (end.problem !== undefined) terminal.note(`wayward job exec: ${end.problem}`)
  reporter.report(endReport(address, end, startMs))
  await reporter.finish()
  // What was passed through may still be on its way.
  await Promise.all([process.stdout, process.stderr].map(whenWritten))
  return end.exitCode
}

interface RunAddress {
  readonly name: string
  readonly runId: string
  readonly service: string
}

/** What the command may pass on, so that its own spans lie under the run. */
function childEnvironment({ name, runId, service }: RunAddress): Readonly<Record<string, string>> {
  const { spanId, traceId } = identityOf(service, name, runId)
  return {
    TRACEPARENT: `00-${traceId.toString('hex')}-${spanId.toString('hex')}-01`,
    WAYWARD_JOB_NAME: name,
    WAYWARD_JOB_RUN_ID: runId,
  }
}

function startReport(
  { name, runId, service }: RunAddress,
  { due, heartbeat, maxRunTime }: JobExecValues,
  startMs: number,
): Report {
  const dueMs = due === undefined || due === 'now' ? undefined : Number(due / 1_000_000n)
  return {
    method: 'POST',
    path: `/api/jobs/${encodeURIComponent(name)}/runs`,
    body: {
      id: runId,
      service,
      time: toTime(startMs),
      host: hostname(),
      pid: process.pid,
      // Two may be late before somebody is told.
      heartbeat: `${3 * heartbeat}ms`,
      ...(dueMs === undefined ? {} : { dueAt: toTime(dueMs) }),
      ...(maxRunTime === undefined ? {} : { deadlineAt: toTime(startMs + maxRunTime) }),
    },
  }
}

function beatReport({ name, runId, service }: RunAddress): Report {
  return {
    method: 'PATCH',
    path: `/api/jobs/${encodeURIComponent(name)}/runs/${encodeURIComponent(runId)}`,
    body: { service, time: toTime(Date.now()) },
  }
}

function endReport(address: RunAddress, end: ChildEnd, startMs: number): Report {
  const { exitCode, isCancelled, output, problem, signal, usage } = end
  const result =
    problem !== undefined
      ? 'error'
      : exitCode === 0
        ? 'success'
        : isCancelled
          ? 'cancellation'
          : 'failure'
  const message = problem ?? (signal === undefined ? undefined : `Ended by ${signal}`)
  return {
    ...beatReport(address),
    body: {
      service: address.service,
      time: toTime(end.endMs),
      startedAt: toTime(startMs),
      result,
      exitCode,
      output,
      usage,
      host: hostname(),
      ...(message === undefined ? {} : { message }),
    },
  }
}

interface Reporter {
  report(report: Report): void
  /** Sends it if nothing else is under way: an old sign of life is none. */
  beat(report: Report): void
  /** Resolves when all is sent, or waits on the disk. */
  finish(): Promise<void>
}

/** Sends reports in their order; from the first that cannot be sent on they wait on the disk. */
function createReporter(terminal: Terminal, values: JobExecValues, runKey: string): Reporter {
  const client = createReportClient(values)
  const spool = openSpool(values.spool ?? join(values.dataDir, 'spool'))
  let isAway = false
  let isEnding = false
  let pending = 0
  let last: Promise<unknown> = Promise.resolve()
  let old: Promise<unknown> = Promise.resolve()

  const keep = (report: Report, why: string): void => {
    try {
      const dropped = spool.keep(runKey, report)
      if (dropped > 0) terminal.note(`wayward job exec: dropped ${dropped} older runs that waited`)
      if (!isAway)
        terminal.note(`wayward job exec: the report waits, as the service is away: ${why}`)
    } catch (error) {
      terminal.note(`wayward job exec: the report is lost: ${String(error)}`)
    }
    isAway = true
  }
  const sendOne = async (report: Report): Promise<void> => {
    pending++
    const outcome = isAway ? undefined : await client.send(report)
    pending--
    if (outcome?.status === 'refused') terminal.note(`wayward job exec: ${outcome.message}`)
    else if (outcome?.status !== 'kept') keep(report, outcome?.message ?? '')
  }
  return {
    report(report) {
      const isFirst = pending === 0
      last = last.then(() => sendOne(report))
      if (!isFirst) return
      // What waits from before goes out behind the first report that arrives.
      old = last.then(() =>
        isAway ? undefined : spool.send(client, { isStopped: () => isEnding }),
      )
    },
    beat(report) {
      if (pending === 0 && !isAway) last = last.then(() => sendOne(report))
    },
    async finish() {
      await last
      const timer = setTimeout(() => {
        isEnding = true
      }, spoolMsAfterEnd)
      await old
      clearTimeout(timer)
    },
  }
}

function toTime(ms: number): string {
  return new Date(ms).toISOString()
}

async function whenWritten(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
}
