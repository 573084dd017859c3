import type { Logger, Time, Timer } from '@wayward/base'
import type { Segment } from './segment.ts'

const syncWaitMs = 1000

/**
 * Writes the segments' notes: at once, and together with what comes meanwhile; synced within a
 * second.
 */
export class NotesKeeper {
  readonly #logger: Logger
  readonly #time: Time
  readonly #isSynced: boolean
  readonly #touched = new Set<Segment>()
  readonly #unsynced = new Set<Segment>()
  #writing: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  #timer: Timer | undefined
  #hasFailed = false
  #isClosed = false

  constructor(logger: Logger, time: Time, isSynced: boolean) {
    this.#logger = logger
    this.#time = time
    this.#isSynced = isSynced
  }

  /** The segment has new notes. */
  touch(segment: Segment): void {
    this.#touched.add(segment)
  }

  /** Starts to write, if it is not under way. */
  wake(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  /** Writes what there is, and waits for it. */
  async flush(): Promise<void> {
    this.wake()
    await this.#writing
  }

  /** The segment's notes are no longer needed, because its file is used again or gone. */
  async forget(segment: Segment): Promise<void> {
    await this.#writing
    await this.#syncing
    this.#touched.delete(segment)
    this.#unsynced.delete(segment)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.flush()
    await this.#syncing
    await this.#sync()
  }

  async #write(): Promise<void> {
    // A moment for what is confirmed in the same breath.
    await Promise.resolve()
    const failed: Segment[] = []
    while (this.#touched.size > 0) {
      for (const segment of this.#touched) {
        this.#touched.delete(segment)
        try {
          await segment.notes.write()
          this.#unsynced.add(segment)
        } catch (error) {
          failed.push(segment)
          this.#report('Cannot note what ClickHouse has; it is tried again', segment, error)
        }
      }
    }
    if (failed.length === 0) this.#hasFailed = false
    for (const segment of failed) this.#touched.add(segment)
    if (!this.#isClosed && (failed.length > 0 || this.#isSynced)) this.#startTimer()
  }

  #startTimer(): void {
    this.#timer ??= this.#time
      .after(syncWaitMs, () => {
        this.#timer = undefined
        if (this.#touched.size > 0) this.wake()
        this.#syncing ??= this.#sync().finally(() => {
          this.#syncing = undefined
        })
      })
      .unref()
  }

  async #sync(): Promise<void> {
    if (!this.#isSynced) return
    for (const segment of this.#unsynced) {
      this.#unsynced.delete(segment)
      try {
        await segment.notes.sync()
      } catch (error) {
        this.#report(
          'Cannot sync what ClickHouse has; after a power cut it is inserted again',
          segment,
          error,
        )
      }
    }
  }

  /** Once per trouble, not once per second. */
  #report(message: string, segment: Segment, error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#logger.warn(message, { segment: segment.name.base, error })
  }
}
