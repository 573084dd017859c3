// The jobs, as they are now, and the one place where they change:
//
//   report ─┐
//   define ─┼─▶ work of a job ─▶ judge ─▶ changes ─▶ store (synced) ─▶ state, answer, watchers
//   clock  ─┘   (one at a time)
//
// A state counts when it is kept: nothing is undone when the store refuses. One round is kept at a
// time; what comes meanwhile is the next, together. A round costs much the same whatever is in it:
// with as many of them as there are turns of the event loop a report took half as long again
// (`npm run bench -- jobs`).
import type { Logger, Time } from '@wayward/base'
import { randomUUID } from 'node:crypto'
import type { JobChange, Judged } from './job-change.ts'
import { jobKey, type JobState, newJobState, slugOf } from './job-state.ts'
import type { JobChanges, JobStore, KeepOutcome } from './job-store.ts'
import { createKnownReports, knownForMs, type KnownReports } from './known-reports.ts'

/** The bounds of what is known of jobs. */
export interface JobBookLimits {
  readonly jobsMax: number
  readonly jobsPerSenderMax: number
  readonly jobReportsWaitingMax: number
  readonly jobReportsKnownMax: number
}

/** A job, or why there is none. */
export type FoundJob =
  | { readonly status: 'found'; readonly state: JobState }
  | { readonly status: 'unknown' }
  | { readonly status: 'ambiguous'; readonly names: readonly string[] }

/** Which job is worked on. */
export interface JobTarget {
  readonly service: string
  readonly name: string
  /** Who sends: the name of the token, or the key. */
  readonly owner: string
  /** Whether a job that is not known is made. */
  readonly mayCreate: boolean
}

/** What became of work. */
export type WorkOutcome<Result extends Judged> =
  | { readonly status: 'done'; readonly judged: Result; readonly isNew: boolean }
  | { readonly status: 'unknown' }
  | { readonly status: 'full'; readonly message: string }
  | { readonly status: 'refused'; readonly message: string; readonly retryAfterMs: number }

/** Called with what was kept, and the state of its job. */
export type JobWatcher = (changes: readonly JobChange[], state: JobState) => void

/** The jobs. */
export interface JobBook {
  /** Reads what is kept. Resolves when it is there; tries again until then. Never rejects. */
  load(): Promise<void>
  readonly isLoaded: boolean
  /** Resolves when the jobs are there. */
  readonly whenLoaded: Promise<void>
  readonly size: number
  /** What is remembered of runs and reports beyond the states. */
  readonly known: KnownReports
  states(): IterableIterator<JobState>
  /** A job by its name, its slug or its id; several services may have one of a name. */
  find(name: string, service?: string): FoundJob
  /** Works on one job, after all that was given before. `bytes`: about what it keeps. */
  work<Result extends Judged>(
    target: JobTarget,
    judge: (state: JobState, nowMs: number) => Result,
    bytes?: number,
  ): Promise<WorkOutcome<Result>>
  watch(watcher: JobWatcher): void
  /** Takes no more, and resolves when all that was given is kept or refused. */
  shutdown(): Promise<void>
}

/** What the book works with. */
export interface JobBookParts {
  readonly store: JobStore
  readonly limits: JobBookLimits
  readonly time: Time
  readonly logger: Logger
}

/** An id for a run whose sender gave none. */
export function newRunId(): string {
  return randomUUID()
}

/** Makes the book; it knows nothing before `load`. */
export function createJobBook(parts: JobBookParts): JobBook {
  return new KeptBook(parts)
}

const roundWorksMax = 512
const roundBytesMax = 1024 * 1024
const loadRetryMs = 2_000
const busyRetryMs = 1_000

interface Work {
  readonly target: JobTarget
  readonly judge: (state: JobState, nowMs: number) => Judged
  readonly bytes: number
  readonly answer: (outcome: WorkOutcome<Judged>) => void
}

/** Work that was judged, and waits to be kept. */
interface JudgedWork {
  readonly work: Work
  readonly judged: Judged
  readonly isNew: boolean
}

