// Jobs in plain files, for those who want no database:
//
//   states.jsonl       the day of the last opening, and every job as it was then, a line each
//   2026-11-21.jsonl   what was kept on that day, a line for each append: changes and states
//
// A line is written and synced before it is told to be kept; a line that was cut by a crash was not
// told, and is left out. Days are files, so that old ones can be removed as they are.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobChange } from './job-change.ts'
import { type EndedRun, jobKey, type JobState } from './job-state.ts'
import type {
  JobChanges,
  JobQuery,
  JobStore,
  KeepOutcome,
  MarkQuery,
  StoredChange,
} from './job-store.ts'
import type { ReportMark } from './known-reports.ts'

export interface FileJobsSettings {
  readonly folder: string
}

const statesFile = 'states.jsonl'
const dayPattern = /^\d{4}-\d{2}-\d{2}\.jsonl$/
const retryAfterMs = 5_000

/** Opens the store; the folder is made when it is not there. */
export function createFileJobs({ folder }: FileJobsSettings): JobStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return new FileJobs(folder)
}

interface Waiter {
  readonly line: string
  readonly answer: (outcome: KeepOutcome) => void
}

class FileJobs implements JobStore {
  readonly #folder: string
  /** Files whose last line is whole. */
  readonly #sound = new Set<string>()
  #waiters: Waiter[] = []
  #isWriting = false
  #whenIdle: (() => void)[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  append(changes: JobChanges): Promise<KeepOutcome> {
    const line = `${JSON.stringify(changes)}\n`
    return new Promise((answer) => {
      this.#waiters.push({ line, answer })
      // It never rejects: what goes wrong is an answer.
      if (!this.#isWriting) void this.#write()
    })
  }

  async readState(): Promise<readonly JobState[]> {
    const states = new Map<string, JobState>()
    const [head = '{}', ...lines] = await this.#linesOf(statesFile)
    const { day: since = '' } = JSON.parse(head) as { readonly day?: string }
    for (const line of lines) {
      const state = JSON.parse(line) as JobState
      states.set(jobKey(state), state)
    }
    for (const name of await this.#days()) {
      if (name < since) continue
      for (const kept of await this.#readDay(name)) {
        for (const state of kept.states) {
          const known = states.get(jobKey(state))
          if (known === undefined || known.sequence < state.sequence) {
            states.set(jobKey(state), state)
          }
        }
      }
    }
    this.#writeStates([...states.values()])
    return [...states.values()]
  }

  async readMarks({ countMax, sinceMs }: MarkQuery): Promise<readonly ReportMark[]> {
    const marks: ReportMark[] = []
    const first = `${dayOf(sinceMs)}.jsonl`
    for (const day of (await this.#days()).toReversed()) {
      if (day < first || marks.length >= countMax) break
      for (const { changes } of await this.#readDay(day)) {
        for (const { name, receivedMs, reportId, result, runId, service, type } of changes) {
          const isEnd = type === 'run_ended'
          if (receivedMs < sinceMs || (!isEnd && reportId === undefined)) continue
          const ended = isEnd ? { runId, result } : {}
          marks.push({ service, name, receivedMs, reportId, ...ended })
        }
      }
    }
    return marks
      .toSorted((one, other) => one.receivedMs - other.receivedMs)
      .slice(-Math.max(1, countMax))
  }

  async readRuns(query: JobQuery): Promise<readonly EndedRun[]> {
    const runs = await this.#collect(query, ({ ended }) => ended)
    const { beforeMs = Number.POSITIVE_INFINITY, countMax } = query
    return runs
      .filter(({ startMs }) => startMs < beforeMs)
      .toSorted((one, other) => other.startMs - one.startMs)
      .slice(0, countMax)
  }

  async readChanges(query: JobQuery): Promise<readonly StoredChange[]> {
    const changes = await this.#collect(query, (change): StoredChange => {
      const { definition: _d, ended: _e, started: _s, ...stored } = change
      return stored
    })
    const { beforeMs = Number.POSITIVE_INFINITY, countMax } = query
    return changes
      .filter(({ receivedMs }) => receivedMs < beforeMs)
      .toSorted((one, other) => other.sequence - one.sequence)
      .slice(0, countMax)
  }

  async close(): Promise<void> {
    if (this.#isWriting) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  /** Writes what waits, with one sync for all of it. */
  async #write(): Promise<void> {
    this.#isWriting = true
    while (this.#waiters.length > 0) {
      const waiters = this.#waiters
      this.#waiters = []
      const outcome = await this.#writeLines(waiters.map(({ line }) => line).join(''))
      for (const { answer } of waiters) answer(outcome)
    }
    this.#isWriting = false
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  async #writeLines(text: string): Promise<KeepOutcome> {
    const name = `${dayOf(Date.now())}.jsonl`
    let file: FileHandle | undefined
    try {
      file = await open(join(this.#folder, name), 'a+', 0o600)
      const { size } = await file.stat()
      const end = this.#sound.has(name) || size === 0 ? '' : await lineEnd(file, size)
      try {
        await file.writeFile(end + text)
        await file.sync()
        this.#sound.add(name)
      } catch (error) {
        // Half of it must not stand before what comes next.
        await file.truncate(size)
        throw error
      }
      return { status: 'kept' }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return {
        status: 'refused',
        message: `The file of jobs cannot be written: ${why}`,
        retryAfterMs,
      }
    } finally {
      await file?.close()
    }
  }

  /** What the days' files need not be read for at the next start. */
  #writeStates(states: readonly JobState[]): void {
    const path = join(this.#folder, statesFile)
    const temporary = `${path}.new`
    const file = openSync(temporary, 'w', 0o600)
    try {
      const lines = [{ day: dayOf(Date.now()) }, ...states].map((one) => JSON.stringify(one))
      writeSync(file, `${lines.join('\n')}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  }

  async #collect<Value>(
    query: JobQuery,
    read: (change: JobChange) => Value | undefined,
  ): Promise<Value[]> {
    const { countMax, name, runId, service } = query
    const found: Value[] = []
    // The newest day first: most who ask want the last runs.
    for (const day of (await this.#days()).toReversed()) {
      for (const { changes } of await this.#readDay(day)) {
        for (const change of changes) {
          if (change.name !== name || change.service !== service) continue
          if (runId !== undefined && change.runId !== runId) continue
          const value = read(change)
          if (value !== undefined) found.push(value)
        }
      }
      if (found.length >= countMax && query.beforeMs === undefined) break
    }
    return found
  }

  async #days(): Promise<readonly string[]> {
    return (await readdir(this.#folder)).filter((name) => dayPattern.test(name)).toSorted()
  }

  async #readDay(name: string): Promise<readonly JobChanges[]> {
    return (await this.#linesOf(name)).flatMap((line): JobChanges[] => {
      try {
        return [JSON.parse(line) as JobChanges]
      } catch {
        // Cut by a crash: nobody was told that it is kept.
        return []
      }
    })
  }

  async #linesOf(name: string): Promise<readonly string[]> {
    const path = join(this.#folder, name)
    if (!existsSync(path)) return []
    return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** What ends a line that a crash has cut, so that the next one stands alone. */
async function lineEnd(file: FileHandle, size: number): Promise<string> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] === 0x0a ? '' : '\n'
}
