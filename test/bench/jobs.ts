// What reports of jobs cost: how long an answer takes that is on the disk, how long the state of
// all jobs takes, how soon somebody is told that a job is late, and what a run takes on the disk.
import { createStore, type Store } from '@wayward/clickhouse'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Figure } from './bench.ts'
import { readMetrics, type Service, startService } from './load/service.ts'

interface Sizes {
  readonly jobs: number
  readonly reportsPerSecond: number
  readonly seconds: number
  /** Jobs that nobody runs, each due every 5 s. */
  readonly lateJobs: number
}

const sizes: Readonly<Record<'tiny' | 'full', Sizes>> = {
  tiny: { jobs: 20, reportsPerSecond: 50, seconds: 1, lateJobs: 1 },
  full: { jobs: 10_000, reportsPerSecond: 1_000, seconds: 60, lateJobs: 100 },
}

const turnMs = 10
const listsAsked = 10
const definitionsAtOnce = 64
const graceMs = 1_000

/** Reports of jobs over HTTP. */
export const jobsBench: Bench = {
  name: 'jobs',
  async run(size) {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-jobs-bench-'))
    const told = await listen()
    const notify = join(folder, 'notify.yaml')
    writeFileSync(
      notify,
      `channels:\n  - { name: bench, kind: webhook, url: "${told.url}", services: [late] }\n`,
    )
    const service = await startService(join(folder, 'data'), ['--notify', notify])
    try {
      return await measure(service, sizes[size], told)
    } finally {
      await service.shutdown()
      told.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function measure(service: Service, size: Sizes, told: Told): Promise<readonly Figure[]> {
  const client = createClient(service.endpoints.api)
  const store = createStore({
    url: service.endpoints.clickhouse.url,
    user: 'default',
    password: '',
    database: service.endpoints.clickhouse.database,
    requestTimeoutMs: 60_000,
  })
  try {
    const defineMs = await define(client, size)
    const cpuBefore = await readCpuSeconds(service)
    const report = await reportRuns(client, size)
    const cpuSeconds = (await readCpuSeconds(service)) - cpuBefore
    const listMs = await listJobs(client)
    await client('GET', '/inserted')
    const lateMs = await whenTold(store, told, size.lateJobs)
    const bytes = await bytesPerRun(store)
    const of = (fraction: number): number => quantile(report.ms, fraction)
    return [
      { name: `${size.jobs} jobs defined, together`, value: defineMs, unit: 'ms' },
      { name: 'reports', value: report.ms.length, unit: 'reports' },
      { name: 'reports that were not kept', value: report.refused, unit: 'reports' },
      { name: 'answer to a report, synced, median', value: of(0.5), unit: 'ms' },
      { name: 'the same, 99th percentile', value: of(0.99), unit: 'ms' },
      { name: 'the same, longest', value: of(1), unit: 'ms' },
      {
        name: "collector: CPU time of a report, its inserts' share included",
        value: (cpuSeconds / report.ms.length) * 1e6,
        unit: 'µs',
      },
      { name: `state of ${size.jobs} jobs, median`, value: quantile(listMs, 0.5), unit: 'ms' },
      { name: 'state of all jobs, longest of ten', value: quantile(listMs, 1), unit: 'ms' },
      { name: 'late is told after the end of grace, longest', value: lateMs, unit: 'ms' },
      { name: 'bytes on the disk of a run with start and end', value: bytes, unit: 'bytes' },
    ]
  } finally {
    await store.close()
  }
}

async function readCpuSeconds({ endpoints }: Service): Promise<number> {
  return (await readMetrics(endpoints)).get('process_cpu_seconds_total') ?? Number.NaN
}

type Client = (method: string, path: string, body?: unknown) => Promise<number>

/** A client of one host that keeps its connections. */
function createClient(api: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const { hostname, port } = new URL(api)
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const options = { method, path, hostname, port, agent }
      const sent = request(options, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
        response.on('error', reject)
      })
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
}

async function define(client: Client, { jobs, lateJobs }: Sizes): Promise<number> {
  const started = performance.now()
  const paths = [
    ...Array.from({ length: jobs }, (_, index) => ({
      path: `/api/jobs/job-${index}`,
      body: { schedule: [`${index % 60} ${index % 24} * * *`], maxRunTime: '1h', tags: ['bench'] },
    })),
    ...Array.from({ length: lateJobs }, (_, index) => ({
      path: `/api/jobs/late-${index}?service=late`,
      body: { schedule: ['every 5s'], grace: `${graceMs}ms` },
    })),
  ]
  for (let from = 0; from < paths.length; from += definitionsAtOnce) {
    const some = paths.slice(from, from + definitionsAtOnce)
    await Promise.all(some.map(({ body, path }) => client('PUT', path, body)))
  }
  return performance.now() - started
}

interface Reported {
  readonly ms: readonly number[]
  readonly refused: number
}

/** So many reports a second, whatever becomes of those before: start and end of runs, in turn. */
async function reportRuns(
  client: Client,
  { jobs, reportsPerSecond, seconds }: Sizes,
): Promise<Reported> {
  const ms: number[] = []
  let refused = 0
  let job = 0
  const pending: Promise<void>[] = []
  const open: { readonly job: number; readonly rid: string }[] = []
  const send = async (path: string, plannedMs: number): Promise<void> => {
    const status = await client('GET', path)
    ms.push(performance.now() - plannedMs)
    if (status !== 200) refused++
  }
  const startMs = performance.now()
  const perTurn = (reportsPerSecond * turnMs) / 1000
  for (let turn = 0; turn < (seconds * 1000) / turnMs; turn++) {
    const plannedMs = startMs + turn * turnMs
    const aheadMs = plannedMs - performance.now()
    if (aheadMs > 0) await sleep(aheadMs)
    for (let one = 0; one < perTurn; one++) {
      // The end of a run comes half a second after its start.
      const ends = open.length > reportsPerSecond / 4 ? open.shift() : undefined
      const run = ends ?? { job: job++ % jobs, rid: randomUUID() }
      if (ends === undefined) open.push(run)
      const signal = ends === undefined ? '/start' : ''
      pending.push(send(`/ping/bench/job-${run.job}${signal}?rid=${run.rid}`, plannedMs))
    }
  }
  await Promise.all(pending)
  return { ms, refused }
}

async function listJobs(client: Client): Promise<readonly number[]> {
  const ms: number[] = []
  for (let asked = 0; asked < listsAsked; asked++) {
    const started = performance.now()
    await client('GET', '/api/jobs')
    ms.push(performance.now() - started)
  }
  return ms
}

interface Told {
  readonly url: string
  /** When somebody was told of a job first. */
  readonly atMs: ReadonlyMap<string, number>
  stop(): void
}

async function listen(): Promise<Told> {
  const atMs = new Map<string, number>()
  const server = createServer((incoming, response) => {
    const take = async (): Promise<void> => {
      const nowMs = Date.now()
      const { notices } = JSON.parse(await text(incoming)) as {
        readonly notices: readonly { readonly job: string }[]
      }
      for (const { job } of notices) if (!atMs.has(job)) atMs.set(job, nowMs)
      response.end()
    }
    void take()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, atMs, stop: () => server.close() }
}

/** How long after the end of its grace the last of the late jobs was told. */
async function whenTold(store: Store, told: Told, jobs: number): Promise<number> {
  for (let waited = 0; told.atMs.size < jobs && waited < 300; waited++) await sleep(100)
  if (told.atMs.size < jobs) throw new Error(`Only ${told.atMs.size} of ${jobs} jobs were told`)
  await sleep(2_000)
  const rows = await store.query<{ readonly job: string; readonly ms: string }>(
    `SELECT job_name AS job, toUnixTimestamp64Milli(min(at)) AS ms FROM wayward_job_changes
     WHERE service = 'late' AND change = 'slot_late' GROUP BY job_name`,
  )
  return Math.max(...rows.map(({ job, ms }) => (told.atMs.get(job) ?? Infinity) - Number(ms)))
}

/** All that the tables have of a run, after merges. */
async function bytesPerRun(store: Store): Promise<number> {
  const [row] = await store.query<{ readonly bytes: string; readonly runs: string }>(
    `SELECT
       (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()
         AND (startsWith(table, 'wayward_job_') AND table != 'wayward_job_states'
           OR table IN ('otel_logs', 'otel_traces', 'otel_traces_trace_id_ts', 'wayward_open_operations'))) AS bytes,
       (SELECT count() FROM wayward_job_runs) AS runs`,
  )
  return Number(row?.bytes) / Number(row?.runs)
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}
