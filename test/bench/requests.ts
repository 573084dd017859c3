// Small requests from many connections, 1 to 10 spans each: first to the receivers alone, with
// nothing behind them, then to the whole service on a fresh folder. The load generator is a process
// of its own.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, Figure } from './bench.ts'
import { serviceSubject, waitForRows } from './load/measure.ts'
import type { NullReceiverAddresses } from './load/null-receivers.ts'
import { cpuSeconds, watchMemory } from './load/process-usage.ts'
import { benchProgram, type Service, startService, whenEnded } from './load/service.ts'
import type { RequestPlan, RequestResult } from './load/small-requests.ts'

type Size = 'tiny' | 'full'
type Protocol = RequestPlan['protocol']

const sizes: Readonly<Record<Size, Omit<RequestPlan, 'target' | 'protocol'>>> = {
  tiny: { connections: 4, concurrency: 2, requests: 40, spansMax: 10 },
  full: { connections: 200, concurrency: 2, requests: 60_000, spansMax: 10 },
}
const warmUpRequests = { tiny: 4, full: 10_000 }
const protocols: readonly Protocol[] = ['grpc', 'http']

export const requestsBench: Bench = {
  name: 'requests',
  async run(size) {
    return [...(await measureReceivers(size)), ...(await measureService(size))]
  },
}

async function measureReceivers(size: Size): Promise<readonly Figure[]> {
  const args = ['--conditions=wayward-built', benchProgram('load/null-receivers')]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { otlpGrpc, otlpHttp } = JSON.parse(String(line)) as NullReceiverAddresses
    const figures: Figure[] = []
    for (const protocol of protocols) {
      const plan = { ...sizes[size], protocol, target: protocol === 'grpc' ? otlpGrpc : otlpHttp }
      await send({ ...plan, requests: warmUpRequests[size] })
      figures.push(...(await measure(`receiver only, ${protocol}`, plan, [child.pid ?? 0])))
    }
    return figures
  } finally {
    const ended = whenEnded(child)
    child.stdin.end()
    await ended
  }
}

async function measureService(size: Size): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-bench-'))
  const service = await startService(folder)
  try {
    const figures: Figure[] = []
    for (const protocol of protocols) figures.push(...(await measureWhole(service, protocol, size)))
    return figures
  } finally {
    await service.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * What is acknowledged is safe, but may not be in the table yet: the work for it is measured to its
 * end.
 */
async function measureWhole(
  service: Service,
  protocol: Protocol,
  size: Size,
): Promise<readonly Figure[]> {
  const { otlpGrpc, otlpHttp } = service.endpoints
  const plan = { ...sizes[size], protocol, target: protocol === 'grpc' ? otlpGrpc : otlpHttp }
  const subject = serviceSubject(service)
  const rowsEver = await subject.countRows()
  const warmUp = await send({ ...plan, requests: warmUpRequests[size] })
  const rowsBefore = rowsEver + warmUp.spans
  await waitForRows(subject, rowsBefore)
  const { collectorPid, enginePid } = subject
  return measure(`service, ${protocol}`, plan, [collectorPid, enginePid], (spans) =>
    waitForRows(subject, rowsBefore + spans),
  )
}

/** @param pids of the collector, and of the engine where there is one */
async function measure(
  what: string,
  plan: RequestPlan,
  pids: readonly [number, number?],
  whenStored: (spans: number) => Promise<void> = () => Promise.resolve(),
): Promise<readonly Figure[]> {
  const [collectorPid, enginePid] = pids
  const usedBefore = pids.map((pid) => cpuSeconds(pid ?? 0))
  const memory = watchMemory(() => collectorPid)
  const result = await send(plan)
  await whenStored(result.spans)
  const [collector = 0, engine = 0] = pids.map(
    (pid, index) => cpuSeconds(pid ?? 0) - (usedBefore[index] ?? 0),
  )
  const { ackMs } = result
  const cpuOf = (who: string, seconds: number): Figure => {
    const value = (seconds / plan.requests) * 1e6
    return { name: `${what}: CPU time of the ${who} per request`, value, unit: 'µs' }
  }
  return [
    { name: `${what}: requests per second`, value: plan.requests / result.seconds, unit: '1/s' },
    { name: `${what}: time to acknowledgement, median`, value: ackMs.p50, unit: 'ms' },
    { name: `${what}: time to acknowledgement, 99 %`, value: ackMs.p99, unit: 'ms' },
    { name: `${what}: refused and sent again`, value: result.refused, unit: '' },
    cpuOf('collector', collector),
    ...(enginePid === undefined ? [] : [cpuOf('engine', engine)]),
    cpuOf('load generator', result.cpuSeconds),
    { name: `${what}: collector's resident memory, highest`, value: memory.stop(), unit: 'MiB' },
  ]
}

async function send(plan: RequestPlan): Promise<RequestResult> {
  const program = benchProgram('load/small-requests')
  const child = spawn(process.execPath, [program, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await whenEnded(child)
  if (output === '') throw new Error('The load generator ended without a result')
  const result = JSON.parse(output) as RequestResult
  if (result.failed > 0) throw new Error(`${result.failed} of ${plan.requests} requests failed`)
  return result
}
