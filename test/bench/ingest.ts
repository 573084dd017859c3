// OTLP/gRPC request → rows that a query sees: the real service (`wayward serve`, its engine in a process of its
// own) on a fresh folder, and a load generator in a third process.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Bench, Figure } from './bench.ts'
import type { LoadPlan, LoadResult } from './load/generator.ts'

interface Endpoints {
  readonly pid: number
  readonly otlpGrpc: string
  readonly api: string
  readonly clickhouse: { readonly url: string; readonly database: string }
}

interface Service {
  readonly endpoints: Endpoints
  shutdown(): Promise<void>
}

// This file runs from its source in tests and from test/dist in benchmarks; processes run what is built.
const here = fileURLToPath(import.meta.url)
const root = here.slice(0, here.lastIndexOf(join('test', here.includes('dist') ? 'dist' : 'bench')))
const generator = join(root, 'test', 'dist', 'bench', 'load', 'generator.js')
const command = join(root, 'cli', 'dist', 'main.js')

const sizes: Readonly<Record<'tiny' | 'full', Omit<LoadPlan, 'target'>>> = {
  tiny: { connections: 2, concurrency: 2, requests: 8, spansPerRequest: 64 },
  full: { connections: 8, concurrency: 8, requests: 4000, spansPerRequest: 512 },
}
const warmUpRequests = { tiny: 2, full: 400 }

export const ingestBench: Bench = {
  name: 'ingest',
  async run(size) {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-bench-'))
    const service = await startService(folder)
    try {
      return await measure(service.endpoints, size)
    } finally {
      await service.shutdown()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function measure(endpoints: Endpoints, size: 'tiny' | 'full'): Promise<readonly Figure[]> {
  const plan = { ...sizes[size], target: endpoints.otlpGrpc }
  await generate({ ...plan, requests: warmUpRequests[size] })
  const rowsBefore = await countRows(endpoints)
  const cpuBefore = await readMetric(endpoints, 'process_cpu_seconds_total')
  const watch = watchMemory(endpoints)
  const result = await generate(plan)
  const visibleMs = performance.now()
  const rows = (await countRows(endpoints)) - rowsBefore
  const seconds = result.seconds + (performance.now() - visibleMs) / 1000
  if (rows !== result.spans || result.failures.length > 0) {
    const failures = result.failures.join(', ')
    throw new Error(`${result.spans} spans were sent and ${rows} rows arrived; ${failures}`)
  }
  const cpuSeconds = (await readMetric(endpoints, 'process_cpu_seconds_total')) - cpuBefore
  const memory = watch.stop()
  return [
    { name: 'spans per second, from request to queryable row', value: rows / seconds, unit: '1/s' },
    { name: 'bytes per span in OTLP', value: result.bytesPerSpan, unit: 'B' },
    { name: 'time to acknowledgement, median', value: result.ackMs.p50, unit: 'ms' },
    { name: 'time to acknowledgement, 99 %', value: result.ackMs.p99, unit: 'ms' },
    { name: 'requests refused for overload', value: result.retries, unit: '' },
    {
      name: 'collector CPU time per million spans',
      value: (cpuSeconds / rows) * 1e6,
      unit: 's',
    },
    { name: 'collector resident memory, highest', value: memory.collectorMib, unit: 'MiB' },
    { name: 'engine resident memory, highest', value: memory.engineMib, unit: 'MiB' },
  ]
}

async function startService(folder: string): Promise<Service> {
  const addresses = ['otlp-grpc', 'otlp-http', 'clickhouse', 'api'].flatMap((name) => [
    `--${name}`,
    '127.0.0.1:0',
  ])
  const child = spawn(process.execPath, [command, 'serve', '--data-dir', folder, ...addresses], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const file = join(folder, 'endpoints.json')
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`The service ended: ${said}`)
    await sleep(20)
  }
  return {
    endpoints: JSON.parse(readFileSync(file, 'utf8')) as Endpoints,
    async shutdown() {
      const ended = whenEnded(child)
      child.kill('SIGTERM')
      await ended
    },
  }
}

function whenEnded(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('close', () => resolve()))
}

async function generate(plan: LoadPlan): Promise<LoadResult> {
  const child = spawn(process.execPath, [generator, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await whenEnded(child)
  return JSON.parse(output) as LoadResult
}

async function countRows({ clickhouse }: Endpoints): Promise<number> {
  const query = `SELECT count() FROM ${clickhouse.database}.otel_traces`
  const response = await fetch(`${clickhouse.url}/?query=${encodeURIComponent(query)}`)
  return Number(await response.text())
}

async function readMetric({ api }: Endpoints, name: string): Promise<number> {
  const text = await (await fetch(`${api}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

interface Memory {
  readonly collectorMib: number
  readonly engineMib: number
}

/** Follows the collector by its own metric, and the engine by /proc; where there is none it is 0. */
function watchMemory(endpoints: Endpoints): { stop(): Memory } {
  let collectorBytes = 0
  let engineKib = 0
  const look = async (): Promise<void> => {
    engineKib = Math.max(engineKib, readEngineKib(endpoints.pid))
    const bytes = await readMetric(endpoints, 'process_resident_memory_bytes')
    collectorBytes = Math.max(collectorBytes, bytes)
  }
  const timer = setInterval(() => void look().catch(() => undefined), 100)
  return {
    stop() {
      clearInterval(timer)
      return { collectorMib: collectorBytes / 2 ** 20, engineMib: engineKib / 1024 }
    },
  }
}

function readEngineKib(parentPid: number): number {
  try {
    const children = readFileSync(`/proc/${parentPid}/task/${parentPid}/children`, 'utf8')
    const [pid] = children.trim().split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
  } catch {
    // Not Linux, or the engine is being restarted.
    return 0
  }
}
