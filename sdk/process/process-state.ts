// What all threads of a process share: the session, the clock's anchor, and the counters behind
// sequence numbers and ids. It lies in shared memory, which worker threads inherit through Node's
// environment data.
//
//   cells (8 bytes each):
//   sequence | lock ids | queue ids | task ids | run ids | clock anchor (a double)
//
// A worker thread that was started before the main thread used the SDK finds nothing and begins its
// own session; its numbers are then unique for that session only.
import { randomUUID } from 'node:crypto'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { type Clock, createClock, lowWord, measureClockOffset, wordSize } from './clock.ts'

export interface ProcessState {
  readonly sessionId: string
  readonly clock: Clock
  /** How long the session has lasted, in nanoseconds of the monotonic clock. */
  readonly uptimeNs: () => number
  /** The next `wayward.event.sequence`. */
  readonly nextSequence: () => number
  readonly nextLockId: () => string
  readonly nextQueueId: () => string
  readonly nextTaskId: () => number
  readonly nextRunId: () => string
}

interface Shared {
  readonly pid: number
  readonly sessionId: string
  readonly offsetNs: bigint
  readonly uncertaintyNs: number
  /** When the session began, by the monotonic clock. An earlier copy of this package lacks it. */
  readonly beganNs?: bigint
  readonly cells: SharedArrayBuffer
}

const environmentKey = 'wayward.process-state'
const cellCount = 6
const anchorCell = 5

export function openProcessState(): ProcessState {
  const shared = inherit() ?? begin()
  const beganNs = shared.beganNs ?? process.hrtime.bigint()
  const next = counters(shared.cells)
  return {
    sessionId: shared.sessionId,
    clock: createClock(
      shared.offsetNs,
      shared.uncertaintyNs,
      new Float64Array(shared.cells, anchorCell * Float64Array.BYTES_PER_ELEMENT, 1),
    ),
    uptimeNs: () => Number(process.hrtime.bigint() - beganNs),
    nextSequence: () => next(0),
    nextLockId: () => `${process.pid}:${next(1)}`,
    nextQueueId: () => `${process.pid}:${next(2)}`,
    nextTaskId: () => next(3),
    nextRunId: () => `${process.pid}:${next(4)}`,
  }
}

/**
 * Counts in the cells, each of two halves of 32 bits: to add to both at once takes a bigint, which
 * costs more than all else of it. Whoever takes the last number of the lower half adds to the
 * upper.
 */
function counters(shared: SharedArrayBuffer): (cell: number) => number {
  const words = new Int32Array(shared)
  return (cell) => {
    const low = cell * 2 + lowWord
    const high = cell * 2 + 1 - lowWord
    for (;;) {
      const before = Atomics.load(words, high)
      const taken = Atomics.add(words, low, 1) >>> 0
      if (taken === wordSize - 1) Atomics.add(words, high, 1)
      else if (Atomics.load(words, high) !== before) continue
      return before * wordSize + taken + 1
    }
  }
}

function inherit(): Shared | undefined {
  const data = getEnvironmentData(environmentKey)
  if (typeof data !== 'object' || data === null) return undefined
  const shared = data as unknown as Shared
  // Memory of another process cannot be meant: a forked process starts again.
  return shared.pid === process.pid && shared.cells instanceof SharedArrayBuffer
    ? shared
    : undefined
}

function begin(): Shared {
  const shared: Shared = {
    pid: process.pid,
    sessionId: randomUUID(),
    ...measureClockOffset(),
    beganNs: process.hrtime.bigint(),
    cells: new SharedArrayBuffer(cellCount * BigInt64Array.BYTES_PER_ELEMENT),
  }
  setEnvironmentData(environmentKey, shared)
  return shared
}
