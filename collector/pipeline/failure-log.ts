import type { Logger, Time } from '@wayward/base'

/** Tells the log about an outage without filling it. */
export interface FailureLog {
  failed(status: 'retryable' | 'failed', error: Error): void
  /** Tells that it is over, if it was told that it began. */
  succeeded(): void
  /** What ClickHouse said last. */
  lastMessage(): string
}

const intervalMs = 60_000

/** Logs the first failure, one a minute while it lasts, every new reason, and the end. */
export function createFailureLog(table: string, logger: Logger, time: Time): FailureLog {
  let lastMs = Number.NEGATIVE_INFINITY
  let failures = 0
  let message = ''
  return {
    failed(status, error) {
      failures++
      const isNew = error.message !== message
      message = error.message
      const nowMs = time.monotonicMs()
      if (!isNew && nowMs - lastMs < intervalMs) return
      lastMs = nowMs
      const text =
        status === 'failed'
          ? 'ClickHouse refuses the rows of a table; they stay in the journal and are tried again until it is cured'
          : 'ClickHouse does not take rows at the moment; they stay in the journal and are tried again'
      logger.warn(text, { table, cause: message, failures })
    },
    succeeded() {
      if (failures === 0) return
      logger.info('ClickHouse takes the rows of the table again', { table, failures })
      failures = 0
      message = ''
      lastMs = Number.NEGATIVE_INFINITY
    },
    lastMessage: () => message,
  }
}
