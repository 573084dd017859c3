// One load on a running collector: what it took, until a query finds the last row.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadPlan, LoadResult } from './generator.ts'
import { childOf, cpuSeconds, watchMemory } from './process-usage.ts'
import { generate, queryValue, type Service } from './service.ts'

/** The processes and the table that a load is measured on. */
export interface Subject {
  readonly collectorPid: number
  readonly enginePid: number
  countRows(): Promise<number>
}

export interface Measured {
  readonly load: LoadResult
  /** From the first request to the last row that a query finds. */
  readonly seconds: number
  readonly spansPerSecond: number
  /** CPU seconds per million spans. */
  readonly collectorCpu: number
  readonly engineCpu: number
  readonly generatorCpu: number
  /** Highest resident memory, MiB. */
  readonly collectorMib: number
  readonly engineMib: number
}

const pollMs = 50
const rowsMsMax = 600_000

/** @throws Error when a request was refused for good or rows are missing or too many */
export async function measureLoad(subject: Subject, plan: LoadPlan): Promise<Measured> {
  const { collectorPid, enginePid } = subject
  const rowsBefore = await subject.countRows()
  const cpuBefore = [cpuSeconds(collectorPid), cpuSeconds(enginePid)] as const
  const memory = [watchMemory(() => collectorPid), watchMemory(() => enginePid)] as const
  const startMs = performance.now()
  const load = await generate(plan)
  if (load.failures.length > 0) {
    throw new Error(`Requests were refused for good: ${load.failures.join(', ')}`)
  }
  await waitForRows(subject, rowsBefore + load.spans)
  // Without what the generator's process needs to start and to encode its requests.
  const seconds = load.seconds + (performance.now() - startMs) / 1000 - load.totalSeconds
  const perMillion = (value: number): number => (value / load.spans) * 1e6
  return {
    load,
    seconds,
    spansPerSecond: load.spans / seconds,
    collectorCpu: perMillion(cpuSeconds(collectorPid) - cpuBefore[0]),
    engineCpu: perMillion(cpuSeconds(enginePid) - cpuBefore[1]),
    generatorCpu: perMillion(load.cpuSeconds),
    collectorMib: memory[0].stop(),
    engineMib: memory[1].stop(),
  }
}

/** @throws Error when other rows come than were sent, or none for a long time */
export async function waitForRows(subject: Subject, wanted: number): Promise<void> {
  const deadline = Date.now() + rowsMsMax
  for (;;) {
    const rows = await subject.countRows()
    if (rows === wanted) return
    if (rows > wanted || Date.now() > deadline) {
      throw new Error(`${wanted} rows were expected and ${rows} arrived`)
    }
    await sleep(pollMs)
  }
}

/** The service with its own engine; rows are those of the tables named. */
export function serviceSubject({ endpoints }: Service, tables = ['otel_traces']): Subject {
  return {
    collectorPid: endpoints.pid,
    enginePid: childOf(endpoints.pid) ?? 0,
    async countRows() {
      const { clickhouse } = endpoints
      const counts = tables.map((table) => queryValue(clickhouse, `SELECT count() FROM ${table}`))
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
    },
  }
}
