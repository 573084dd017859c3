// When the disk gets full, ClickHouse can neither insert nor merge, and nobody can ask anything. So
// the oldest days go before that, over all tables alike, and everybody can see it.
import type { Logger } from '@wayward/base'
import { readFile, statfs } from 'node:fs/promises'
import type { Store } from '../store.ts'

/** What was dropped of a table. */
export interface DroppedPartition {
  readonly table: string
  /** The day, `20261121`. */
  readonly partition: string
  readonly rows: number
  readonly bytes: number
  /** Why, for people. */
  readonly reason: string
}

export interface DiskFloorSettings {
  /** Free bytes that there shall always be. */
  readonly floorBytes: number
  readonly intervalMs: number
}

export interface DiskFloorParts {
  readonly store: Store
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** Free bytes of the disk that the tables are on. */
  readonly readFreeBytes: () => Promise<number>
  /** Told of each drop, after it; the log has it anyway. */
  readonly onDropped?: (dropped: DroppedPartition) => void
}

/** Keeps free disk above a floor by dropping the oldest days. */
export interface DiskFloor {
  start(): void
  /** One look. Resolves to what was dropped. @throws StoreError */
  run(): Promise<readonly DroppedPartition[]>
  shutdown(): Promise<void>
  /** Of the last look; undefined before the first. */
  readonly freeBytes: number | undefined
}

/** Free bytes for users who are not root, on the disk of a folder. */
export async function readFolderFreeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

/**
 * Free bytes of the disk of a server; of its fullest one where there are several. @throws
 * StoreError
 */
export async function readServerFreeBytes(store: Store): Promise<number> {
  const [row] = await store.query<{ bytes: string }>(await readSql('free-space.sql'))
  return Number(row?.bytes ?? Number.POSITIVE_INFINITY)
}

/** Creates the watch over the free disk; it does nothing before `start()`. */
export function createDiskFloor(settings: DiskFloorSettings, parts: DiskFloorParts): DiskFloor {
  return new WatchingDiskFloor(settings, parts)
}

interface PartitionRow {
  readonly table: string
  readonly day: string
  readonly rows: string
  readonly bytes: string
}

const warningIntervalMs = 60_000
const noDay = '00000000'

class WatchingDiskFloor implements DiskFloor {
  readonly #settings: DiskFloorSettings
  readonly #parts: DiskFloorParts
  #timer: NodeJS.Timeout | undefined
  #last: Promise<unknown> = Promise.resolve()
  #isRunning = false
  #lastWarningMs = Number.NEGATIVE_INFINITY
  freeBytes: number | undefined

  constructor(settings: DiskFloorSettings, parts: DiskFloorParts) {
    this.#settings = settings
    this.#parts = parts
  }

  start(): void {
    this.#isRunning = true
    this.#schedule()
  }

  async shutdown(): Promise<void> {
    this.#isRunning = false
    clearTimeout(this.#timer)
    await this.#last
  }

  async run(): Promise<readonly DroppedPartition[]> {
    const { floorBytes } = this.#settings
    const dropped: DroppedPartition[] = []
    const days = new Set<string>()
    this.freeBytes = await this.#parts.readFreeBytes()
    if (this.freeBytes < floorBytes) await this.#clearOldParts()
    while ((this.freeBytes = await this.#parts.readFreeBytes()) < floorBytes) {
      const oldest = await this.#oldestDay(days)
      const [first] = oldest
      if (first === undefined) {
        if (dropped.length === 0) this.#warnOfNothingLeft()
        break
      }
      // If a day's bytes do not come back, as on a disk with snapshots, the next look goes on, not
      // this one.
      const goalBytes = this.freeBytes + sum(oldest) / 2
      days.add(first.day)
      for (const partition of oldest) dropped.push(await this.#drop(partition))
      this.freeBytes = await this.#parts.readFreeBytes()
      if (this.freeBytes < goalBytes) break
    }
    return dropped
  }

  /**
   * Before rows go, what merges have replaced goes. Dropping a day that no table has makes
   * ClickHouse do that.
   */
  async #clearOldParts(): Promise<void> {
    const { store } = this.#parts
    for (const { table } of await store.query<{ table: string }>(await readSql('old-parts.sql'))) {
      await store.command(await readSql('drop-partition.sql'), { table, day: noDay })
    }
  }

  /** What all tables have of the oldest day before today; today's rows are what people look at. */
  async #oldestDay(done: ReadonlySet<string>): Promise<PartitionRow[]> {
    const rows = await this.#parts.store.query<PartitionRow>(await readSql('partitions.sql'))
    const today = new Date(this.#parts.clock()).toISOString().slice(0, 10).replaceAll('-', '')
    const droppable = rows.filter(({ day }) => day < today && !done.has(day))
    return droppable.filter(({ day }) => day === droppable[0]?.day)
  }

  async #drop({ table, day, rows, bytes }: PartitionRow): Promise<DroppedPartition> {
    const { store, logger, onDropped } = this.#parts
    const freeBytes = this.freeBytes ?? 0
    const reason = `${freeBytes} bytes of disk were free, ${this.#settings.floorBytes} are to be (--disk-floor)`
    await store.command(await readSql('drop-partition.sql'), { table, day })
    const dropped = { table, partition: day, rows: Number(rows), bytes: Number(bytes), reason }
    logger.warn('Dropped the oldest day of a table, because the disk gets full', { ...dropped })
    onDropped?.(dropped)
    return dropped
  }

  #warnOfNothingLeft(): void {
    const nowMs = this.#parts.clock()
    if (nowMs - this.#lastWarningMs < warningIntervalMs) return
    this.#lastWarningMs = nowMs
    this.#parts.logger.error('The disk gets full, and only the rows of today are left to drop', {
      freeBytes: this.freeBytes,
      floorBytes: this.#settings.floorBytes,
      cure: 'free some space, give the data a larger disk, or lower --disk-floor',
    })
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#last = this.run()
        .catch((error: unknown) => {
          this.#parts.logger.warn('Cannot see to the free disk', { cause: String(error) })
        })
        .finally(() => {
          if (this.#isRunning) this.#schedule()
        })
    }, this.#settings.intervalMs)
    this.#timer.unref()
  }
}

function sum(partitions: readonly PartitionRow[]): number {
  return partitions.reduce((bytes, partition) => bytes + Number(partition.bytes), 0)
}

async function readSql(path: string): Promise<string> {
  return await readFile(new URL(path, import.meta.url), 'utf8')
}
