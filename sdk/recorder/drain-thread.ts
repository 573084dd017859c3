// Where the drain runs: in a worker, or without one in the thread that records.
import { type Memory, processCell } from '@wayward/record'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { diag } from '@opentelemetry/api'
import type { ProcessState } from '../process/process-state.ts'
import type { SnapshotSettings } from '../report/open-operations.ts'
import { Drain, type DrainSettings } from './drain.ts'
import { workerSource } from './worker-source.ts'
import type { WorkerInput, WorkerMessage } from './worker.ts'

/** Reads and sends what is recorded. */
export interface DrainThread {
  snapshot(): void
  configure(snapshots: Partial<SnapshotSettings>): void
  /** Sends all that is recorded by now, once. Never rejects. */
  flush(): Promise<void>
  /**
   * The same without a turn of the event loop, as at the end of a process.
   * @returns whether it was done in time
   */
  flushNow(timeoutMs: number): boolean
  shutdown(): Promise<void>
  abandon(): void
}

/** Of the last minute; after that the thread that records does it. */
const workersMax = 2
const minuteMs = 60_000

/** Starts what reads and sends, and something in its place if it dies. */
export function startDrain(
  memory: Memory,
  state: ProcessState,
  settings: DrainSettings,
): DrainThread {
  const here = (): DrainThread => drainHere(memory, state, settings)
  if (workerSource === undefined) {
    diag.info('The recorder has no worker here: what is recorded is sent from this thread')
    return here()
  }
  const source = workerSource
  const startedMs: number[] = []
  let current = start()

  function start(): DrainThread {
    const nowMs = performance.now()
    if ((startedMs.at(-workersMax) ?? Number.NEGATIVE_INFINITY) > nowMs - minuteMs) {
      diag.warn('The recorder has lost its workers; it runs in this thread instead')
      return here()
    }
    startedMs.push(nowMs)
    try {
      return drainInWorker(source, memory, settings, () => {
        current = start()
      })
    } catch (error) {
      diag.warn('Cannot start the recorder in a worker; it runs in this thread instead', error)
      return here()
    }
  }

  return {
    snapshot: () => current.snapshot(),
    configure(snapshots) {
      settings = { ...settings, snapshots: { ...settings.snapshots, ...snapshots } }
      current.configure(snapshots)
    },
    flush: () => current.flush(),
    flushNow: (timeoutMs) => current.flushNow(timeoutMs),
    async shutdown() {
      const last = current
      await last.shutdown()
      if (current !== last) await current.shutdown()
    },
    abandon: () => current.abandon(),
  }
}

function drainInWorker(
  source: string,
  memory: Memory,
  settings: DrainSettings,
  onDeath: () => void,
): DrainThread {
  const { header, control } = memory
  const { buffer } = memory.areas
  const areas = buffer instanceof SharedArrayBuffer ? buffer : undefined
  const workerData: WorkerInput = { control, areas, settings }
  const worker = new Worker(source, {
    eval: true,
    workerData,
    name: 'wayward-recorder',
    // What the application preloads is for its own threads.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const asking = new Asking(memory)
  worker.unref()
  worker.on('error', (error) => diag.error('The worker of the recorder has failed', error))
  worker.on('exit', () => {
    // It says so when it ends of itself.
    if (!asking.isGone) onDeath()
  })
  const port: { postMessage(message: WorkerMessage, transfer: readonly []): void } = worker
  const tell = (message: WorkerMessage): void => port.postMessage(message, [])

  function ask(): number {
    const asked = asking.ask()
    tell({ kind: 'wake' })
    return asked
  }

  return {
    snapshot() {
      asking.askForSnapshot()
      tell({ kind: 'wake' })
    },
    configure: (snapshots) => tell({ kind: 'configure', snapshots }),
    async flush() {
      await asking.wait(ask())
    },
    flushNow(timeoutMs) {
      const asked = ask()
      const until = performance.now() + timeoutMs
      for (let restMs = timeoutMs; !asking.isDone(asked) && restMs > 0; ) {
        const done = Atomics.load(header, processCell.flushDone)
        Atomics.wait(header, processCell.flushDone, done, restMs)
        restMs = until - performance.now()
      }
      return asking.isDone(asked)
    },
    async shutdown() {
      if (asking.isGone) return
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      worker.ref()
      tell({ kind: 'shutdown' })
      await exited
    },
    abandon() {
      asking.abandon()
      tell({ kind: 'abandon' })
      worker.unref()
      // What is lost is known then.
      Atomics.wait(header, processCell.isGivenUp, 0, giveUpMsMax)
    },
  }
}

/** How long an application waits at most to know what it gives up. */
const giveUpMsMax = 200
/** How often it is looked whether an answer is there. */
const lookMs = 5

/** Asks whoever reads the memory to send what is there, and waits for it. */
class Asking {
  readonly #header: Int32Array
  #isAbandoned = false

  constructor({ header }: Memory) {
    this.#header = header
  }

  /** Nobody reads any more. */
  get isGone(): boolean {
    return Atomics.load(this.#header, processCell.isGone) === 1
  }

  /** @returns the number of the demand */
  ask(): number {
    return Atomics.add(this.#header, processCell.flushAsked, 1) + 1
  }

  /** In memory, as the demand to send is: what is asked for first is done first. */
  askForSnapshot(): void {
    Atomics.add(this.#header, processCell.snapshotAsked, 1)
  }

  isDone(asked: number): boolean {
    const done = Atomics.load(this.#header, processCell.flushDone)
    return this.isGone || this.#isAbandoned || ((done - asked) | 0) >= 0
  }

  /** The process must not end before the answer, unless it is abandoned. */
  async wait(asked: number): Promise<void> {
    while (!this.isDone(asked)) await sleep(lookMs)
  }

  abandon(): void {
    this.#isAbandoned = true
  }
}

/** The drain of another thread, which finds at its next turn what it is asked for. */
export function drainElsewhere(memory: Memory): DrainThread {
  const asking = new Asking(memory)
  return {
    snapshot: () => asking.askForSnapshot(),
    configure: () => undefined,
    flush: () => asking.wait(asking.ask()),
    flushNow: () => false,
    shutdown: async () => undefined,
    abandon: () => asking.abandon(),
  }
}

function drainHere(memory: Memory, state: ProcessState, settings: DrainSettings): DrainThread {
  const drain = new Drain(memory, state, settings)
  drain.start(false)
  return {
    snapshot: () => drain.snapshot(),
    configure: (snapshots) => drain.configure(snapshots),
    flush: () => drain.flush(),
    flushNow: () => false,
    shutdown: () => drain.shutdown(),
    abandon: () => drain.abandon(),
  }
}
