import type { AgedDigests } from './frame-time.ts'
import type {
  AppendOutcome,
  Frame,
  Journal,
  JournalParts,
  JournalSettings,
  JournalStats,
  ReadOutcome,
  StoredBlock,
} from './journal.ts'

interface MemoryBlock extends StoredBlock {
  bytes: Uint8Array | undefined
}

/** A journal without files: what it holds ends with the process. */
export function createMemoryJournal(
  settings: Pick<JournalSettings, 'bytesMax'>,
  { logger }: Pick<JournalParts, 'logger'>,
): Journal {
  return new MemoryJournal(settings.bytesMax, logger)
}

class MemoryJournal implements Journal {
  readonly unconfirmed: readonly StoredBlock[] = []
  readonly recentDigests: readonly AgedDigests[] = []
  readonly bytesMax: number
  readonly #logger: JournalParts['logger']
  #isClosed = false
  #blocks = 0
  #bytes = 0
  #appendedFrames = 0
  #appendedBytes = 0
  #refusedFrames = 0
  #setAsideRecords = 0
  #setAsideRows = 0
  #setAsideBytes = 0

  constructor(bytesMax: number, logger: JournalParts['logger']) {
    this.bytesMax = bytesMax
    this.#logger = logger
  }

  get usedBytes(): number {
    return this.#bytes
  }

  append({ blocks }: Frame): Promise<AppendOutcome> {
    const byteLength = blocks.reduce((sum, block) => sum + block.bytes.byteLength, 0)
    if (this.#isClosed || !this.hasRoom(byteLength)) {
      this.#refusedFrames++
      const message = this.#isClosed
        ? 'The journal is closed'
        : `The journal in memory is full: ${this.#bytes} of ${this.bytesMax} bytes wait for ClickHouse`
      const reason = this.#isClosed ? 'io_error' : 'journal_full'
      return Promise.resolve({ status: 'refused', reason, message })
    }
    this.#bytes += byteLength
    this.#blocks += blocks.length
    this.#appendedFrames++
    this.#appendedBytes += byteLength
    const stored = blocks.map(
      ({ table, token, rows, bytes }): MemoryBlock => ({
        table,
        token,
        rows,
        byteLength: bytes.byteLength,
        bytes,
      }),
    )
    return Promise.resolve({ status: 'written', blocks: stored })
  }

  read(block: StoredBlock): Promise<ReadOutcome> {
    const { bytes } = block as MemoryBlock
    if (bytes !== undefined) return Promise.resolve({ status: 'read', bytes })
    return Promise.resolve({ status: 'damaged', message: 'The block was confirmed before' })
  }

  confirm(blocks: readonly StoredBlock[]): void {
    for (const block of blocks as readonly MemoryBlock[]) {
      if (block.bytes === undefined) continue
      block.bytes = undefined
      this.#bytes -= block.byteLength
      this.#blocks--
    }
  }

  /** There is no folder: the rows are dropped, visibly. */
  setAside(blocks: readonly StoredBlock[], reason: string): Promise<void> {
    for (const block of blocks as readonly MemoryBlock[]) {
      if (block.bytes === undefined) continue
      this.#setAsideRecords++
      this.#setAsideRows += block.rows
      this.#setAsideBytes += block.byteLength
      const { table, token, rows } = block
      this.#logger.error('Rows are dropped: durability is "memory", so they cannot be set aside', {
        table,
        token,
        rows,
        reason,
      })
    }
    this.confirm(blocks)
    return Promise.resolve()
  }

  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.bytesMax
  }

  stats(): JournalStats {
    return {
      segments: 0,
      usedBytes: this.#bytes,
      unconfirmedBlocks: this.#blocks,
      unconfirmedBytes: this.#bytes,
      cachedBytes: this.#bytes,
      appendedFrames: this.#appendedFrames,
      appendedBytes: this.#appendedBytes,
      syncs: 0,
      refusedFrames: this.#refusedFrames,
      recycledSegments: 0,
      compactedBlocks: 0,
      damagedRecords: 0,
      setAsideRecords: this.#setAsideRecords,
      setAsideRows: this.#setAsideRows,
      setAsideBytes: this.#setAsideBytes,
    }
  }

  close(): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }
}
