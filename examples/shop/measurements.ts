// What the shop measures for itself, without Wayward: a test compares both.

/** Nanoseconds of the process's monotonic clock. */
export function nowNs(): number {
  return Number(process.hrtime.bigint())
}

export interface LockFacts {
  requests: number
  /** Requests that found the lock taken. */
  contended: number
  /** Sum and maximum of the waits of contended requests. */
  waitSumNs: number
  waitMaxNs: number
  holdSumNs: number
}

export interface QueueFacts {
  items: number
  waitSumNs: number
  waitMaxNs: number
  processingSumNs: number
}

export interface JobFacts {
  runs: number
  failed: number
  latenessMaxNs: number
  durationSumNs: number
}

/** Everything measured, by the names of locks, queues and jobs. */
export interface Facts {
  readonly locks: Record<string, LockFacts>
  readonly queues: Record<string, QueueFacts>
  readonly jobs: Record<string, JobFacts>
}

export function createFacts(): Facts {
  return { locks: {}, queues: {}, jobs: {} }
}

export function lockFacts(facts: Facts, name: string): LockFacts {
  const none = { requests: 0, contended: 0, waitSumNs: 0, waitMaxNs: 0, holdSumNs: 0 }
  return (facts.locks[name] ??= none)
}

export function queueFacts(facts: Facts, name: string): QueueFacts {
  const none = { items: 0, waitSumNs: 0, waitMaxNs: 0, processingSumNs: 0 }
  return (facts.queues[name] ??= none)
}

export function jobFacts(facts: Facts, name: string): JobFacts {
  const none = { runs: 0, failed: 0, latenessMaxNs: 0, durationSumNs: 0 }
  return (facts.jobs[name] ??= none)
}