class KeptBook implements JobBook {
  readonly #parts: JobBookParts
  readonly #states = new Map<string, JobState>()
  /** The keys of jobs by what they are also called. */
  readonly #names = new Map<string, Set<string>>()
  readonly #owners = new Map<string, number>()
  #waiting: Work[] = []
  readonly #watchers: JobWatcher[] = []
  #isScheduled = false
  #isKeeping = false
  #isShutDown = false
  #whenIdle: (() => void)[] = []
  #markLoaded: () => void = () => undefined
  readonly whenLoaded: Promise<void>
  readonly known: KnownReports
  isLoaded = false

  constructor(parts: JobBookParts) {
    this.#parts = parts
    const knownMax = parts.limits.jobReportsKnownMax
    this.known = createKnownReports({ knownMax, time: parts.time, logger: parts.logger })
    this.whenLoaded = new Promise((resolve) => {
      this.#markLoaded = resolve
    })
  }

  get size(): number {
    return this.#states.size
  }

  async load(): Promise<void> {
    const { limits, logger, store, time } = this.#parts
    while (!this.isLoaded && !this.#isShutDown) {
      try {
        const states = await store.readState()
        const countMax = limits.jobReportsKnownMax
        const marks = await store.readMarks({ sinceMs: time.wallMs() - knownForMs, countMax })
        for (const state of states) this.#set(state)
        for (const mark of marks) this.known.add(mark)
        this.isLoaded = true
        this.#markLoaded()
      } catch (error) {
        logger.warn('Cannot read what is known of jobs yet; trying again', { error })
        await new Promise<void>((resolve) => void time.after(loadRetryMs, resolve).unref())
      }
    }
  }

  states(): IterableIterator<JobState> {
    return this.#states.values()
  }

