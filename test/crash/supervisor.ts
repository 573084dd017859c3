// Keeps `wayward serve` alive as a system's service manager would: always on the same ports and the
// same folder, started again whenever it ends. Also the hand that kills it.
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export type KillTarget = 'collector' | 'engine' | 'both'

/** Something that happened to the service, for the report. */
interface ServiceEvent {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly what: string
}

interface ServicePorts {
  readonly grpc: number
  readonly http: number
  readonly clickhouse: number
  readonly api: number
}

export interface SupervisedService {
  readonly dataDir: string
  readonly ports: ServicePorts
  readonly events: readonly ServiceEvent[]
  /** Ends of the service that nobody asked for and that are no folder still in use: faults. */
  readonly faults: readonly string[]
  readonly logPath: string
  /** Resolves when the service answers /readyz with 200. @throws after the time-out */
  whenReady(timeoutMs: number): Promise<void>
  /** Resolves when the service's present process has been started. */
  whenStarted(): Promise<void>
  /**
   * Kills with SIGKILL what is there of the target. @param gapMs between the two of `both`,
   * negative: the engine first
   */
  kill(target: KillTarget, gapMs: number, why: string): Promise<void>
  /** Asks the service to end (SIGTERM); it is started again. */
  terminate(why: string): void
  signalEngine(signal: NodeJS.Signals): void
  readonly enginePid: number | undefined
  /** Lines of /metrics that fit. */
  metrics(pattern: RegExp): Promise<string[]>
  /** Stops for good. */
  shutdown(): Promise<void>
  /** Starts again after `shutdown`. */
  start(): void
}

export interface SupervisorSettings {
  readonly dataDir: string
  readonly logPath: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const restartPauseMs = 50
const stopMsMax = 15_000

// This file runs from its source in tests and from test/dist otherwise; the service runs what is
// built.
const here = fileURLToPath(import.meta.url)
const root = here.slice(0, here.lastIndexOf(join('test', here.includes('dist') ? 'dist' : 'crash')))
const command = join(root, 'cli', 'dist', 'main.js')

export async function superviseService(settings: SupervisorSettings): Promise<SupervisedService> {
  const [grpc = 0, http = 0, clickhouse = 0, api = 0] = await freePorts(4)
  const service = new Supervisor(settings, { grpc, http, clickhouse, api })
  // Nothing is left running where the test itself is ended.
  process.once('exit', () => service.abandon())
  service.start()
  return service
}

class Supervisor implements SupervisedService {
  readonly ports: ServicePorts
  readonly events: ServiceEvent[] = []
  readonly faults: string[] = []
  readonly #settings: SupervisorSettings
  #child: ChildProcess | undefined
  #isStopped = false
  #isAskedToEnd = false
  #whenStarted: (() => void)[] = []

  constructor(settings: SupervisorSettings, ports: ServicePorts) {
    this.#settings = settings
    this.ports = ports
  }

  get dataDir(): string {
    return this.#settings.dataDir
  }

  get logPath(): string {
    return this.#settings.logPath
  }

  get enginePid(): number | undefined {
    const pid = this.#child?.pid
    if (pid === undefined) return undefined
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      return children.trim() === '' ? undefined : Number(children.trim().split(' ')[0])
    } catch {
      return undefined // It has just ended.
    }
  }

