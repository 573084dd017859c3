// The shop's jobs, each worker doing one after the other. `report` fails, and since it takes its
// time to do so, `cleanup`, which waits for the same worker, starts late. `prices` has a worker of
// its own and is well.
import { setTimeout as sleep } from 'node:timers/promises'
import { SeverityNumber } from '@opentelemetry/api-logs'
import type { ReportedJob, Reporter } from '@wayward/sdk'
import { type Facts, jobFacts, nowNs } from './measurements.ts'

const reportAttempts = 2
const reportAttemptMs = 800
const cleanupMs = 60
const pricesMs = 25
const pricesEveryMs = 600

/** The report's template is wrong, whenever it is run. */
class TemplateError extends Error {
  constructor() {
    super('The template names a column "total" that the orders do not have')
    this.name = 'TemplateError'
  }
}

interface Appointment {
  /** After the shop has opened. */
  readonly dueMs: number
  readonly name: string
  run(dueTimeNs: bigint): Promise<void>
}

/** Runs the jobs of one opening; resolves when the last has ended. */
export async function runJobs(reporter: Reporter, facts: Facts): Promise<void> {
  const report = reporter.job({
    name: 'report',
    schedule: 'every 3s',
    attemptLimit: reportAttempts,
  })
  const cleanup = reporter.job({ name: 'cleanup', schedule: 'every 1500ms' })
  const prices = reporter.job({ name: 'prices', schedule: `every ${pricesEveryMs}ms` })

  const writeReport = (dueMs: number): Appointment => ({
    dueMs,
    name: 'report',
    run: (dueTimeNs) => runReport(report, reporter, dueTimeNs),
  })
  const cleanUp = (dueMs: number): Appointment => ({
    dueMs,
    name: 'cleanup',
    run: (dueTimeNs) => simple(cleanup, dueTimeNs, cleanupMs),
  })
  const setPrices = (dueMs: number): Appointment => ({
    dueMs,
    name: 'prices',
    run: (dueTimeNs) => simple(prices, dueTimeNs, pricesMs),
  })
  const shared = [cleanUp(300), writeReport(800), cleanUp(1000), cleanUp(2800), writeReport(3300)]
  const own = Array.from({ length: 8 }, (_, index) => setPrices((index + 1) * pricesEveryMs))
  const openedNs = nowNs()
  const openedTimeNs = BigInt(Date.now()) * 1_000_000n
  await Promise.all(
    [shared, own].map((appointments) => work(appointments, openedNs, openedTimeNs, facts)),
  )
}

/** A worker: one appointment after the other, none before it is due. */
async function work(
  appointments: readonly Appointment[],
  openedNs: number,
  openedTimeNs: bigint,
  facts: Facts,
): Promise<void> {
  for (const appointment of appointments) {
    const { dueMs, name } = appointment
    const dueNs = openedNs + dueMs * 1e6
    await sleep(Math.max(0, (dueNs - nowNs()) / 1e6))
    const measured = jobFacts(facts, name)
    const startedNs = nowNs()
    measured.runs++
    measured.latenessMaxNs = Math.max(measured.latenessMaxNs, startedNs - dueNs)
    try {
      await appointment.run(openedTimeNs + BigInt(dueMs) * 1_000_000n)
    } catch {
      // The reporter and the log have the reason; here it is only counted.
      measured.failed++
    }
    measured.durationSumNs += nowNs() - startedNs
  }
}

async function simple(job: ReportedJob, dueTimeNs: bigint, ms: number): Promise<void> {
  await job.run({ trigger: 'interval', dueTimeNs }, () => sleep(ms))
}

async function runReport(job: ReportedJob, reporter: Reporter, dueTimeNs: bigint): Promise<void> {
  await job.run({ trigger: 'interval', dueTimeNs }, async (run) => {
    let failure: unknown
    for (let attempt = 1; attempt <= reportAttempts; attempt++) {
      try {
        await run.attempt(async () => {
          await sleep(reportAttemptMs)
          throw new TemplateError()
        })
        return
      } catch (error) {
        failure = error
        reporter.log({
          body: `Attempt ${attempt} failed: ${String(error)}`,
          severity: SeverityNumber.ERROR,
        })
      }
    }
    throw failure
  })
}
