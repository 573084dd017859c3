// Runs the built command as a person would, in processes of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const mainPath = join(
  dirname(createRequire(import.meta.url).resolve('wayward/package.json')),
  'dist/main.js',
)
/** What hangs is ended; a machine that is busy with other tests is given time. */
const runTimeoutMs = 180_000
const serviceTimeoutMs = 1_200_000

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** What the standard input has. @default nothing */
  readonly stdin?: string
  /** A file to write the standard output to. */
  readonly stdout?: string
  /** @default 3 minutes */
  readonly timeoutMs?: number
  /** Called when the process has been started. */
  readonly onStart?: (child: ChildProcess) => void
}

export interface RunResult {
  readonly code: number | null
  /** The signal that it died of. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
  readonly ms: number
}

/** Runs `wayward <args>` to its end. */
export async function runWayward(args: readonly string[], options: RunOptions): Promise<RunResult> {
  const started = performance.now()
  const child = spawnWayward(args, options)
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const stderr = collect(child.stderr)
  options.onStart?.(child)
  const code = await whenClosed(child)
  const stdoutBytes = Buffer.concat(chunks)
  const stdout = stdoutBytes.toString()
  const ms = performance.now() - started
  return { code, signal: child.signalCode, stdout, stdoutBytes, stderr: stderr(), ms }
}

/** Ports that nobody else has. */
export const anyPorts = ['--otlp-grpc', '--otlp-http', '--clickhouse', '--api'].flatMap((flag) => [
  flag,
  '127.0.0.1:0',
])

interface Endpoints {
  readonly pid: number
  readonly otlpGrpc: string
  readonly otlpHttp: string
  readonly api: string
  readonly clickhouse: { readonly url: string; readonly user: string; readonly database: string }
}

export interface RunningService {
  readonly endpoints: Endpoints
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly ms: number }>
}

/** Starts `wayward serve` and waits until it says that it is ready. */
export async function startService(
  dataDir: string,
  args: readonly string[] = anyPorts,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const child = spawnWayward(['serve', '--data-dir', dataDir, ...args], {
    cwd: tmpdir(),
    env,
    timeoutMs: serviceTimeoutMs,
  })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const closed = whenClosed(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (stdout().includes('Ctrl-C stops')) resolve()
    })
    void closed.then((code) =>
      reject(new Error(`serve ended with ${code} before it was ready: ${stdout()}${stderr()}`)),
    )
  })
  const endpoints = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as Endpoints
  return {
    endpoints,
    child,
    stdout,
    stderr,
    async stop(signal = 'SIGTERM') {
      const stopped = performance.now()
      child.kill(signal)
      return { code: await closed, ms: performance.now() - stopped }
    },
  }
}

/** A temporary folder and its removal. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'wayward-e2e-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Node itself on one of our built programs. */
export function spawnNode(
  script: string,
  args: readonly string[],
  options: RunOptions,
): ChildProcess {
  const env: Record<string, string> = { PATH: process.env['PATH'] ?? '', HOME: options.cwd }
  const child = spawn(process.execPath, [script, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: [
      options.stdin === undefined ? 'ignore' : 'pipe',
      options.stdout === undefined ? 'pipe' : openSync(options.stdout, 'w'),
      'pipe',
    ],
    timeout: options.timeoutMs ?? runTimeoutMs,
  })
  child.stdin?.end(options.stdin)
  return child
}

function spawnWayward(args: readonly string[], options: RunOptions): ChildProcess {
  return spawnNode(mainPath, args, options)
}

/** Gathers a stream's text from now on. */
export function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

export async function whenClosed(child: ChildProcess): Promise<number | null> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