  start(): void {
    this.#isStopped = false
    this.#isAskedToEnd = false
    const { dataDir, args = [], env = {} } = this.#settings
    const { grpc, http, clickhouse, api } = this.ports
    const addresses = { 'otlp-grpc': grpc, 'otlp-http': http, clickhouse, api }
    const flags = Object.entries(addresses).flatMap(([name, port]) => [
      `--${name}`,
      `127.0.0.1:${port}`,
    ])
    const child = spawn(
      process.execPath,
      [command, 'serve', '--data-dir', dataDir, ...flags, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
    )
    this.#child = child
    this.#note(`started as ${child.pid}`)
    let said = ''
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString('utf8')).slice(-2000)
      appendFileSync(this.logPath, chunk)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('close', (code, signal) => this.#ended(child, code, signal, said))
    for (const resolve of this.#whenStarted.splice(0)) resolve()
  }

  #ended(
    child: ChildProcess,
    code: number | null,
    signal: NodeJS.Signals | null,
    said: string,
  ): void {
    this.#note(`${child.pid} ended with ${signal ?? code}`)
    if (this.#child === child) this.#child = undefined
    // The engine of a collector that was killed has 2 s to end by itself; until then the folder is
    // in use.
    const isFolderInUse = /is in use/.test(said)
    if (isFolderInUse) this.#note('the folder was still in use')
    // A service whose engine was killed before it was ready gives up, as it does when the engine
    // cannot start.
    const isEngineKilled = /ended at its start \(signal SIGKILL\)/.test(said)
    const isExpected = this.#isAskedToEnd || isFolderInUse || isEngineKilled
    if (signal !== 'SIGKILL' && !isExpected) {
      this.faults.push(`The service ended by itself with ${signal ?? code}; it said: ${said}`)
    }
    if (this.#isStopped) return
    setTimeout(() => {
      if (!this.#isStopped && this.#child === undefined) this.start()
    }, restartPauseMs)
  }

  #note(what: string): void {
    const event = { atMs: Date.now(), what }
    this.events.push(event)
    appendFileSync(this.logPath, `${new Date(event.atMs).toISOString()} CRASH TEST ${what}\n`)
  }

  async whenReady(timeoutMs: number): Promise<void> {
    const endMs = Date.now() + timeoutMs
    while (!(await this.#isReady())) {
      if (Date.now() > endMs) {
        const log = readFileSync(this.logPath, 'utf8').slice(-3000)
        throw new Error(`The service was not ready after ${timeoutMs} ms; its log ends: ${log}`)
      }
      await sleep(50)
    }
  }

  async #isReady(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.api}/readyz`, {
      signal: AbortSignal.timeout(1000),
    }).catch(() => undefined)
    await answer?.arrayBuffer().catch(() => undefined)
    return answer?.ok === true
  }

  whenStarted(): Promise<void> {
    if (this.#child !== undefined) return Promise.resolve()
    return new Promise((resolve) => this.#whenStarted.push(resolve))
  }

  async kill(target: KillTarget, gapMs: number, why: string): Promise<void> {
    const { enginePid } = this
    const collector = this.#child
    this.#note(`kill ${target} (${why}): collector ${collector?.pid}, engine ${enginePid}`)
    const killCollector = (): void => void collector?.kill('SIGKILL')
    const killEngine = (): void => killPid(enginePid, 'SIGKILL')
    switch (target) {
      case 'collector':
        return killCollector()
      case 'engine':
        return killEngine()
      case 'both': {
        const [first, second] =
          gapMs < 0 ? [killEngine, killCollector] : [killCollector, killEngine]
        first()
        if (gapMs !== 0) await sleep(Math.abs(gapMs))
        second()
      }
    }
  }

  terminate(why: string): void {
    this.#note(`SIGTERM (${why})`)
    this.#isAskedToEnd = true
    this.#child?.kill('SIGTERM')
  }

  signalEngine(signal: NodeJS.Signals): void {
    this.#note(`${signal} to the engine ${this.enginePid}`)
    killPid(this.enginePid, signal)
  }

  async metrics(pattern: RegExp): Promise<string[]> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.api}/metrics`)
    return (await answer.text()).split('\n').filter((line) => pattern.test(line))
  }

  abandon(): void {
    this.#isStopped = true
    killPid(this.enginePid, 'SIGKILL')
    killPid(this.#child?.pid, 'SIGKILL')
  }

  async shutdown(): Promise<void> {
    this.#isStopped = true
    const child = this.#child
    if (child === undefined) return
    const { enginePid } = this
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    this.terminate('end of the run')
    const timer = setTimeout(() => {
      this.faults.push(`The service did not end within ${stopMsMax} ms of SIGTERM`)
      child.kill('SIGKILL')
      killPid(enginePid, 'SIGKILL')
    }, stopMsMax)
    await ended
    clearTimeout(timer)
  }
}

function killPid(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended in the meantime.
  }
}

/** Whether this system tells a process's children; without that the engine cannot be found. */
export function canFindEngine(): boolean {
  return existsSync(`/proc/${process.pid}/task/${process.pid}/children`)
}

const portMin = 20_000
const portsFrom = 10_000

/**
 * Free ports, below those that the system gives to clients: while the service is down a client's
 * connection could otherwise get the service's own port, and even be connected to itself.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = portMin + Math.floor(Math.random() * portsFrom)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
