// What those who watch cost, and how late they see it: 20,000 spans a second into the real service,
// first with nobody watching, twice, which shows the noise, then with five who each have a filter.
import { get } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Figure } from './bench.ts'
import { measureLoad, type Measured, serviceSubject } from './load/measure.ts'
import { type Service, startService } from './load/service.ts'

const sizes = {
  tiny: { spansPerSecond: 5_000, seconds: 1 },
  full: { spansPerSecond: 20_000, seconds: 60 },
}
const spansPerRequest = 512
const grpc = { connections: 4, concurrency: 16, spansPerRequest }
const probeEveryMs = 50
/** What is still under way when the load ends. */
const graceMs = 1_000

/** Each finds the probes among all spans, by something else. */
const filters: readonly Readonly<Record<string, string>>[] = [
  { where: 'name == "probe"' },
  { where: 'attributes["probe.number"] != ""' },
  { where: 'durationMs > 86400000' },
  { where: 'status == "Error" && name.startsWith("pro")' },
  { service: 'prober' },
]

export const streamBench: Bench = {
  name: 'stream',
  async run(size) {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-bench-'))
    try {
      const service = await startService(folder)
      try {
        return await measure(service, sizes[size])
      } finally {
        await service.shutdown()
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function measure(
  service: Service,
  { seconds, spansPerSecond }: (typeof sizes)['full'],
): Promise<Figure[]> {
  // The probes are stored beside what the load counts.
  const subject = serviceSubject(service, ["otel_traces WHERE ServiceName != 'prober'"])
  const requestsPerSecond = spansPerSecond / spansPerRequest
  const requests = Math.max(1, Math.round(requestsPerSecond * seconds))
  const plan = { ...grpc, target: service.endpoints.otlpGrpc, requestsPerSecond, requests }
  await measureLoad(subject, { ...plan, requests: Math.ceil(requests / 10) })
  // Probes are sent all the time: they cost something themselves.
  const prober = probe(service)
  const alone = [await measureLoad(subject, plan), await measureLoad(subject, plan)] as const
  const watchers = await Promise.all(filters.map((filter) => watch(service, filter)))
  const sentBefore = prober.sent()
  const watched = await measureLoad(subject, plan)
  await prober.stop()
  await sleep(graceMs)
  const seen = watchers.flatMap((watcher) => watcher.stop())
  const lateMs = seen.flatMap(({ atMs, number }) => {
    const sentMs = number > sentBefore ? prober.sentMs(number) : undefined
    return sentMs === undefined ? [] : [atMs - sentMs]
  })
  const expected = (prober.sent() - sentBefore) * filters.length
  return [
    ...cpuFigures(alone, watched),
    { name: 'probe sent to seen, median', value: quantile(lateMs, 0.5), unit: 'ms' },
    { name: 'probe sent to seen, 99 %', value: quantile(lateMs, 0.99), unit: 'ms' },
    { name: 'probes that were not seen', value: expected - lateMs.length, unit: '' },
    {
      name: 'rows that were not looked at',
      value: watchers.reduce((sum, watcher) => sum + watcher.missed(), 0),
      unit: '',
    },
  ]
}

function cpuFigures([first, second]: readonly [Measured, Measured], watched: Measured): Figure[] {
  const before = (first.collectorCpu + second.collectorCpu) / 2
  const perMillion = 'collector CPU per million spans'
  return [
    { name: `nobody watches: ${perMillion}`, value: first.collectorCpu, unit: 's' },
    { name: `nobody watches, again: ${perMillion}`, value: second.collectorCpu, unit: 's' },
    { name: `five watch: ${perMillion}`, value: watched.collectorCpu, unit: 's' },
    {
      name: 'five watch: more',
      value: (100 * (watched.collectorCpu - before)) / before,
      unit: '%',
    },
    {
      name: 'five watch: time to acknowledgement, 99 %',
      value: watched.load.ackMs.p99,
      unit: 'ms',
    },
    {
      name: 'nobody watches: time to acknowledgement, 99 %',
      value: second.load.ackMs.p99,
      unit: 'ms',
    },
  ]
}

interface Seen {
  readonly number: number
  readonly atMs: number
}

interface Watcher {
  missed(): number
  stop(): readonly Seen[]
}

async function watch(
  { endpoints }: Service,
  filter: Readonly<Record<string, string>>,
): Promise<Watcher> {
  const url = new URL(`/api/stream?${new URLSearchParams(filter).toString()}`, endpoints.api)
  const seen: Seen[] = []
  let missed = 0
  let rest = ''
  const request = get(url)
  await new Promise<void>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const number = /"probe\.number":"(\d+)"/.exec(line)?.[1]
          if (number !== undefined) seen.push({ number: Number(number), atMs: performance.now() })
          missed += Number(/^data: \{"rows":(\d+)\}$/.exec(line)?.[1] ?? 0)
        }
      })
      // The end of the bench breaks it off.
      response.on('error', () => undefined)
      resolve()
    })
  })
  return {
    missed: () => missed,
    stop() {
      request.on('error', () => undefined).destroy()
      return seen
    },
  }
}

/** Sends a span of its own from time to time. */
function probe({ endpoints }: Service) {
  const sentAt = new Map<number, number>()
  const stopped = new AbortController()
  const run = async (): Promise<void> => {
    for (let number = 1; !stopped.signal.aborted; number++) {
      const body = probeBody(number)
      sentAt.set(number, performance.now())
      const response = await fetch(`${endpoints.otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      if (!response.ok) throw new Error(await response.text())
      await response.arrayBuffer()
      await sleep(probeEveryMs)
    }
  }
  const running = run()
  // Whoever stops it sees what went wrong.
  running.catch(() => undefined)
  return {
    sent: () => sentAt.size,
    sentMs: (number: number) => sentAt.get(number),
    async stop(): Promise<void> {
      stopped.abort()
      await running
    },
  }
}

function probeBody(number: number): string {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const startNs = BigInt(Date.now()) * 1_000_000n
  const span = {
    traceId: number.toString(16).padStart(32, 'e'),
    spanId: number.toString(16).padStart(16, 'e'),
    name: 'probe',
    startTimeUnixNano: String(startNs - 172_800_000_000_000n),
    endTimeUnixNano: String(startNs),
    attributes: [attribute('probe.number', String(number))],
    status: { code: 2 },
  }
  const resource = { attributes: [attribute('service.name', 'prober')] }
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] })
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
