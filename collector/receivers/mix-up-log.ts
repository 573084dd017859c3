// Whoever sends one protocol to the other's port loses everything, and may be the last to look at
// metrics or the ledger: the log says so, too, and what to do. Not for each request: exporters try
// again all day.
import type { Logger, Time } from '@wayward/base'

export interface MixUpLog {
  /** A client spoke another protocol than the receiver's. */
  note(receiver: string, address: string, message: string): void
}

/** From one warning about a receiver to the next. */
export const mixUpIntervalMs = 60_000

export function createMixUpLog(logger: Logger, time: Pick<Time, 'monotonicMs'>): MixUpLog {
  const warned = new Map<string, { atMs: number; unsaid: number }>()
  return {
    note(receiver, address, message) {
      const last = warned.get(receiver)
      if (last !== undefined && time.monotonicMs() - last.atMs < mixUpIntervalMs) {
        last.unsaid++
        return
      }
      const since = last === undefined || last.unsaid === 0 ? {} : { moreBefore: last.unsaid }
      logger.warn(message, { receiver, client: address, ...since })
      warned.set(receiver, { atMs: time.monotonicMs(), unsaid: 0 })
    },
  }
}
