import type { Logger } from '@wayward/base'
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { ChildMessage, ChildSettings, ParentMessage } from './child-message.ts'
import { EngineError, engineErrorCode } from './engine-error.ts'
import type { EngineLimits } from './limits.ts'

/** What the embedded engine needs to know. */
export interface EngineSettings {
  /** The engine's own folder, for example `.wayward/clickhouse`. Created where missing. */
  readonly dataDir: string
  /** Port 0 picks a free one; it stays the same when the engine's process has to be restarted. */
  readonly listen: { readonly host: string; readonly port: number }
  /** The password of the account `wayward_writer`. */
  readonly writerToken: string
  /** The most memory that the engine uses for data; its process needs about 250 MiB besides. */
  readonly memoryBytesMax: number
  /**
   * Whether an insert is on disk, and not only in the system's page cache, when it is answered.
   *
   * @default false
   */
  readonly isDurable?: boolean
  readonly limits: EngineLimits
  readonly logger: Logger
}

/** ClickHouse in a process of its own, behind the ClickHouse HTTP interface. */
export interface Engine {
  /** @throws EngineError with a `code` and a message that a person can act on */
  start(): Promise<{ readonly url: string; readonly port: number }>
  /**
   * Answers the open requests and ends the process, within the deadline. Safe twice and without
   * start.
   */
  shutdown(deadlineMs: number): Promise<void>
  /** The process id while the engine's process runs. */
  readonly pid: number | undefined
}

/** Creates the embedded engine. Nothing runs before `start()`. */
export function createEngine(settings: EngineSettings): Engine {
  return new SupervisedEngine(settings)
}

const restartDelayMsMin = 100
const restartDelayMsMax = 10_000
/** A process that lived this long was well; the next restart is quick again. */
const stableMs = 30_000
/** How long after the deadline the process is killed. */
const killGraceMs = 1000
/** Of the thread pool, besides one thread per connection: files, compression, kill and clean-up. */
const extraThreads = 8

type State = 'idle' | 'running' | 'shutting down'

class SupervisedEngine implements Engine {
  readonly #settings: EngineSettings
  #state: State = 'idle'
  #child: ChildProcess | undefined
  #port: number
  #restartDelayMs = restartDelayMsMin
  #restartTimer: NodeJS.Timeout | undefined

  constructor(settings: EngineSettings) {
    this.#settings = settings
    this.#port = settings.listen.port
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<{ readonly url: string; readonly port: number }> {
    if (this.#state !== 'idle') throw new Error(`Cannot start an engine that is ${this.#state}`)
    this.#state = 'running'
    try {
      await this.#spawn()
    } catch (error) {
      this.#state = 'idle'
      throw error
    }
    const { host } = this.#settings.listen
    const name = host.includes(':') ? `[${host}]` : host
    return { url: `http://${name}:${this.#port}`, port: this.#port }
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.#state = 'shutting down'
    clearTimeout(this.#restartTimer)
    const child = this.#child
    if (child === undefined) return
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (child.exitCode !== null || child.signalCode !== null) return
    tell(child, { kind: 'shutdown', deadlineMs })
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs + killGraceMs)
    await exited
    clearTimeout(timer)
  }

  /** Starts the process; resolves when it listens. */
  #spawn(): Promise<void> {
    const { limits, logger } = this.#settings
    const threads = limits.readersMax + limits.writersMax + extraThreads
    const child = fork(mainPath(), [], {
      execArgv: [],
      serialization: 'json',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        UV_THREADPOOL_SIZE: String(threads),
        NODE_OPTIONS: '',
        // Columns without a zone of their own, days of partitions and printed times must not depend
        // on where the machine stands.
        TZ: 'UTC',
      },
    })
    this.#child = child
    logLines(child.stdout, (line) => logger.info(`Engine: ${line}`))
    logLines(child.stderr, (line) => logger.warn(`Engine: ${line}`))
    const startedAt = performance.now()
    return new Promise((resolve, reject) => {
      let isReady = false
      child.on('message', (message: ChildMessage) => {
        if (message.kind === 'log') logger[message.level](message.message, message.fields)
        else if (message.kind === 'failed') {
          reject(new EngineError(engineErrorCode(message.code), message.message))
        } else {
          isReady = true
          this.#port = message.port
          resolve()
        }
      })
      child.on('error', (error) => reject(spawnError(error)))
      child.on('exit', (code, signal) => {
        if (this.#child === child) this.#child = undefined
        const how = signal === null ? `exit code ${code}` : `signal ${signal}`
        reject(new EngineError('start_failed', `The engine's process ended at its start (${how})`))
        if (isReady && this.#state === 'running') {
          logger.error("The engine's process ended and is started again", { how })
          if (performance.now() - startedAt > stableMs) this.#restartDelayMs = restartDelayMsMin
          this.#restartLater()
        }
      })
      tell(child, { kind: 'start', settings: this.#childSettings() })
    })
  }

  #restartLater(): void {
    this.#restartTimer = setTimeout(() => {
      this.#spawn().then(
        () => this.#settings.logger.info('The engine runs again', { pid: this.pid }),
        (error: unknown) => {
          this.#settings.logger.error('Cannot start the engine again', { error })
          if (this.#state === 'running') this.#restartLater()
        },
      )
    }, this.#restartDelayMs)
    this.#restartDelayMs = Math.min(this.#restartDelayMs * 2, restartDelayMsMax)
  }

  #childSettings(): ChildSettings {
    const { dataDir, listen, writerToken, memoryBytesMax, isDurable, limits } = this.#settings
    return {
      dataDir,
      host: listen.host,
      port: this.#port,
      writerToken,
      memoryBytesMax,
      isDurable: isDurable ?? false,
      limits,
    }
  }
}

/** The compiled file, also when this one runs from its source. */
function mainPath(): string {
  const isSource = import.meta.url.endsWith('.ts')
  const path = fileURLToPath(
    new URL(isSource ? '../dist/engine/main.js' : './main.js', import.meta.url),
  )
  if (existsSync(path)) return path
  throw new EngineError(
    'not_built',
    `The engine is not built ("${path}" is missing): run npm run build`,
  )
}

/** A process that has just ended cannot be told; its exit is handled elsewhere. */
function tell(child: ChildProcess, message: ParentMessage): void {
  if (child.connected) child.send(message, () => undefined)
}

function spawnError(error: Error): EngineError {
  return new EngineError('start_failed', `Cannot start the engine's process: ${error.message}`, {
    cause: error,
  })
}

function logLines(stream: Readable | null, log: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on('line', log)
}
