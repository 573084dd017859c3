// Reads stats files at an interval and hands on what they hold as OTLP.
import { openStatsReader, type StatsReader } from '@wayward/mmstats'
import { processState, type ProcessState, writerOf } from '@wayward/mmstats/tools/process-state'
import { expandGlob } from '@wayward/mmstats/tools/stats-glob'
import { encodeAbandoned, encodeMetrics, isCounter, type StatsSnapshot } from './stats-export.ts'

/** What is watched. */
export interface StatsWatchSettings {
  /** Names or patterns of files. */
  readonly globs: readonly string[]
  readonly intervalMs: number
}

/** Where what was read goes to. */
export interface StatsWatchParts {
  /** Sends a request. @returns whether it arrived: what did not is read and sent again */
  send(signal: 'metrics' | 'logs', body: Uint8Array): Promise<boolean>
  /** Tells a person of a file; once for each file and fault. */
  tell(message: string, path: string): void
  wallMs(): number
  /** @default asks the system */
  stateOf?(snapshot: StatsSnapshot): ProcessState
}

/** Watches stats files. */
export interface StatsWatch {
  start(): void
  /** Reads all files now and sends what they hold. */
  readOnce(): Promise<void>
  /** Reads a last time and stops. */
  shutdown(): Promise<void>
}

/** A request should stay well below what receivers take. */
const filesPerRequest = 50

interface WatchedFile {
  readonly reader: StatsReader
  readonly counts: Map<string, bigint>
  readonly fallen: Set<string>
  /** The creation time of the writer whose end was told. */
  endedWriter: number | undefined
  problem: string | undefined
}

class FileWatch implements StatsWatch {
  readonly #settings: StatsWatchSettings
  readonly #parts: StatsWatchParts
  readonly #files = new Map<string, WatchedFile>()
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> | undefined

  constructor(settings: StatsWatchSettings, parts: StatsWatchParts) {
    this.#settings = settings
    this.#parts = parts
  }

  start(): void {
    const turn = (): void => {
      // It never rejects: each file's fault is told.
      void this.readOnce()
    }
    this.#timer = setInterval(turn, this.#settings.intervalMs)
    turn()
  }

  /** A turn that takes longer than the interval is waited for, not doubled. */
  readOnce(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#timer !== undefined) await this.readOnce()
    this.#timer = undefined
    for (const file of this.#files.values()) file.reader.close()
    this.#files.clear()
  }

  async #readAll(): Promise<void> {
    const paths = new Set(this.#settings.globs.flatMap(expandGlob))
    this.#forget(paths)
    const read = [...paths].flatMap((path) => this.#read(path))
    for (let index = 0; index < read.length; index += filesPerRequest) {
      await this.#send(read.slice(index, index + filesPerRequest))
    }
  }

  #forget(paths: ReadonlySet<string>): void {
    for (const [path, file] of this.#files) {
      if (paths.has(path)) continue
      file.reader.close()
      this.#files.delete(path)
    }
  }

  /** The file's fields; nothing if it cannot be read, or if its process's end was told. */
  #read(path: string): { snapshot: StatsSnapshot; isEnded: boolean; file: WatchedFile }[] {
    const file = this.#fileOf(path)
    const { stats, problem } = this.#readQuietly(path, file)
    this.#tellOnce(path, file, problem)
    if (stats.length === 0) return []
    const timeUnixNano = BigInt(this.#parts.wallMs()) * 1_000_000n
    noteFallen(file, stats)
    const snapshot = { path, stats, timeUnixNano, fallen: file.fallen }
    const isEnded = this.#isEnded(snapshot)
    if (!isEnded) file.endedWriter = undefined
    else if (file.endedWriter === writerKey(snapshot)) return []
    return [{ snapshot: isEnded ? this.#again(snapshot, file) : snapshot, isEnded, file }]
  }

  /** The writer may have written between the reading and its end. */
  #again(snapshot: StatsSnapshot, file: WatchedFile): StatsSnapshot {
    const { stats } = this.#readQuietly(snapshot.path, file)
    return stats.length === 0 ? snapshot : { ...snapshot, stats }
  }

  #isEnded(snapshot: StatsSnapshot): boolean {
    const writer = writerOf(snapshot.stats)
    if (writer.pid === undefined) return false
    const state = this.#parts.stateOf?.(snapshot) ?? processState(writer)
    return state === 'dead' || state === 'reused'
  }

  #readQuietly(
    path: string,
    { reader }: WatchedFile,
  ): Pick<ReturnType<StatsReader['read']>, 'stats' | 'problem'> {
    try {
      return reader.read()
    } catch (error) {
      return { stats: [], problem: error instanceof Error ? error.message : `Cannot read ${path}` }
    }
  }

  #fileOf(path: string): WatchedFile {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const file: WatchedFile = {
      reader: openStatsReader(path),
      counts: new Map(),
      fallen: new Set(),
      endedWriter: undefined,
      problem: undefined,
    }
    this.#files.set(path, file)
    return file
  }

  #tellOnce(path: string, file: WatchedFile, problem: string | undefined): void {
    if (problem !== undefined && problem !== file.problem) this.#parts.tell(problem, path)
    file.problem = problem
  }

  async #send(
    read: readonly { snapshot: StatsSnapshot; isEnded: boolean; file: WatchedFile }[],
  ): Promise<void> {
    const ended = read.filter(({ isEnded }) => isEnded)
    const areSent = await this.#parts.send(
      'metrics',
      encodeMetrics(read.map((one) => one.snapshot)),
    )
    if (!areSent || ended.length === 0) return
    const snapshots = ended.map(({ snapshot }) => snapshot)
    if (!(await this.#parts.send('logs', encodeAbandoned(snapshots)))) return
    for (const { snapshot, file } of ended) {
      file.endedWriter = writerKey(snapshot)
      this.#parts.tell('Its process has ended; these were its last values', snapshot.path)
    }
  }
}

/** Tells one writer of a file from the next. */
function writerKey({ stats }: StatsSnapshot): number {
  const { pid = 0, created = 0 } = writerOf(stats)
  return created + pid
}

function noteFallen({ counts, fallen }: WatchedFile, stats: StatsSnapshot['stats']): void {
  for (const stat of stats) {
    if (typeof stat.value !== 'bigint' || !isCounter(stat)) continue
    if (stat.value < (counts.get(stat.label) ?? 0n)) fallen.add(stat.label)
    counts.set(stat.label, stat.value)
  }
}

/** Makes a watch; it reads nothing before `start` or `readOnce`. */
export function createStatsWatch(settings: StatsWatchSettings, parts: StatsWatchParts): StatsWatch {
  return new FileWatch(settings, parts)
}
