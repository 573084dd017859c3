import { createTurns, type Logger, type Time, type Timer } from '@wayward/base'
import type { Counters } from './counters.ts'
import type { ReadOutcome } from './journal.ts'
import type { FileBlock } from './segment.ts'
import { type SetAsideFolder, type SetAsideItem, storeParts } from './set-aside.ts'

const retryWaitMs = 10_000

export interface SetAsideKeeperParts {
  readonly folder: SetAsideFolder
  readonly logger: Logger
  readonly time: Time
  readonly counters: Counters
  readonly read: (block: FileBlock) => Promise<ReadOutcome>
  /** The bytes as they lie in the file, right or wrong. */
  readonly readRaw: (block: FileBlock) => Promise<Uint8Array>
  readonly confirm: (blocks: readonly FileBlock[]) => void
}

/** What goes into one file. */
interface Batch {
  readonly blocks: readonly FileBlock[]
  readonly reason: string
}

/**
 * Puts batches into `set-aside` and confirms them; tries again later when the disk does not let it.
 */
export class SetAsideKeeper {
  readonly #parts: SetAsideKeeperParts
  #failed: Batch[] = []
  #timer: Timer | undefined
  readonly #turns = createTurns()

  constructor(parts: SetAsideKeeperParts) {
    this.#parts = parts
  }

  /** Resolves after the first try. Never rejects. */
  setAside(blocks: readonly FileBlock[], reason: string): Promise<void> {
    return this.#run(batchesOf(blocks).map((batch) => ({ blocks: batch, reason })))
  }

  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#turns.whenDone()
    const blocks = this.#failed.reduce((sum, batch) => sum + batch.blocks.length, 0)
    if (blocks === 0) return
    this.#parts.logger.warn('Blocks could not be set aside; they stay in the journal', { blocks })
  }

  async #try(batch: Batch): Promise<void> {
    const { logger, folder } = this.#parts
    // What was confirmed meanwhile is done with.
    const blocks = batch.blocks.filter(({ segment }) => segment !== undefined)
    try {
      const damaged = await this.#storeBatch(blocks, batch.reason)
      for (const [block, message] of damaged) await this.#storeDamaged(block, message)
      this.#parts.confirm(blocks)
    } catch (error) {
      logger.error('Cannot set rows aside; they stay in the journal, and it is tried again', {
        folder: folder.path,
        error,
      })
      this.#failed.push(batch)
      this.#timer ??= this.#parts.time.after(retryWaitMs, () => this.#retry()).unref()
    }
  }

  #retry(): void {
    this.#timer = undefined
    const batches = this.#failed
    this.#failed = []
    void this.#run(batches) // Never rejects.
  }

  #run(batches: readonly Batch[]): Promise<void> {
    return this.#turns.take(async () => {
      for (const batch of batches) await this.#try(batch)
    })
  }

  /**
   * One file for the good blocks: it can be inserted as it is. @returns the blocks that are not
   * good
   */
  async #storeBatch(
    blocks: readonly FileBlock[],
    reason: string,
  ): Promise<ReadonlyMap<FileBlock, string>> {
    const damaged = new Map<FileBlock, string>()
    const good: FileBlock[] = []
    for (const block of blocks) {
      const outcome = await this.#parts.read(block)
      if (outcome.status === 'failed') throw new Error(outcome.message)
      if (outcome.status === 'damaged') damaged.set(block, outcome.message)
      else good.push(block)
    }
    if (good.length > 0) {
      const rows = good.reduce((sum, block) => sum + block.rows, 0)
      await this.#store(toItem(good, 'native', reason), this.#goodBytes(good), rows)
    }
    return damaged
  }

  async *#goodBytes(blocks: readonly FileBlock[]): AsyncGenerator<Uint8Array> {
    for (const block of blocks) {
      const outcome = await this.#parts.read(block)
      if (outcome.status !== 'read') throw new Error(outcome.message)
      yield outcome.bytes
    }
  }

  async #storeDamaged(block: FileBlock, message: string): Promise<void> {
    const bytes = await this.#parts.readRaw(block)
    await this.#store(toItem([block], 'damaged', message), onePart(bytes), block.rows)
  }

  async #store(item: SetAsideItem, parts: AsyncIterable<Uint8Array>, rows: number): Promise<void> {
    const { folder, counters, logger } = this.#parts
    const { path, byteLength } = await storeParts(folder, item, parts)
    counters.setAsideRecords++
    counters.setAsideRows += rows
    counters.setAsideBytes += byteLength
    logger.error('Rows are set aside', { file: path, ...item.description, reason: item.reason })
  }
}

/** The blocks by table and token. */
function batchesOf(blocks: readonly FileBlock[]): readonly (readonly FileBlock[])[] {
  const batches = new Map<string, FileBlock[]>()
  for (const block of blocks) {
    const key = `${block.table} ${block.token}`
    const batch = batches.get(key)
    if (batch === undefined) batches.set(key, [block])
    else batch.push(block)
  }
  return [...batches.values()]
}

async function* onePart(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

function toItem(
  blocks: readonly FileBlock[],
  ending: SetAsideItem['ending'],
  reason: string,
): SetAsideItem {
  const first = blocks[0]
  const { table = '', token = '', originSequence = 0, originIndex = 0 } = first ?? {}
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0)
  return {
    name: `${table}-${token}-${originSequence}-${originIndex}`,
    ending,
    reason,
    description: { table, token, rows, blocks: blocks.length },
  }
}
