// Asks all questions at an interval, and tells what changed, each change once:
//
//   report ─▶ compare with what is known ─▶ findings.json: known, and what is to be told
//                                             └─▶ collector ─▶ findings.json: known
//
// What is to be told is in the file before it is sent, and is sent again, byte for byte, after a
// stop between; the collector knows a request that comes twice.
import type { RankedReport } from '@wayward/analyzers/report/ranked'
import type { Logger, Time, Timer } from '@wayward/base'
import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { compareFindings, type OpenFinding } from './finding-changes.ts'
import { encodeFindings } from './finding-export.ts'

/** What became of what was told. */
export interface TellOutcome {
  readonly status: 'accepted' | 'malformed' | 'overloaded' | 'unavailable'
  readonly message: string
}

/** What a watch works with. */
export interface FindingWatchParts {
  readonly everyMs: number
  /** Findings below it are not told. */
  readonly severityMin: number
  readonly file: string
  readonly time: Time
  readonly logger: Logger
  /** Asks all questions about the time that is looked at. */
  ask(nowMs: number): Promise<Pick<RankedReport, 'asked' | 'causes' | 'dataQuality'>>
  /** Takes log records the way of all data. */
  tell(body: string): Promise<TellOutcome>
}

/** Asks until it is stopped. */
export interface FindingWatch {
  start(): void
  /** Resolves when what is under way is done. */
  shutdown(): Promise<void>
}

interface State {
  readonly version: 1
  readonly open: readonly OpenFinding[]
  /** What is to be told, and what is known then. */
  readonly pending?: { readonly body: string; readonly open: readonly OpenFinding[] }
}

const empty: State = { version: 1, open: [] }

/** Makes a watch; it does nothing before its start. */
export function createFindingWatch(parts: FindingWatchParts): FindingWatch {
  return new Watch(parts)
}

class Watch implements FindingWatch {
  readonly #parts: FindingWatchParts
  #state: State
  #timer: Timer | undefined
  #isStopped = false
  #working: Promise<void> = Promise.resolve()
  #lastProblem = ''

  constructor(parts: FindingWatchParts) {
    this.#parts = parts
    this.#state = this.#read()
  }

  start(): void {
    if (this.#isStopped) return
    this.#timer = this.#parts.time.after(this.#parts.everyMs, () => {
      // It never rejects.
      this.#working = this.#turn().then(() => this.start())
    })
    this.#timer.unref()
  }

  async shutdown(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#working
  }

  async #turn(): Promise<void> {
    try {
      if (!(await this.#tellPending())) return
      const nowMs = this.#parts.time.wallMs()
      const report = await this.#parts.ask(nowMs)
      const { severityMin } = this.#parts
      const { changes, open: next } = compareFindings(this.#state.open, report, {
        severityMin,
        nowMs,
      })
      if (changes.length === 0) {
        await this.#keep({ version: 1, open: next })
        this.#lastProblem = ''
      } else {
        const body = encodeFindings(changes, nowMs)
        await this.#keep({ ...this.#state, pending: { body, open: next } })
        await this.#tellPending()
      }
    } catch (error) {
      this.#problem(error instanceof Error ? error.message : String(error))
    }
  }

  /** @returns whether nothing is left to tell */
  async #tellPending(): Promise<boolean> {
    const { pending } = this.#state
    if (pending === undefined) return true
    const { message, status } = await this.#parts.tell(pending.body)
    if (status !== 'accepted') {
      this.#problem(message)
      return false
    }
    await this.#keep({ version: 1, open: pending.open })
    this.#lastProblem = ''
    return true
  }

  /** What is the same every time is told once. */
  #problem(cause: string): void {
    if (cause !== this.#lastProblem) {
      this.#parts.logger.warn('Cannot look for findings, or tell them; trying again', { cause })
    }
    this.#lastProblem = cause
  }

  async #keep(state: State): Promise<void> {
    const text = JSON.stringify(state)
    if (text === JSON.stringify(this.#state)) return
    const next = `${this.#parts.file}.next`
    const handle = await open(next, 'w', 0o600)
    try {
      await handle.writeFile(`${text}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(next, this.#parts.file)
    this.#state = state
  }

  #read(): State {
    const { file, logger } = this.#parts
    try {
      const read = JSON.parse(readFileSync(file, 'utf8')) as State
      if (read?.version === 1 && Array.isArray(read.open)) return read
      throw new Error('it is of another form')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return empty
      const cause = error instanceof Error ? error.message : String(error)
      logger.error('What is known of findings is lost: what is found is told anew', { file, cause })
      return empty
    }
  }
}
