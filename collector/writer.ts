import { setTimeout as sleep } from 'node:timers/promises'
import type { InsertOutcome, Logger, Store } from '@wayward/clickhouse'
import type { CollectorLimits } from './limits.ts'
import type { Telemetry } from './telemetry.ts'

/** Rows of one table that are inserted together, or not at all. */
export interface Block {
  readonly chunks: readonly Uint8Array[]
  readonly rows: number
  readonly bytes: number
  /** The deduplication token: the same at every try, so that a repeated insert does not repeat the rows. */
  readonly token: string
}

/** Inserts blocks into one table. */
export interface Writer {
  /**
   * Inserts a block; tries again, with growing pauses, while that may help. Never rejects.
   *
   * @param signal ends the pauses and further tries, not a try that is under way
   */
  insert(block: Block, signal: AbortSignal): Promise<InsertOutcome>
}

export interface WriterParts {
  readonly store: Pick<Store, 'insertNative'>
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly limits: CollectorLimits
}

const FIRST_PAUSE_MS = 100
const LOG_INTERVAL_MS = 60_000

export function createWriter(table: string, parts: WriterParts): Writer {
  const { store, telemetry, limits } = parts
  const logFailure = createFailureLog(table, parts.logger)

  async function insertOnce(block: Block): Promise<InsertOutcome> {
    const startMs = performance.now()
    const outcome = await store.insertNative(table, block.chunks, block.token)
    telemetry.inserts.add(1, table, outcome.status)
    telemetry.insertSeconds.observe((performance.now() - startMs) / 1000, table)
    if (outcome.status === 'inserted') {
      telemetry.insertedItems.add(block.rows, table)
      telemetry.insertedBytes.add(block.bytes, table)
    } else {
      logFailure(outcome.status, outcome.error)
    }
    return outcome
  }

  async function insert(block: Block, signal: AbortSignal): Promise<InsertOutcome> {
    const startMs = performance.now()
    for (let attempt = 1; ; attempt++) {
      const outcome = await insertOnce(block)
      const pauseMs = FIRST_PAUSE_MS * 2 ** (attempt - 1)
      const elapsedMs = performance.now() - startMs
      const isLast =
        attempt >= limits.insertAttemptsMax || elapsedMs + pauseMs > limits.insertRetryMsMax
      if (outcome.status !== 'retryable' || isLast || signal.aborted) return outcome
      // An aborted pause only means that the next try comes at once; it is the last.
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  return { insert }
}

/** Logs the first failure of a minute and counts the others: an outage must not fill the log. */
function createFailureLog(table: string, logger: Logger): (status: string, error: Error) => void {
  let lastMs = -LOG_INTERVAL_MS
  let silent = 0
  return (status, error) => {
    if (performance.now() - lastMs < LOG_INTERVAL_MS) {
      silent++
      return
    }
    logger.warn('ClickHouse did not take a block; its senders are told to try again', {
      table,
      status,
      cause: error.message,
      failuresNotLogged: silent,
    })
    lastMs = performance.now()
    silent = 0
  }
}
