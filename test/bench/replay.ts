// ClickHouse is away while requests come, until the journal holds much; then the whole service is
// killed and started again with ClickHouse back. What the replay takes, and what new senders feel
// of it.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Figure } from './bench.ts'
import type { LoadResult } from './load/generator.ts'
import { serviceSubject, type Subject, waitForRows } from './load/measure.ts'
import { childOf, cpuSeconds, watchMemory } from './load/process-usage.ts'
import { generate, type Service, startService } from './load/service.ts'

const spansPerRequest = 512
const grpc = { connections: 8, spansPerRequest: spansPerRequest }

const sizes = {
  tiny: { journalMib: 50, journalSize: '256MiB', requestsPerRound: 200, arrivalsPerSecond: 5 },
  full: { journalMib: 10_240, journalSize: '12GiB', requestsPerRound: 4000, arrivalsPerSecond: 20 },
}
type Size = (typeof sizes)['full']

export const replayBench: Bench = {
  name: 'replay',
  async run(size) {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-bench-'))
    try {
      return await measureReplay(folder, sizes[size])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function measureReplay(folder: string, size: Size): Promise<readonly Figure[]> {
  const flags = ['--journal-size', size.journalSize]
  const filled = await fill(folder, flags, size)
  const startMs = performance.now()
  const service = await startService(folder, flags)
  const startedMs = performance.now() - startMs
  try {
    const pid = service.endpoints.pid
    const memory = watchMemory(() => pid)
    const arrivals = keepArriving(service, size.arrivalsPerSecond)
    const subject = serviceSubject(service)
    await rowsReach(subject, filled.spans)
    const seconds = (performance.now() - startMs) / 1000
    const cpu = cpuSeconds(pid)
    const { spans, p50, p99, max } = await arrivals.stop()
    // Exactly once: not a row too many.
    await waitForRows(subject, filled.spans + spans)
    return [
      { name: 'journal to replay', value: filled.journalMib, unit: 'MiB' },
      { name: 'rows to replay', value: filled.spans, unit: '' },
      {
        name: 'while ClickHouse was away: acknowledged per second',
        value: filled.spans / filled.seconds,
        unit: '1/s',
      },
      {
        name: 'while ClickHouse was away: acknowledgement, 99 %',
        value: filled.p99,
        unit: 'ms',
      },
      {
        name: 'while ClickHouse was away: collector memory, highest',
        value: filled.collectorMib,
        unit: 'MiB',
      },
      { name: 'start until requests are taken', value: startedMs, unit: 'ms' },
      { name: 'rows replayed per second', value: filled.spans / seconds, unit: '1/s' },
      {
        name: 'collector CPU per million rows replayed',
        value: (cpu / filled.spans) * 1e6,
        unit: 's',
      },
      { name: 'collector memory during the replay, highest', value: memory.stop(), unit: 'MiB' },
      { name: 'new arrivals: acknowledgement, median', value: p50, unit: 'ms' },
      {
        name: 'new arrivals: acknowledgement, 99 %, of the worst 5 s',
        value: p99,
        unit: 'ms',
      },
      { name: 'new arrivals: acknowledgement, longest', value: max, unit: 'ms' },
    ]
  } finally {
    await service.shutdown()
  }
}

interface Filled {
  readonly spans: number
  readonly seconds: number
  readonly journalMib: number
  readonly p99: number
  readonly collectorMib: number
}

/** Stops the engine in its tracks, sends until the journal is large enough, and kills both. */
async function fill(folder: string, flags: readonly string[], size: Size): Promise<Filled> {
  const service = await startService(folder, flags)
  const { pid, otlpGrpc } = service.endpoints
  const enginePid = childOf(pid)
  if (enginePid === undefined) throw new Error('This bench needs /proc to find the engine')
  const memory = watchMemory(() => pid)
  process.kill(enginePid, 'SIGSTOP')
  let spans = 0
  let seconds = 0
  let p99 = 0
  let journalMib = 0
  while (journalMib < size.journalMib) {
    const plan = { ...grpc, target: otlpGrpc, concurrency: 8, requests: size.requestsPerRound }
    const result = await generate(plan)
    if (result.failures.length > 0) throw new Error(`Refused: ${result.failures.join(', ')}`)
    const before = journalMib
    journalMib = folderMib(join(folder, 'journal'))
    if (journalMib <= before) throw new Error(`The journal stays at ${before} MiB`)
    spans += result.spans
    seconds += result.seconds
    p99 = Math.max(p99, result.ackMs.p99)
  }
  const collectorMib = memory.stop()
  // The engine first: the collector would start it again.
  await service.kill()
  process.kill(enginePid, 'SIGKILL')
  await gone(enginePid)
  return { spans, seconds, journalMib, p99, collectorMib }
}

async function gone(pid: number): Promise<void> {
  try {
    for (;;) {
      process.kill(pid, 0)
      await sleep(20)
    }
  } catch {
    // There is no such process any more.
  }
}

interface Arrivals {
  stop(): Promise<{
    readonly spans: number
    readonly p50: number
    readonly p99: number
    readonly max: number
  }>
}

/** Requests at an even rate, in rounds of 5 seconds until it is told to stop. */
function keepArriving({ endpoints }: Service, requestsPerSecond: number): Arrivals {
  const stopping = new AbortController()
  const rounds: LoadResult[] = []
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const requests = requestsPerSecond * 5
      const target = endpoints.otlpGrpc
      rounds.push(await generate({ ...grpc, target, concurrency: 16, requests, requestsPerSecond }))
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
      const worst = (pick: (result: LoadResult) => number): number => Math.max(...rounds.map(pick))
      return {
        spans: rounds.reduce((sum, { spans }) => sum + spans, 0),
        p50:
          rounds.map(({ ackMs }) => ackMs.p50).toSorted((a, b) => a - b)[rounds.length >> 1] ?? 0,
        p99: worst(({ ackMs }) => ackMs.p99),
        max: worst(({ ackMs }) => ackMs.max),
      }
    },
  }
}

/**
 * Rows go in oldest first, so when there are as many as were to be replayed, the replay is over.
 */
async function rowsReach(subject: Subject, wanted: number): Promise<void> {
  while ((await subject.countRows()) < wanted) await sleep(200)
}

function folderMib(folder: string): number {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).blocks * 512)
  return sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20
}
