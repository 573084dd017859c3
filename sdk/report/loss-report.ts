// What was lost on the way to the collector: counted, with the range of sequence numbers, and
// reported as an event, because nothing else would show it.
import type { ProcessState } from '../process/process-state.ts'
import type { LossEvent } from './operation.ts'

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
  /** Adds many at once, with the range of their numbers. */
  addRange(reason: string, count: number, firstSequence: number, lastSequence: number): void
  /** All that was dropped so far. */
  readonly count: number
  /** Emits one event per reason for what came since the last call. */
  report(
    emitter: { event(event: LossEvent): void },
    process: Pick<ProcessState, 'clock' | 'nextSequence'>,
  ): void
}

export function createLossReport(): LossReport {
  const losses = new Map<string, Loss>()
  let count = 0
  function lossOf(reason: string): Loss {
    let loss = losses.get(reason)
    if (loss === undefined) {
      loss = { count: 0, endedCount: 0, first: Number.POSITIVE_INFINITY, last: 0 }
      losses.set(reason, loss)
    }
    return loss
  }
  return {
    get count() {
      return count
    },
    add(reason, { sequence, isEnd }) {
      count++
      const loss = lossOf(reason)
      loss.count++
      if (isEnd) loss.endedCount++
      if (sequence === undefined) return
      loss.first = Math.min(loss.first, sequence)
      loss.last = Math.max(loss.last, sequence)
    },
    addRange(reason, lost, firstSequence, lastSequence) {
      count += lost
      const loss = lossOf(reason)
      loss.count += lost
      loss.first = Math.min(loss.first, firstSequence)
      loss.last = Math.max(loss.last, lastSequence)
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
