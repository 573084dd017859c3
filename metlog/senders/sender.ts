import type { MetlogMessage } from '../envelope/message.ts'

/** What a sender has lost, by reason, since it was made. */
export type DropCounts = Readonly<Record<string, number>>

/** Where messages go. */
export interface MetlogSender {
  /**
   * Takes a message and returns at once. The message belongs to the caller again afterwards. May
   * throw; the client counts that.
   */
  send(message: MetlogMessage): void
  /** What was taken and could not be delivered. @default nothing is lost */
  drops?(): DropCounts
  /** Sends what waits, for a moment, and closes. @default nothing to close */
  close?(): Promise<void>
  /** False for one that sends nothing: then no message is made. @default true */
  readonly isActive?: boolean
}

/** Counts losses by reason. */
export interface DropCounter {
  add(reason: string, count?: number): void
  counts(): DropCounts
}

/** Makes a counter of losses. */
export function createDropCounter(): DropCounter {
  const counts: Record<string, number> = {}
  return {
    add(reason, count = 1) {
      counts[reason] = (counts[reason] ?? 0) + count
    },
    counts: () => counts,
  }
}
