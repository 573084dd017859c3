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
import { type Clock, createClock, measureClockOffset } from './clock.ts'

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
  const cells = new BigInt64Array(shared.cells)
  const beganNs = shared.beganNs ?? process.hrtime.bigint()
  const next = (cell: number): number => Number(Atomics.add(cells, cell, 1n)) + 1
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
