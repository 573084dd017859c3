// A table whose batches wait must not hold the room of all others: where little is left in a
// segment, its blocks are moved to the active one, and its file is used again.
import type { Logger, Time, Turns } from '@wayward/base'
import type { Counters } from './counters.ts'
import { blocksMax } from './frame.ts'
import type { ReadOutcome } from './journal.ts'
import type { NotesKeeper } from './notes-keeper.ts'
import type { FileBlock, Segment } from './segment.ts'
import type { SegmentPool } from './segment-pool.ts'

/** Frees segments in which little is left. */
export interface Compaction {
  /** Begins, unless it is under way or not worth it. Never throws. */
  startIfWorth(): void
}

/** Where a frame was written. */
export interface FramePlace {
  readonly segment: Segment
  readonly frameOffset: number
  /** Of the first block. */
  readonly offset: number
}

export interface CompactionParts {
  readonly pool: Pick<SegmentPool, 'closed' | 'retireIfDone'>
  readonly notes: Pick<NotesKeeper, 'touch' | 'wake'>
  /** Those of the frames: requests wait for one step at most. */
  readonly turns: Turns
  readonly time: Pick<Time, 'monotonicMs'>
  readonly logger: Logger
  readonly counters: Counters
  /** Whether the journal is open, and full enough. */
  readonly isWorth: () => boolean
  readonly read: (block: FileBlock) => Promise<ReadOutcome>
  /** Writes and syncs a frame of moved blocks. @throws system errors */
  readonly write: (blocks: readonly FileBlock[], data: readonly Uint8Array[]) => Promise<FramePlace>
}

/** A segment of which less than this is unconfirmed is freed. */
const compactBelow = 0.25
/** Blocks moved in one step. */
const moveBytes = 4 * 1024 * 1024
/** After a failure, such as a full disk. */
const compactWaitMs = 10_000

export function createCompaction(parts: CompactionParts): Compaction {
  return new SegmentCompaction(parts)
}

class SegmentCompaction implements Compaction {
  readonly #parts: CompactionParts
  #state: 'idle' | 'moving' = 'idle'
  #notBeforeMs = 0

  constructor(parts: CompactionParts) {
    this.#parts = parts
  }

  startIfWorth(): void {
    const { isWorth, pool, time, turns } = this.#parts
    if (this.#state === 'moving' || !isWorth() || time.monotonicMs() < this.#notBeforeMs) return
    const segment = sparsest(pool.closed)
    if (segment === undefined) return
    this.#state = 'moving'
    // One step at a time, so that requests only wait for one step. It never rejects.
    void turns.take(async () => {
      await this.#moveSome(segment)
      this.#state = 'idle'
      this.startIfWorth()
    })
  }

  /** Moves some blocks of a segment to the active one. */
  async #moveSome(segment: Segment): Promise<void> {
    const { logger, notes, pool, read, time, write } = this.#parts
    const blocks = blocksToMove(segment)
    const data: Uint8Array[] = []
    for (const block of blocks) {
      const outcome = await read(block)
      if (outcome.status === 'read') data.push(outcome.bytes)
      else {
        // What was confirmed meanwhile need not be moved. What is damaged stays: its reader sets it
        // aside.
        if (block.segment !== undefined) segment.giveUpMoving()
        return
      }
    }
    if (blocks.length === 0) return
    let place: FramePlace
    try {
      place = await write(blocks, data)
    } catch (error) {
      const fields = { segment: segment.name.base, error }
      logger.warn('Cannot move blocks of the journal together', fields)
      this.#notBeforeMs = time.monotonicMs() + compactWaitMs
      return
    }
    this.#relocate(blocks, place)
    notes.touch(segment)
    notes.touch(place.segment)
    notes.wake()
    pool.retireIfDone(segment)
  }

  #relocate(
    blocks: readonly FileBlock[],
    { segment, frameOffset, offset: start }: FramePlace,
  ): void {
    let offset = start
    for (const [frameIndex, block] of blocks.entries()) {
      const place = { frameOffset, frameIndex, offset }
      offset += block.byteLength
      if (block.segment === undefined) {
        // It was confirmed while it was written again.
        segment.noteConfirmed(place)
      } else {
        segment.take(block, place)
        this.#parts.counters.compactedBlocks++
      }
    }
  }
}

/** The closed segment in which the least is left, if that is little. */
function sparsest(segments: ReadonlySet<Segment>): Segment | undefined {
  let best: Segment | undefined
  let bestShare = compactBelow
  for (const segment of segments) {
    const share = segment.liveBytes / segment.fileBytes
    if (segment.isStuck || share >= bestShare) continue
    best = segment
    bestShare = share
  }
  return best
}

function blocksToMove(segment: Segment): FileBlock[] {
  const blocks: FileBlock[] = []
  let bytes = 0
  for (const block of segment.blocks) {
    if (block.segment !== segment) continue
    if (blocks.length > 0 && bytes + block.byteLength > moveBytes) break
    blocks.push(block)
    bytes += block.byteLength
    if (blocks.length === blocksMax) break
  }
  return blocks
}
