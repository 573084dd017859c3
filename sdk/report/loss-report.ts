// What was lost on the way to the collector: counted, with the range of sequence numbers, and
// reported as an event, because nothing else would show it.
import type { Emitter } from '../emit/emitter.ts'
import type { ProcessState } from '../process/process-state.ts'

interface Loss {
  count: number
  /** Ends of operations that were reported as open. */
  endedCount: number
  first: number
  last: number
}

/** What is known of something that was dropped. */
export interface Dropped {
  /** `wayward.event.sequence`, of what has one. */
  readonly sequence: number | undefined
  /** Whether it would have said that what was reported as open has ended. */
  readonly isEnd: boolean
}

/** Counts what was dropped and reports it. */
export interface LossReport {
  add(reason: string, dropped: Dropped): void
  /** All that was dropped so far. */
  readonly count: number
  /** Emits one event per reason for what came since the last call. */
  report(emitter: Emitter, process: Pick<ProcessState, 'clock' | 'nextSequence'>): void
}

export function createLossReport(): LossReport {
  const losses = new Map<string, Loss>()
  let count = 0
  return {
    get count() {
      return count
    },
    add(reason, { sequence, isEnd }) {
      count++
      let loss = losses.get(reason)
      if (loss === undefined) {
        loss = { count: 0, endedCount: 0, first: Number.POSITIVE_INFINITY, last: 0 }
        losses.set(reason, loss)
      }
      loss.count++
      if (isEnd) loss.endedCount++
      if (sequence === undefined) return
      loss.first = Math.min(loss.first, sequence)
      loss.last = Math.max(loss.last, sequence)
    },
    report(emitter, { clock, nextSequence }) {
      for (const [reason, { count: lost, endedCount, first, last }] of losses) {
        losses.delete(reason)
        const { seconds, ns } = clock.read()
        emitter.event({
          kind: 'loss',
          seconds,
          ns,
          sequence: nextSequence(),
          reason,
          count: lost,
          endedCount,
          firstSequence: last === 0 ? undefined : first,
          lastSequence: last === 0 ? undefined : last,
        })
      }
    },
  }
}
