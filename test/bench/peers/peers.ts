// Wayward and the OpenTelemetry Collector with its ClickHouse exporter, one after another: the same
// engine on a fresh folder, the same requests, the same generator that retries as OpenTelemetry's
// exporters do. Each makes its own tables, as its user would get them. First the speed, then what
// becomes of rows when the collector is killed.
import { createLogger } from '@wayward/base'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEngine, defaultEngineLimits } from '@wayward/clickhouse'
import { measureLoad, type Subject } from '../load/measure.ts'
import { childOf } from '../load/process-usage.ts'
import { generate, queryValue, startService } from '../load/service.ts'
import type { Contender, Peer, PeerSettings } from './peer.ts'
import { type OtelcolQueue, startOtelcol } from './otelcol.ts'

/** What was measured of one contender. */
export interface PeerResult {
  readonly name: string
  /** From the first request to the last row that a query finds. */
  readonly spansPerSecond: number
  readonly ackMs: { readonly p50: number; readonly p99: number }
  /** CPU seconds per million spans. */
  readonly collectorCpu: number
  readonly engineCpu: number
  readonly collectorMib: number
  readonly bytesPerSpan: number
  readonly kills: number
  /** Rows that are missing, and rows that are there more than once, after the kills. */
  readonly lost: number
  readonly doubled: number
}

export interface PeerSize {
  readonly requests: number
  readonly warmUpRequests: number
  /** Of the part with kills. */
  readonly crashRequests: number
  readonly crashRequestsPerSecond: number
  readonly kills: number
}

export const peerSizes: Readonly<Record<'tiny' | 'full', PeerSize>> = {
  tiny: { requests: 8, warmUpRequests: 2, crashRequests: 20, crashRequestsPerSecond: 10, kills: 1 },
  full: {
    requests: 3000,
    warmUpRequests: 300,
    crashRequests: 1500,
    crashRequestsPerSecond: 50,
    kills: 8,
  },
}

const spansPerRequest = 512
const grpc = { connections: 8, spansPerRequest: spansPerRequest }
const settledMs = 4000
const settledMsMax = 120_000

/** Wayward with one of its durabilities. */
export function wayward(durability: string): Contender {
  return {
    name: `wayward, ${durability}`,
    table: 'wayward.otel_traces',
    async start({ folder, port, clickhouse, user, password }) {
      const flags = {
        '--otlp-grpc': `127.0.0.1:${port}`,
        '--clickhouse-url': clickhouse,
        '--clickhouse-user': user,
        '--clickhouse-password': password,
        '--clickhouse-database': 'wayward',
        '--durability': durability,
      }
      const service = await startService(folder, Object.entries(flags).flat())
      return { ...service, pid: service.endpoints.pid }
    },
  }
}

/** The OpenTelemetry Collector with one of its queues. */
export function otelcol(program: string, queue: OtelcolQueue): Contender {
  return {
    name: `otelcol, ${queue}`,
    table: 'otel.otel_traces',
    start: (settings) => startOtelcol(program, queue, settings),
  }
}

export async function measurePeer(contender: Contender, size: PeerSize): Promise<PeerResult> {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-peers-'))
  const password = randomBytes(16).toString('hex')
  const engine = createEngine({
    dataDir: join(folder, 'clickhouse'),
    listen: { host: '127.0.0.1', port: 0 },
    writerToken: password,
    memoryBytesMax: 2 * 2 ** 30,
    limits: defaultEngineLimits,
    logger: createLogger(process.stderr, { level: 'error' }),
  })
  const { url } = await engine.start()
  const enginePid = childOf(process.pid) ?? 0
  const settings: PeerSettings = {
    folder: join(folder, 'collector'),
    port: await freePort(),
    clickhouse: url,
    user: 'wayward_writer',
    password,
  }
  const table: Table = { url, name: contender.table }
  let peer = await contender.start(settings)
  try {
    const subject: Subject = {
      collectorPid: peer.pid,
      enginePid,
      countRows: () => countRows(table),
    }
    const speed = await measureSpeed(subject, table, settings, size)
    peer = await crash(contender, peer, settings, size)
    const sent = (size.warmUpRequests + size.requests + size.crashRequests) * spansPerRequest
    const { rows, spans } = await settle(table)
    return {
      name: contender.name,
      ...speed,
      kills: size.kills,
      lost: sent - spans,
      doubled: rows - spans,
    }
  } finally {
    await peer.shutdown()
    await engine.shutdown(10_000)
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Table {
  readonly url: string
  readonly name: string
}

type Speed = Omit<PeerResult, 'name' | 'kills' | 'lost' | 'doubled'>

async function measureSpeed(
  subject: Subject,
  table: Table,
  { port }: PeerSettings,
  size: PeerSize,
): Promise<Speed> {
  const plan = { ...grpc, target: `127.0.0.1:${port}`, concurrency: 8 }
  await measureLoad(subject, { ...plan, requests: size.warmUpRequests })
  const { load, ...measured } = await measureLoad(subject, { ...plan, requests: size.requests })
  return { ...measured, ackMs: load.ackMs, bytesPerSpan: await bytesPerSpan(table) }
}

/**
 * Kills and starts it again, at even intervals give or take, while requests come at a rate that it
 * can take.
 */
async function crash(
  contender: Contender,
  first: Peer,
  settings: PeerSettings,
  size: PeerSize,
): Promise<Peer> {
  let peer = first
  const load = generate({
    ...grpc,
    target: `127.0.0.1:${settings.port}`,
    concurrency: 32,
    requests: size.crashRequests,
    requestsPerSecond: size.crashRequestsPerSecond,
  })
  const everyMs = (size.crashRequests / size.crashRequestsPerSecond / (size.kills + 1)) * 1000
  for (let kill = 0; kill < size.kills; kill++) {
    await sleep(everyMs * (0.7 + Math.random() * 0.6))
    await peer.kill()
    peer = await contender.start(settings)
  }
  const { failures } = await load
  if (failures.length > 0) {
    throw new Error(`${contender.name} refused requests for good: ${failures.join(', ')}`)
  }
  return peer
}

/** Waits until no more rows come. */
async function settle(table: Table): Promise<{ readonly rows: number; readonly spans: number }> {
  const deadline = Date.now() + settledMsMax
  let rows = -1
  let sinceMs = Date.now()
  while (Date.now() < deadline && Date.now() - sinceMs < settledMs) {
    const now = await countRows(table)
    if (now !== rows) {
      rows = now
      sinceMs = Date.now()
    }
    await sleep(200)
  }
  const sql = `SELECT uniqExact(reinterpretAsUInt64(unhex(SpanId))) FROM ${table.name}`
  return { rows, spans: await queryValue({ url: table.url, database: 'default' }, sql) }
}

function countRows({ url, name }: Table): Promise<number> {
  return queryValue({ url, database: 'default' }, `SELECT count() FROM ${name}`)
}

function bytesPerSpan({ url, name }: Table): Promise<number> {
  const sql = `SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND database || '.' || table = '${name}'`
  return queryValue({ url, database: 'default' }, sql)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
