// Shows what was committed to those who watch.
//
//   commit ──▶ publish ──▶ backlog ──▶ rows ──▶ filter of each ──▶ queue of each ──▶ socket
//                 │        (bounded)                              (bounded)
//                 └──▶ kept for a while, for streams that are resumed
//
// While nobody watches, `publish` counts blocks and does nothing else. Whatever is too much is
// dropped, the oldest first, and every stream says how much.
import type { Logger, Time } from '@wayward/base'
import type { NewBlock } from '../journal/journal.ts'
import type { CollectorLimits } from '../limits.ts'
import type { LiveFilter } from './live-filter.ts'
import { isLive, LiveBlock } from './live-item.ts'
import { type Place, parsePlace, writePlace } from './place.ts'

/** Where the items of one stream go. No call throws. */
export interface LiveSink {
  /** @param id by which the stream can be resumed behind this item */
  item(id: string, text: string): void
  /** So many rows were not looked at, because they were too many. */
  missed(rows: number): void
  /** What came between is not kept here. */
  gap(gap: LiveGap): void
  /** There is no more. */
  end(): void
}

/** What a stream that is resumed has missed. */
export interface LiveGap {
  /** `restarted`: the collector was started again; `not_kept`: it was too long ago. */
  readonly reason: 'restarted' | 'not_kept'
  /** Unix milliseconds of the last item that was shown; undefined where the id is none of ours. */
  readonly sinceMs: number | undefined
}

/** What somebody wants to see. */
export interface LiveRequest {
  readonly filter: LiveFilter
  /** The id of the last item that was seen. @default from now on */
  readonly lastEventId?: string
}

/** What is taken of a block. */
export type CommittedBlock = Pick<NewBlock, 'table' | 'rows' | 'bytes' | 'starts'>

/** The streams of a collector. */
export interface LiveStreams {
  /** Takes the blocks that were just committed; they are read later, and not changed. */
  publish(blocks: readonly CommittedBlock[]): void
  /**
   * Opens a stream.
   *
   * @returns what closes it; undefined where there are too many
   */
  watch(request: LiveRequest, sink: LiveSink): (() => void) | undefined
  /** Streams that are open. */
  readonly watchers: number
  /** Ends all streams. */
  close(): void
}

export interface LiveStreamsParts {
  readonly limits: CollectorLimits
  readonly logger: Logger
  readonly time: Time
}

interface Published extends CommittedBlock {
  readonly sequence: number
  readonly atMs: number
}

interface Watcher {
  readonly filter: LiveFilter
  readonly sink: LiveSink
  /** The stream is given what comes behind this block by the queue of all. */
  readonly joinsAfter: number
}

/** A block that waits to be shown, from a row on. */
interface Pending {
  readonly block: Published
  /** What was read of it, once that has begun. */
  readonly read?: LiveBlock
  readonly fromRow: number
  /** Undefined for all who watch. */
  readonly only: Watcher | undefined
}

/** Rows between two looks at the clock. */
const rowsPerLook = 64
/** Time that may be saved up for a burst. */
const allowanceMsMax = 100

export function createLiveStreams(parts: LiveStreamsParts): LiveStreams {
  return new CommittedStreams(parts)
}

class CommittedStreams implements LiveStreams {
  readonly #limits: CollectorLimits
  readonly #logger: Logger
  readonly #time: Time
  /** Tells this run of the collector from others. */
  readonly #epoch: number
  readonly #watchers = new Set<Watcher>()
  #sequence = 0
  #kept: Published[] = []
  #keptBytes = 0
  /** When the last stream ended; undefined while there is one, or was none yet. */
  #emptySinceMs: number | undefined
  #backlog: Pending[] = []
  #backlogBytes = 0
  #missedRows = 0
  #isScheduled = false
  #allowanceMs = allowanceMsMax
  #allowedAtMs: number

  constructor({ limits, logger, time }: LiveStreamsParts) {
    this.#limits = limits
    this.#logger = logger
    this.#time = time
    this.#epoch = time.wallMs()
    this.#allowedAtMs = time.monotonicMs()
  }

  get watchers(): number {
    return this.#watchers.size
  }

