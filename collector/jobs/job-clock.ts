// Looks at each job when the next of its moments has come.
import type { Logger, Time, Timer } from '@wayward/base'
import type { JobBook } from './job-book.ts'
import { judgeTime, nextLookMs } from './judge-time.ts'
import type { JobPlans } from './job-plans.ts'
import { jobKey, type JobState } from './job-state.ts'

/** Watches the time for all jobs. */
export interface JobClock {
  /** Begins with the jobs that are known; to be called when they were read. */
  start(): void
  stop(): void
}

export interface JobClockParts {
  readonly book: JobBook
  readonly plans: JobPlans
  readonly time: Time
  readonly logger: Logger
}

/** What is late is told within this and the time that keeping it takes. */
const lookMs = 500
/** What the store did not take is tried again after this. */
const retryMs = 2_000
/** Jobs that are looked at in one turn: at the full minute all may be due. */
const jobsAtOnceMax = 500
const bucketMs = 1_000

/** Makes a clock; it does not run before its start. */
export function createJobClock(parts: JobClockParts): JobClock {
  return new BucketClock(parts)
}

class BucketClock implements JobClock {
  readonly #parts: JobClockParts
  /** Jobs by the second in which they are to be looked at; a job that moved is in several. */
  readonly #buckets = new Map<number, Set<string>>()
  readonly #wakes = new Map<string, { readonly atMs: number; readonly state: JobState }>()
  #timer: Timer | undefined
  #isStopped = true

  constructor(parts: JobClockParts) {
    this.#parts = parts
    parts.book.watch((_changes, state) => {
      if (!this.#isStopped) this.#plan(state)
    })
  }

  start(): void {
    this.#isStopped = false
    for (const state of this.#parts.book.states()) this.#plan(state)
    // It never rejects: the book does not.
    void this.#turn()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #plan(state: JobState, notBeforeMs = 0): void {
    const key = jobKey(state)
    const next = nextLookMs(state)
    if (next === undefined) {
      this.#wakes.delete(key)
      return
    }
    const atMs = Math.max(next, notBeforeMs)
    this.#wakes.set(key, { atMs, state })
    const bucket = Math.floor(atMs / bucketMs)
    const keys = this.#buckets.get(bucket) ?? new Set<string>()
    keys.add(key)
    this.#buckets.set(bucket, keys)
  }

  /** The jobs whose moment has come. */
  #take(nowMs: number): readonly JobState[] {
    const due: JobState[] = []
    for (const [bucket, keys] of this.#buckets) {
      if (bucket * bucketMs > nowMs) continue
      for (const key of keys) {
        if (due.length >= jobsAtOnceMax) return due
        const wake = this.#wakes.get(key)
        if (wake === undefined || Math.floor(wake.atMs / bucketMs) !== bucket) keys.delete(key)
        else if (wake.atMs <= nowMs) {
          keys.delete(key)
          this.#wakes.delete(key)
          due.push(wake.state)
        }
      }
      if (keys.size === 0) this.#buckets.delete(bucket)
    }
    return due
  }

  async #look(state: JobState): Promise<void> {
    const { book, logger, plans, time } = this.#parts
    const { name, owner, service } = state
    const target = { service, name, owner, mayCreate: false }
    const outcome = await book.work(target, (now, nowMs) => judgeTime(now, nowMs, plans))
    if (outcome.status === 'done') {
      // What changed was planned by the watcher.
      if (outcome.judged.changes.length === 0) this.#plan(outcome.judged.state)
    } else if (!this.#isStopped) {
      logger.warn('Cannot keep what time made of a job; trying again', { service, name })
      this.#plan(state, time.wallMs() + retryMs)
    }
  }

  async #turn(): Promise<void> {
    const { time } = this.#parts
    const due = this.#take(time.wallMs())
    await Promise.all(due.map((state) => this.#look(state)))
    if (this.#isStopped) return
    const waitMs = due.length >= jobsAtOnceMax ? 0 : lookMs
    this.#timer = time.after(waitMs, () => void this.#turn()).unref()
  }
}
