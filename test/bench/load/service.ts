// `wayward serve` as a process of its own, for benchmarks: started, asked, killed, started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LoadPlan, LoadResult } from './generator.ts'

export interface Endpoints {
  readonly pid: number
  readonly otlpGrpc: string
  readonly otlpHttp: string
  readonly api: string
  readonly clickhouse: { readonly url: string; readonly database: string }
}

/** A process under measurement. */
export interface Service {
  readonly endpoints: Endpoints
  /** SIGTERM, and waits for the end. */
  shutdown(): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

// This file runs from its source in tests and from test/dist in benchmarks; processes run what is
// built.
const here = fileURLToPath(import.meta.url)

/** The root of the repository. */
export const root = here.slice(
  0,
  here.lastIndexOf(join('test', here.includes(join('test', 'dist')) ? 'dist' : 'bench')),
)
const built = join(root, 'test', 'dist', 'bench')
const command = join(root, 'cli', 'dist', 'main.js')

/** The compiled file of a program of test/bench, by its path there without the ending. */
export function benchProgram(path: string): string {
  return join(built, `${path}.js`)
}

/** @param flags of `wayward serve` besides the folder and the addresses */
export async function startService(
  folder: string,
  flags: readonly string[] = [],
): Promise<Service> {
  const addresses = ['otlp-grpc', 'otlp-http', 'clickhouse', 'api']
    .filter((name) => !flags.includes(`--${name}`))
    .flatMap((name) => [`--${name}`, '127.0.0.1:0'])
  const file = join(folder, 'endpoints.json')
  // One that was killed has left its own.
  rmSync(file, { force: true })
  const child = spawn(
    process.execPath,
    [command, 'serve', '--data-dir', folder, ...addresses, ...flags],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4000)
  })
  while (!existsSync(file)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The service ended: ${said}`)
    }
    await sleep(20)
  }
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = whenEnded(child)
    child.kill(signal)
    await ended
  }
  return {
    endpoints: JSON.parse(readFileSync(file, 'utf8')) as Endpoints,
    shutdown: () => stop('SIGTERM'),
    kill: () => stop('SIGKILL'),
  }
}

export function whenEnded(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('close', () => resolve()))
}

/** Runs the load generator in a process of its own. @throws Error if it did not end well */
export async function generate(plan: LoadPlan): Promise<LoadResult> {
  const child = spawn(process.execPath, [benchProgram('load/generator'), JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await whenEnded(child)
  if (output === '') throw new Error('The load generator ended without a result')
  return JSON.parse(output) as LoadResult
}

/** All samples of /metrics: the name with its labels, as written there, and the value. */
export async function readMetrics({ api }: Endpoints): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${api}/metrics`)).text()
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const space = line.lastIndexOf(' ')
    if (!line.startsWith('#') && space > 0) {
      samples.set(line.slice(0, space), Number(line.slice(space + 1)))
    }
  }
  return samples
}

/** One value as text. @throws Error with what ClickHouse said */
export async function queryValue(
  { url, database }: { readonly url: string; readonly database: string },
  sql: string,
): Promise<number> {
  const target = `${url}/?database=${database}&query=${encodeURIComponent(sql)}`
  const response = await fetch(target)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return Number(text)
}