  publish(blocks: readonly CommittedBlock[]): void {
    if (this.#watchers.size === 0 && this.#kept.length === 0 && this.#emptySinceMs === undefined) {
      this.#sequence += blocks.length
      return
    }
    const atMs = this.#time.wallMs()
    for (const committed of blocks) {
      const block = { ...committed, sequence: ++this.#sequence, atMs }
      if (!isLive(block.table)) continue
      this.#keep(block)
      if (this.#watchers.size > 0) this.#queue({ block, fromRow: 0, only: undefined })
    }
  }

  watch({ filter, lastEventId }: LiveRequest, sink: LiveSink): (() => void) | undefined {
    if (this.#watchers.size >= this.#limits.liveWatchersMax) return undefined
    const watcher = { filter, sink, joinsAfter: this.#sequence }
    this.#emptySinceMs = undefined
    this.#watchers.add(watcher)
    if (lastEventId !== undefined) this.#resume(watcher, lastEventId)
    return () => this.#leave(watcher)
  }

  close(): void {
    for (const { sink } of this.#watchers) sink.end()
    this.#watchers.clear()
    this.#backlog = []
    this.#kept = []
  }

  #leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return
    this.#emptySinceMs = this.#time.monotonicMs()
    this.#backlog = []
    this.#backlogBytes = 0
    this.#missedRows = 0
  }

  #resume(watcher: Watcher, lastEventId: string): void {
    const place = parsePlace(lastEventId)
    if (place === undefined || place.epoch !== this.#epoch) {
      watcher.sink.gap({ reason: 'restarted', sinceMs: place?.atMs })
      return
    }
    if (place.sequence > this.#sequence || !this.#keepsAllAfter(place)) {
      watcher.sink.gap({ reason: 'not_kept', sinceMs: place.atMs })
    }
    for (const block of this.#kept) {
      if (block.sequence < place.sequence) continue
      const fromRow = block.sequence === place.sequence ? place.row + 1 : 0
      if (fromRow < block.rows) this.#queue({ block, fromRow, only: watcher })
    }
  }

  /** Whether nothing was forgotten since. Blocks of tables that are not shown have numbers, too. */
  #keepsAllAfter({ sequence }: Place): boolean {
    return sequence === this.#sequence || this.#kept.some((block) => block.sequence <= sequence)
  }

  #keep(block: Published): void {
    const { liveKeptBytesMax, liveKeptMs } = this.#limits
    if (
      this.#emptySinceMs !== undefined &&
      this.#time.monotonicMs() - this.#emptySinceMs > liveKeptMs
    ) {
      // Nobody has come back.
      this.#emptySinceMs = undefined
      this.#kept = []
      this.#keptBytes = 0
      return
    }
    this.#kept.push(block)
    this.#keptBytes += block.bytes.byteLength
    let gone = 0
    for (const { atMs, bytes } of this.#kept) {
      const isOld = Math.abs(block.atMs - atMs) > liveKeptMs
      if (!isOld && this.#keptBytes <= liveKeptBytesMax) break
      this.#keptBytes -= bytes.byteLength
      gone++
    }
    if (gone > 0) this.#kept.splice(0, gone)
  }

  #queue(pending: Pending): void {
    this.#backlog.push(pending)
    this.#backlogBytes += pending.block.bytes.byteLength
    while (this.#backlogBytes > this.#limits.liveBacklogBytesMax && this.#backlog.length > 1) {
      const dropped = this.#backlog.shift()
      if (dropped === undefined) break
      this.#backlogBytes -= dropped.block.bytes.byteLength
      const rows = dropped.block.rows - dropped.fromRow
      if (dropped.only === undefined) this.#missedRows += rows
      else dropped.only.sink.missed(rows)
    }
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#backlog.length === 0) return
    this.#isScheduled = true
    const run = (): void => {
      this.#isScheduled = false
      this.#work()
    }
    const waitMs = this.#waitMs()
    // After the answers of the commit.
    if (waitMs <= 0) setImmediate(run)
    else this.#time.after(waitMs, run).unref()
  }

  /** How long to wait until there is time again. */
  #waitMs(): number {
    const nowMs = this.#time.monotonicMs()
    const share = this.#limits.liveTimeShareMax / 100
    const gainedMs = (nowMs - this.#allowedAtMs) * share
    this.#allowanceMs = Math.min(allowanceMsMax, this.#allowanceMs + gainedMs)
    this.#allowedAtMs = nowMs
    return this.#allowanceMs > 0 ? 0 : (1 - this.#allowanceMs) / share
  }

  /** Shows the oldest block, as far as the time reaches. */
  #work(): void {
    const pending = this.#backlog.shift()
    if (pending === undefined) return
    this.#backlogBytes -= pending.block.bytes.byteLength
    this.#tellMissed()
    const startMs = this.#time.monotonicMs()
    const rest = this.#tryToShow(pending, startMs)
    this.#allowanceMs -= this.#time.monotonicMs() - startMs
    if (rest !== undefined) {
      this.#backlog.unshift(rest)
      this.#backlogBytes += pending.block.bytes.byteLength
    }
    this.#schedule()
  }

  #tellMissed(): void {
    if (this.#missedRows === 0) return
    for (const { sink } of this.#watchers) sink.missed(this.#missedRows)
    this.#missedRows = 0
  }

  /** Streams are an addition: a fault of theirs must not end the collector. */
  #tryToShow(pending: Pending, startMs: number): Pending | undefined {
    try {
      return this.#show(pending, startMs)
    } catch (error) {
      const { rows, table } = pending.block
      this.#logger.error('Rows cannot be shown to those who watch; they are stored', {
        table,
        error,
      })
      this.#missedRows += rows - pending.fromRow
      return undefined
    }
  }

  /** @returns what is left for later */
  #show(pending: Pending, startMs: number): Pending | undefined {
    const { block, fromRow, only } = pending
    const watchers =
      only === undefined
        ? [...this.#watchers].filter(({ joinsAfter }) => block.sequence > joinsAfter)
        : [only].filter((one) => this.#watchers.has(one))
    if (watchers.length === 0) return undefined
    const read = pending.read ?? new LiveBlock(block)
    for (let row = fromRow; row < block.rows; row++) {
      read.row = row
      this.#showRow(read, block, watchers)
      if ((row - fromRow) % rowsPerLook !== rowsPerLook - 1 || row + 1 === block.rows) continue
      if (this.#time.monotonicMs() - startMs > this.#allowanceMs) {
        return { ...pending, read, fromRow: row + 1 }
      }
    }
    return undefined
  }

  #showRow(live: LiveBlock, block: Published, watchers: readonly Watcher[]): void {
    let id = ''
    let text = ''
    for (const { filter, sink } of watchers) {
      if (!filter(live)) continue
      if (text === '') {
        const { atMs, sequence } = block
        id = writePlace({ epoch: this.#epoch, sequence, row: live.row, atMs })
        text = JSON.stringify(live.item())
      }
      sink.item(id, text)
    }
  }
}
