// OTLP/gRPC request → rows that a query sees: the real service (`wayward serve`, its engine in a
// process of its own) on a fresh folder, and a load generator in a third process. First as fast as
// answers come, then at a rate.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Figure } from './bench.ts'
import { measureLoad, type Measured, serviceSubject } from './load/measure.ts'
import { readMetrics, type Service, startService } from './load/service.ts'

const spansPerRequest = 512
const grpc = { connections: 8, concurrency: 8, spansPerRequest: spansPerRequest }

const sizes = {
  tiny: { requests: 8, warmUpRequests: 2, spansPerSecond: 5_000, seconds: 1, otherRequests: 4 },
  full: {
    requests: 4000,
    warmUpRequests: 400,
    spansPerSecond: 100_000,
    seconds: 60,
    otherRequests: 1500,
  },
}
type Size = (typeof sizes)['full']

const metricTables = ['otel_metrics_sum', 'otel_metrics_histogram']

export const ingestBench: Bench = {
  name: 'ingest',
  async run(size) {
    const plan = sizes[size]
    const parts = [measureClosed, measureOpen, measureOthers]
    // Each on a service of its own, so that none pays for another's merges; that they work is shown
    // on one.
    const groups = size === 'full' ? parts.map((part) => [part]) : [parts]
    const all: Figure[] = []
    for (const group of groups) {
      await onFreshService(async (run) => {
        for (const measure of group) all.push(...(await measure(run, plan)))
      })
    }
    return all
  },
}

interface Run {
  readonly service: Service
  readonly folder: string
}

async function onFreshService(measure: (run: Run) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-bench-'))
  try {
    const service = await startService(folder)
    try {
      await measure({ service, folder })
    } finally {
      await service.shutdown()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The most that goes in: each of 64 senders waits for its answer. */
async function measureClosed(
  { service }: Run,
  { requests, warmUpRequests }: Size,
): Promise<readonly Figure[]> {
  const subject = serviceSubject(service)
  const plan = { ...grpc, target: service.endpoints.otlpGrpc }
  await measureLoad(subject, { ...plan, requests: warmUpRequests })
  const measured = await measureLoad(subject, { ...plan, requests })
  return [
    { name: 'bytes per span in OTLP', value: measured.load.bytesPerSpan, unit: 'B' },
    {
      name: 'most: spans per second, from request to queryable row',
      value: measured.spansPerSecond,
      unit: '1/s',
    },
    ...figures('most', measured),
  ]
}

/**
 * At a rate, whether or not answers come: what the sender sees of it, and whether anything piles
 * up.
 */
async function measureOpen(
  { service, folder }: Run,
  { spansPerSecond, seconds, warmUpRequests }: Size,
): Promise<readonly Figure[]> {
  const subject = serviceSubject(service)
  const requestsPerSecond = spansPerSecond / spansPerRequest
  const plan = { ...grpc, concurrency: 32, target: service.endpoints.otlpGrpc }
  await measureLoad(subject, { ...plan, requests: warmUpRequests })
  const backlog = watchBacklog({ service, folder }, seconds)
  const measured = await measureLoad(subject, {
    ...plan,
    requestsPerSecond,
    requests: Math.round(requestsPerSecond * seconds),
  })
  const label = `${spansPerSecond.toLocaleString('en-US')}/s`
  const { begin, middle, end } = await backlog
  return [
    {
      name: `${label} offered: acknowledged per second`,
      value: measured.load.spans / measured.load.seconds,
      unit: '1/s',
    },
    ...figures(label, measured),
    { name: `${label}: journal at the beginning`, value: begin.journalMib, unit: 'MiB' },
    { name: `${label}: journal in the middle`, value: middle.journalMib, unit: 'MiB' },
    { name: `${label}: journal at the end`, value: end.journalMib, unit: 'MiB' },
    { name: `${label}: not inserted yet, at the beginning`, value: begin.waiting, unit: 'rows' },
    { name: `${label}: not inserted yet, in the middle`, value: middle.waiting, unit: 'rows' },
    { name: `${label}: not inserted yet, at the end`, value: end.waiting, unit: 'rows' },
  ]
}

function figures(label: string, measured: Measured): readonly Figure[] {
  const { load } = measured
  return [
    { name: `${label}: time to acknowledgement, median`, value: load.ackMs.p50, unit: 'ms' },
    { name: `${label}: time to acknowledgement, 99 %`, value: load.ackMs.p99, unit: 'ms' },
    { name: `${label}: time to acknowledgement, 99.9 %`, value: load.ackMs.p999, unit: 'ms' },
    { name: `${label}: requests refused for overload`, value: load.retries, unit: '' },
    {
      name: `${label}: collector CPU per million spans`,
      value: measured.collectorCpu,
      unit: 's',
    },
    { name: `${label}: engine CPU per million spans`, value: measured.engineCpu, unit: 's' },
    { name: `${label}: generator CPU per million spans`, value: measured.generatorCpu, unit: 's' },
    { name: `${label}: collector memory, highest`, value: measured.collectorMib, unit: 'MiB' },
    { name: `${label}: engine memory, highest`, value: measured.engineMib, unit: 'MiB' },
  ]
}

/** Log records and data points, half of them histograms, as fast as answers come. */
async function measureOthers(
  { service }: Run,
  { otherRequests, warmUpRequests }: Size,
): Promise<readonly Figure[]> {
  const all: Figure[] = []
  const kinds = [
    { signal: 'logs', item: 'log records', tables: ['otel_logs'] },
    { signal: 'metrics', item: 'data points', tables: metricTables },
  ] as const
  for (const { signal, item, tables } of kinds) {
    const subject = serviceSubject(service, [...tables])
    const plan = { ...grpc, signal, target: service.endpoints.otlpGrpc }
    await measureLoad(subject, { ...plan, requests: warmUpRequests })
    const measured = await measureLoad(subject, { ...plan, requests: otherRequests })
    all.push(
      { name: `${item} per second`, value: measured.spansPerSecond, unit: '1/s' },
      { name: `${item}: bytes each in OTLP`, value: measured.load.bytesPerSpan, unit: 'B' },
      {
        name: `${item}: collector CPU per million`,
        value: measured.collectorCpu,
        unit: 's',
      },
      { name: `${item}: engine CPU per million`, value: measured.engineCpu, unit: 's' },
    )
  }
  return all
}

interface Backlog {
  /** What the journal's files take, used or kept for use. */
  readonly journalMib: number
  /** Rows that were acknowledged and are not in ClickHouse yet. */
  readonly waiting: number
}

/** Looks shortly after the beginning, in the middle and shortly before the end. */
async function watchBacklog(
  { service, folder }: Run,
  seconds: number,
): Promise<Readonly<Record<'begin' | 'middle' | 'end', Backlog>>> {
  const look = async (afterSeconds: number): Promise<Backlog> => {
    await sleep(afterSeconds * 1000)
    return { journalMib: folderMib(join(folder, 'journal')), waiting: await waitingRows(service) }
  }
  const begin = await look(seconds * 0.1)
  const middle = await look(seconds * 0.4)
  return { begin, middle, end: await look(seconds * 0.45) }
}

async function waitingRows({ endpoints }: Service): Promise<number> {
  let rows = 0
  for (const [name, value] of await readMetrics(endpoints)) {
    if (name.startsWith('wayward_backlog_rows{')) rows += value
  }
  return rows
}

/** 0 where there is no such folder: the journal may be kept in memory. */
function folderMib(folder: string): number {
  try {
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).blocks * 512)
    return sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20
  } catch {
    return 0
  }
}
