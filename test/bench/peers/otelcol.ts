// The OpenTelemetry Collector with its ClickHouse exporter: built once from otelcol/ with Go,
// started with a configuration of one of three kinds.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root, whenEnded } from '../load/service.ts'
import type { Peer, PeerSettings } from './peer.ts'

/** Where a batch is between its acknowledgement and its insert. */
export type OtelcolQueue = 'memory' | 'file' | 'fsync'

const source = join(root, 'test', 'bench', 'peers', 'otelcol')
const startMs = 30_000

/** @returns the program, or undefined and a printed reason when it cannot be built here */
export function buildOtelcol(): string | undefined {
  const program = otelcolProgram()
  if (existsSync(program)) return program
  const version = spawnSync('go', ['version'], { encoding: 'utf8' })
  if (version.error !== undefined) {
    console.error(
      'The OpenTelemetry Collector is left out: "go" is not installed (wanted: 1.26 or newer)',
    )
    return undefined
  }
  console.error(
    `Building the OpenTelemetry Collector with ${version.stdout.trim()}: some minutes, once`,
  )
  mkdirSync(cacheFolder(), { recursive: true })
  const build = spawnSync('go', ['build', '-ldflags=-s -w', '-o', program, '.'], {
    cwd: source,
    encoding: 'utf8',
  })
  if (build.status === 0) return program
  console.error(
    `The OpenTelemetry Collector is left out, it could not be built: ${build.stderr.slice(-2000)}`,
  )
  return undefined
}

/** The built program; another source has another name. It may not be there yet. */
export function otelcolProgram(): string {
  const hash = createHash('sha256')
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(source, name)))
  return join(cacheFolder(), `otelcol-${hash.digest('hex').slice(0, 12)}`)
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'wayward-bench')
}

export async function startOtelcol(
  program: string,
  queue: OtelcolQueue,
  settings: PeerSettings,
): Promise<Peer> {
  const { folder, port } = settings
  const config = join(folder, 'otelcol.yaml')
  mkdirSync(folder, { recursive: true })
  writeFileSync(config, JSON.stringify(configuration(queue, settings), undefined, 2))
  const child = spawn(program, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4000)
  })
  const deadline = Date.now() + startMs
  while (!(await isListening(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`The OpenTelemetry Collector did not start: ${said}`)
    }
    await sleep(50)
  }
  return {
    pid: child.pid ?? 0,
    shutdown: () => stop(child, 'SIGTERM'),
    kill: () => stop(child, 'SIGKILL'),
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = whenEnded(child)
  child.kill(signal)
  await ended
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/**
 * The settings that served it best here. JSON is YAML, so no writer of YAML is needed.
 *
 * - Large batches, because each is one insert and a part: as many rows as ours are made of.
 * - compress none: on one machine compressing only costs time.
 * - async_insert off: it does nothing for Native blocks of this size.
 * - A full queue makes senders wait (block_on_overflow) instead of dropping what was acknowledged.
 * - `memory` is the batch processor before a queue in memory, the usual way. `file` is what its
 *   README recommends for durability: batches in the queue, the queue in file_storage; `fsync` is
 *   that with its fsync on.
 */
function configuration(
  queue: OtelcolQueue,
  { folder, port, clickhouse, user, password }: PeerSettings,
): object {
  const isDurable = queue !== 'memory'
  const batch = { flush_timeout: '200ms', min_size: batchSpans, max_size: 0, sizer: 'items' }
  return {
    extensions: isDurable
      ? {
          file_storage: {
            directory: join(folder, 'queue'),
            create_directory: true,
            fsync: queue === 'fsync',
          },
        }
      : {},
    receivers: {
      otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${port}`, max_recv_msg_size_mib: 64 } } },
    },
    processors: isDurable
      ? {}
      : { batch: { timeout: '200ms', send_batch_size: batchSpans, send_batch_max_size: 0 } },
    exporters: {
      clickhouse: {
        endpoint: clickhouse,
        username: user,
        password,
        database: 'otel',
        create_schema: true,
        async_insert: false,
        compress: 'none',
        timeout: '30s',
        retry_on_failure: { initial_interval: '1s', max_interval: '5s', max_elapsed_time: 0 },
        sending_queue: {
          num_consumers: consumers,
          sizer: 'items',
          queue_size: queueSpans,
          block_on_overflow: true,
          ...(isDurable ? { storage: 'file_storage', batch } : {}),
        },
      },
    },
    service: {
      extensions: isDurable ? ['file_storage'] : [],
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
      pipelines: {
        traces: {
          receivers: ['otlp'],
          processors: isDurable ? [] : ['batch'],
          exporters: ['clickhouse'],
        },
      },
    },
  }
}

const batchSpans = 50_000
const queueSpans = 200_000
const consumers = 2
