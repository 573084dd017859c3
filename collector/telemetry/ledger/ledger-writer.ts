// Brings the ledger's entries into the table, by the way of all data: a block in the journal, and
// from there to ClickHouse. Where the journal has no room for them they stay in the ledger and are
// summed up with what comes.
import { createTurns, pause, type Time, type Timer } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import { randomBytes } from 'node:crypto'
import type { OpenBlock } from '../../decode/decoder.ts'
import type { CollectorLimits } from '../../limits.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'
import { createLedgerBlock, type LedgerInstance, ledgerTable } from './ledger-block.ts'

export interface LedgerWriter {
  /** Writes from now on from time to time. */
  start(): void
  /** Writes what there is now. Resolves when it is safe, or stays. Never rejects. */
  flush(): Promise<void>
  /**
   * Inserts what there is without the journal, for those who have none, and gives up after
   * `deadlineMs`. Resolves with the number of entries that are gone. Never rejects.
   */
  insertLast(store: Pick<Store, 'insertNative'>, deadlineMs: number): Promise<number>
  stop(): void
}

export interface LedgerWriterParts {
  readonly ledger: Pick<Ledger, 'take' | 'written' | 'giveBack' | 'size'>
  /** Makes a block safe; false where there is no room for it. */
  readonly commit: (block: OpenBlock) => Promise<boolean>
  readonly instance: LedgerInstance
  readonly limits: Pick<CollectorLimits, 'ledgerIntervalMs' | 'ledgerRowsPerSecondMax'>
  readonly time: Time
}

export function createLedgerWriter(parts: LedgerWriterParts): LedgerWriter {
  const { commit, instance, ledger, limits, time } = parts
  const turns = createTurns()
  let timer: Timer | undefined
  let rowsWritten = 0

  async function writeOnce(): Promise<void> {
    rowsWritten = 0
    if (ledger.size === 0) return
    const entries: LedgerEntry[] = ledger.take()
    if (await commit(createLedgerBlock(entries, instance))) {
      rowsWritten = entries.length
      ledger.written()
    } else ledger.giveBack(entries)
  }

  function flush(): Promise<void> {
    return turns.take(writeOnce)
  }

  function schedule(): void {
    // After many rows there is a longer pause: a flood of senders does not fill the table.
    const pauseMs = (rowsWritten * 1000) / limits.ledgerRowsPerSecondMax
    timer = time
      .after(Math.max(limits.ledgerIntervalMs, pauseMs), () => {
        // It never rejects: the commit does not.
        void flush().then(scheduleNext)
      })
      .unref()
  }

  function scheduleNext(): void {
    if (timer !== undefined) schedule()
  }

  return {
    start: schedule,
    flush,
    async insertLast(store, deadlineMs) {
      await turns.whenDone()
      const entries = ledger.take()
      if (entries.length === 0) return 0
      const chunks = createLedgerBlock(entries, instance).take()
      const timeOut = new AbortController()
      const outcome = await Promise.race([
        store.insertNative(ledgerTable, chunks, randomBytes(16).toString('hex')),
        pause(time, deadlineMs, timeOut.signal),
      ])
      timeOut.abort()
      return outcome?.status === 'inserted' ? 0 : entries.length
    },
    stop() {
      timer?.cancel()
      timer = undefined
    },
  }
}