  find(name: string, service?: string): FoundJob {
    if (service !== undefined) {
      const exact = this.#states.get(jobKey({ service, name }))
      if (exact !== undefined) return { status: 'found', state: exact }
    }
    const keys = this.#names.get(name) ?? new Set<string>()
    const states = [...keys]
      .map((key) => this.#states.get(key))
      .filter((state) => state !== undefined)
      .filter((state) => service === undefined || state.service === service)
    const named = states.filter((state) => state.name === name)
    const [only, ...others] = named.length > 0 ? named : states
    if (only === undefined) return { status: 'unknown' }
    if (others.length === 0) return { status: 'found', state: only }
    const names = [only, ...others].map((state) => `${state.service}/${state.name}`)
    return { status: 'ambiguous', names }
  }

  async work<Result extends Judged>(
    target: JobTarget,
    judge: (state: JobState, nowMs: number) => Result,
    bytes = 512,
  ): Promise<WorkOutcome<Result>> {
    if (this.#isShutDown) return refused('The service shuts down')
    if (this.#waiting.length >= this.#parts.limits.jobReportsWaitingMax) {
      return refused('More is reported of jobs than can be kept')
    }
    return await new Promise((resolve) => {
      // The judge that makes a result stands beside the answer that takes it.
      const answer = resolve as (outcome: WorkOutcome<Judged>) => void
      this.#waiting.push({ target, judge, bytes, answer })
      this.#schedule()
    })
  }

  watch(watcher: JobWatcher): void {
    this.#watchers.push(watcher)
  }

  async shutdown(): Promise<void> {
    this.#isShutDown = true
    if (this.#waiting.length === 0 && !this.#isKeeping) return
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  /** What comes within one turn of the event loop is kept together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isKeeping) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      // It never rejects: the store does not.
      void this.#round()
    })
  }

  async #round(): Promise<void> {
    const judged: JudgedWork[] = []
    const states = new Map<string, JobState>()
    for (const work of this.#take()) {
      const outcome = this.#judge(work, states)
      if (outcome !== undefined) judged.push(outcome)
    }
    const changes = judged.flatMap((one) => one.judged.changes)
    this.#isKeeping = true
    const kept = await this.#keep({ changes, states: [...states.values()] })
    this.#isKeeping = false
    if (kept.status === 'kept') this.#settle(judged, states)
    else for (const { work } of judged) work.answer({ ...kept, status: 'refused' })
    if (this.#waiting.length > 0) this.#schedule()
    else for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  async #keep(changes: JobChanges): Promise<KeepOutcome> {
    return changes.changes.length === 0
      ? { status: 'kept' }
      : await this.#parts.store.append(changes)
  }

  /** What waits, up to what one round may keep. */
  #take(): readonly Work[] {
    let bytes = 0
    let count = 0
    for (const work of this.#waiting) {
      if (count >= roundWorksMax || bytes >= roundBytesMax) break
      bytes += work.bytes
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** @returns undefined where the work was answered */
  #judge(work: Work, states: Map<string, JobState>): JudgedWork | undefined {
    const { target } = work
    const nowMs = this.#parts.time.wallMs()
    const key = jobKey(target)
    const known = states.get(key) ?? this.#states.get(key)
    if (known === undefined && !target.mayCreate) {
      work.answer({ status: 'unknown' })
      return undefined
    }
    const full = known === undefined ? this.#fullFor(target.owner, states) : undefined
    if (full !== undefined) {
      work.answer({ status: 'full', message: full })
      return undefined
    }
    const state = known ?? newJobState(target.service, target.name, { ...target, nowMs })
    const judged = work.judge(state, nowMs)
    if (judged.changes.length > 0) states.set(key, judged.state)
    return { work, judged, isNew: known === undefined }
  }

  #fullFor(owner: string, made: ReadonlyMap<string, JobState>): string | undefined {
    const { jobsMax, jobsPerSenderMax } = this.#parts.limits
    const fresh = [...made].filter(([key]) => !this.#states.has(key))
    if (this.#states.size + fresh.length >= jobsMax) {
      return `There are ${this.#states.size} jobs, as many as may be (limit jobs-max)`
    }
    const own = fresh.filter(([, state]) => state.owner === owner).length
    const count = (this.#owners.get(owner) ?? 0) + own
    if (count < jobsPerSenderMax) return undefined
    return `This key has made ${count} jobs, as many as one may (limit jobs-per-sender-max)`
  }

  #settle(judged: readonly JudgedWork[], states: ReadonlyMap<string, JobState>): void {
    for (const state of states.values()) this.#set(state)
    for (const { judged: one } of judged) for (const change of one.changes) this.#remember(change)
    for (const { judged: one, work, isNew } of judged) {
      work.answer({ status: 'done', judged: one, isNew })
    }
    for (const { judged: one } of judged) {
      if (one.changes.length === 0) continue
      for (const watcher of this.#watchers) watcher(one.changes, one.state)
    }
  }

  #remember({ ended, name, receivedMs, reportId, service }: JobChange): void {
    if (ended === undefined && reportId === undefined) return
    this.known.add({ service, name, runId: ended?.id, result: ended?.result, reportId, receivedMs })
  }

  #set(state: JobState): void {
    const key = jobKey(state)
    const before = this.#states.get(key)
    this.#states.set(key, state)
    if (before === undefined) {
      this.#owners.set(state.owner, (this.#owners.get(state.owner) ?? 0) + 1)
      for (const name of new Set([state.name, slugOf(state.name)])) this.#addName(name, key)
    }
    const id = state.definition?.id
    const former = before?.definition?.id
    if (id === former) return
    if (former !== undefined) this.#names.get(former)?.delete(key)
    if (id !== undefined) this.#addName(id, key)
  }

  #addName(name: string, key: string): void {
    const keys = this.#names.get(name) ?? new Set<string>()
    keys.add(key)
    this.#names.set(name, keys)
  }
}

function refused(message: string): {
  readonly status: 'refused'
  readonly message: string
  readonly retryAfterMs: number
} {
  return { status: 'refused', message, retryAfterMs: busyRetryMs }
}
