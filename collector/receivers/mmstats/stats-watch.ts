// Reads stats files at an interval and hands on what they hold as OTLP.
import { openStatsReader, type StatsReader } from '@wayward/mmstats'
import { processState, type ProcessState, writerOf } from '@wayward/mmstats/tools/process-state'
import { type FoundFile, findFiles } from '@wayward/mmstats/tools/stats-glob'
import { encodeAbandoned, encodeMetrics, isCounter, type StatsSnapshot } from './stats-export.ts'

/** What is watched. */
export interface StatsWatchSettings {
  /** Names or patterns of files. */
  readonly globs: readonly string[]
  readonly intervalMs: number
  /** Further files are left out, which is told. @default 10000 */
  readonly filesMax?: number
}

/** What became of a request. What is refused will always be, what is unavailable is read again. */
export interface SendOutcome {
  readonly status: 'taken' | 'refused' | 'unavailable'
  /** What is wrong, also with a part of what was taken. */
  readonly message?: string | undefined
}

/** Where what was read goes to. */
export interface StatsWatchParts {
  /** Sends a request. */
  send(signal: 'metrics' | 'logs', body: Uint8Array): Promise<SendOutcome>
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

/** A request should stay well below what receivers take, and one turn not keep others waiting. */
const filesPerRequest = 50
const requestBytesMax = 1024 * 1024

const filesMaxDefault = 10_000

/** No application has more; a file that pretends to would cost the service its memory. */
const readerSettings = { fileBytesMax: 4 * 1024 * 1024, fieldsMax: 10_000 } as const

interface WatchedFile {
  readonly reader: StatsReader
  readonly counts: Map<string, bigint>
  readonly fallen: Set<string>
  /** The creation time of the writer whose end was told. */
  endedWriter: number | undefined
  problem: string | undefined
  /** What was wrong with its last request. */
  refusal: string | undefined
}

/** A file that is ready to be sent. */
interface ReadFile {
  readonly file: WatchedFile
  readonly snapshot: StatsSnapshot
  readonly isEnded: boolean
  /** The request with its fields. */
  readonly body: Uint8Array
}

class FileWatch implements StatsWatch {
  readonly #settings: StatsWatchSettings
  readonly #parts: StatsWatchParts
  readonly #files = new Map<string, WatchedFile>()
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> | undefined
  #areTooMany = false

  constructor(settings: StatsWatchSettings, parts: StatsWatchParts) {
    this.#settings = settings
    this.#parts = parts
  }

  start(): void {
    const turn = (): void => {
      this.readOnce().catch((error: unknown) => {
        this.#parts.tell(`Cannot read the stats files: ${String(error)}`, '')
      })
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
    const files = this.#find()
    this.#forget(new Set(files.map(({ path }) => path)))
    let read: ReadFile[] = []
    let bytes = 0
    for (const found of files) {
      const one = this.#read(found)
      if (one === undefined) continue
      if (read.length === filesPerRequest || bytes + one.body.byteLength > requestBytesMax) {
        await this.#send(read)
        read = []
        bytes = 0
      }
      read.push(one)
      bytes += one.body.byteLength
    }
    await this.#send(read)
  }

  /** The files of the patterns, up to the limit. */
  #find(): readonly FoundFile[] {
    const { globs, filesMax = filesMaxDefault } = this.#settings
    const files = findFiles(globs)
    const areTooMany = files.length > filesMax
    if (areTooMany && !this.#areTooMany) {
      const message = `Found ${files.length} stats files, wanted at most ${filesMax}; the rest is left out`
      this.#parts.tell(message, globs.join(', '))
    }
    this.#areTooMany = areTooMany
    return areTooMany ? files.slice(0, filesMax) : files
  }

  #forget(paths: ReadonlySet<string>): void {
    for (const [path, file] of this.#files) {
      if (paths.has(path)) continue
      file.reader.close()
      this.#files.delete(path)
    }
  }

  /** The file's fields; undefined if it cannot be read, or if its process's end was told. */
  #read(found: FoundFile): ReadFile | undefined {
    const { path } = found
    const file = this.#fileOf(found)
    const { stats, problem } = this.#readQuietly(path, file)
    this.#tellOnce(path, file, problem)
    if (stats.length === 0) return undefined
    const timeUnixNano = BigInt(this.#parts.wallMs()) * 1_000_000n
    noteFallen(file, stats)
    const alive = { path, stats, timeUnixNano, fallen: file.fallen }
    const isEnded = this.#isEnded(alive)
    if (!isEnded) file.endedWriter = undefined
    else if (file.endedWriter === writerKey(alive)) return undefined
    const snapshot = isEnded ? this.#again(alive, file) : alive
    try {
      return { file, snapshot, isEnded, body: encodeMetrics(snapshot) }
    } catch (error) {
      this.#tellOnce(path, file, `Cannot send "${path}": ${String(error)}`)
      return undefined
    }
  }

  /** The writer may have written between the reading and its end. */
  #again(snapshot: StatsSnapshot, file: WatchedFile): StatsSnapshot {
    const { stats } = this.#readQuietly(snapshot.path, file)
    return stats.length === 0 ? snapshot : { ...snapshot, stats }
  }

  #isEnded(snapshot: StatsSnapshot): boolean {
    const writer = writerOf(snapshot.stats)
    if (writer.pid === undefined) return false
    const state = this.#parts.stateOf?.(snapshot) ?? processState(writer, snapshot.path)
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

  #fileOf({ path, within }: FoundFile): WatchedFile {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const file: WatchedFile = {
      reader: openStatsReader(path, { ...readerSettings, within }),
      counts: new Map(),
      fallen: new Set(),
      endedWriter: undefined,
      problem: undefined,
      refusal: undefined,
    }
    this.#files.set(path, file)
    return file
  }

  #tellOnce(path: string, file: WatchedFile, problem: string | undefined): void {
    if (problem !== undefined && problem !== file.problem) this.#parts.tell(problem, path)
    file.problem = problem
  }

  /** A request that is refused is sent file by file, so that one does not cost the others. */
  async #send(read: readonly ReadFile[]): Promise<void> {
    if (read.length === 0) return
    const { status, message } = await this.#parts.send(
      'metrics',
      Buffer.concat(read.map(({ body }) => body)),
    )
    if (status === 'unavailable') return
    if (status === 'refused' && read.length > 1) {
      for (const one of read) await this.#send([one])
      return
    }
    for (const one of read) this.#tellRefusal(one, message, read.length)
    const ended = read.filter(({ isEnded }) => isEnded)
    if (ended.length > 0) await this.#sendEnds(ended)
  }

  #tellRefusal({ file, snapshot }: ReadFile, message: string | undefined, count: number): void {
    if (message !== undefined && message !== file.refusal) {
      const what = count === 1 ? 'it' : `it and ${count - 1} others`
      this.#parts.tell(`Not all of ${what} was taken: ${message}`, snapshot.path)
    }
    file.refusal = message
  }

  async #sendEnds(ended: readonly ReadFile[]): Promise<void> {
    const body = Buffer.concat(ended.map(({ snapshot }) => encodeAbandoned(snapshot)))
    const { status } = await this.#parts.send('logs', body)
    if (status === 'unavailable') return
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
