// What the locks of a name did within a stretch of time, counted by going through the events one
// by one: between two events nothing changes.
import type { LockRequested, TaskInfo, WorldEvent } from '../event.ts'
import type { SpanOfTime } from './span-of-time.ts'

export interface LockTruth {
  /** Requests made within. */
  readonly requests: number
  /** Requests that waited within. */
  readonly contended: number
  readonly waitSumNs: number
  /** Time in which at least one waited. */
  readonly waitedNs: number
  /** The longest part of a wait that lies within. */
  readonly waitMaxNs: number
  /** Most that waited for one lock at once. */
  readonly waitersMax: number
  readonly holdSumNs: number
  /** Time in which a lock of the name was held. */
  readonly heldNs: number
  readonly stillWaiting: number
  /** Age at the end of the oldest wait. */
  readonly oldestWaitNs: number
  readonly stillHeld: number
  readonly oldestHoldNs: number
  readonly timeouts: number
  readonly cancelled: number
  readonly refused: number
  /** How long each task made others wait: a waiter's time, shared by those who held meanwhile. */
  readonly blockedNsByHolder: ReadonlyMap<string, number>
}

interface Selection {
  readonly service: string
  readonly lock: string
}

interface Open {
  readonly request: LockRequested
  readonly since: number
}

/** A task over all processes: `service/session/task`. */
function actorOf({ process, id }: TaskInfo): string {
  return `${process.service}/${process.session}/${id}`
}

export function lockTruth(
  events: readonly WorldEvent[],
  { service, lock }: Selection,
  within: SpanOfTime,
): LockTruth {
  const requests = new Map<number, Open>()
  const holds = new Map<number, Open>()
  const waited = new Map<number, number>()
  const blockedNsByHolder = new Map<string, number>()
  const results = { timeout: 0, cancelled: 0, refused: 0 }
  let [requestCount, waitSumNs, waitedNs, waitersMax, holdSumNs, heldNs] = [0, 0, 0, 0, 0, 0]
  let at = within.from

  function passTo(time: number): void {
    const until = Math.min(time, within.to)
    const passedNs = until - at
    if (passedNs <= 0) return
    at = until
    waitSumNs += requests.size * passedNs
    holdSumNs += holds.size * passedNs
    if (requests.size > 0) waitedNs += passedNs
    if (holds.size > 0) heldNs += passedNs
    const perLock = new Map<string, number>()
    for (const [operation, { request }] of requests) {
      const count = (perLock.get(request.lock.id) ?? 0) + 1
      perLock.set(request.lock.id, count)
      waitersMax = Math.max(waitersMax, count)
      waited.set(operation, (waited.get(operation) ?? 0) + passedNs)
      charge(request, passedNs)
    }
  }

  function charge(request: LockRequested, passedNs: number): void {
    const holders = [...holds.values()].filter((hold) => hold.request.lock === request.lock)
    for (const { request: of } of holders) {
      const name = actorOf(of.task)
      const shareNs = passedNs / holders.length
      blockedNsByHolder.set(name, (blockedNsByHolder.get(name) ?? 0) + shareNs)
    }
  }

  for (const event of events) {
    if (event.at >= within.to) break
    passTo(event.at)
    const isWithin = event.at >= within.from
    if (event.kind === 'lock requested') {
      if (event.lock.name !== lock || event.task.process.service !== service) continue
      requests.set(event.operation, { request: event, since: event.at })
      if (isWithin) requestCount++
    }
    if (event.kind === 'lock granted') {
      const open = requests.get(event.operation)
      if (open === undefined) continue
      requests.delete(event.operation)
      holds.set(event.hold, { request: open.request, since: event.at })
    }
    if (event.kind === 'lock given up' && requests.delete(event.operation) && isWithin) {
      results[event.result]++
    }
    if (event.kind === 'lock released') holds.delete(event.operation)
  }
  passTo(within.to)
  const oldest = (open: Map<number, Open>): number =>
    within.to - Math.min(within.to, ...[...open.values()].map(({ since }) => since))
  return {
    requests: requestCount,
    contended: waited.size,
    waitSumNs,
    waitedNs,
    waitMaxNs: Math.max(0, ...waited.values()),
    waitersMax,
    holdSumNs,
    heldNs,
    stillWaiting: requests.size,
    oldestWaitNs: oldest(requests),
    stillHeld: holds.size,
    oldestHoldNs: oldest(holds),
    timeouts: results.timeout,
    cancelled: results.cancelled,
    refused: results.refused,
    blockedNsByHolder,
  }
}

/** Who waits for whom at the end of the events: each cycle once, as the tasks in it. */
export function deadlocksAtEnd(events: readonly WorldEvent[]): readonly (readonly TaskInfo[])[] {
  const requests = new Map<number, LockRequested>()
  const waiting = new Map<number, LockRequested>()
  const holding = new Map<number, LockRequested>()
  for (const event of events) {
    if (event.kind === 'lock requested') {
      requests.set(event.operation, event)
      waiting.set(event.operation, event)
    }
    if (event.kind === 'lock given up') waiting.delete(event.operation)
    if (event.kind === 'lock released') holding.delete(event.operation)
    if (event.kind === 'lock granted') {
      waiting.delete(event.operation)
      const request = requests.get(event.operation)
      if (request !== undefined) holding.set(event.hold, request)
    }
  }
  const blockersOf = (task: TaskInfo): TaskInfo[] =>
    [...waiting.values()]
      .filter((request) => request.task === task)
      .flatMap(({ lock }) =>
        [...holding.values()].filter((hold) => hold.lock === lock).map((hold) => hold.task),
      )
  return cyclesOf([...new Set([...waiting.values()].map(({ task }) => task))], blockersOf)
}

function cyclesOf(
  tasks: readonly TaskInfo[],
  blockersOf: (task: TaskInfo) => readonly TaskInfo[],
): TaskInfo[][] {
  const cycles: TaskInfo[][] = []
  const follow = (path: readonly TaskInfo[]): void => {
    for (const next of blockersOf(path.at(-1) as TaskInfo)) {
      if (next === path[0]) cycles.push([...path])
      // Each cycle is found from its first task only.
      else if (!path.includes(next) && tasks.indexOf(next) > tasks.indexOf(path[0] as TaskInfo)) {
        follow([...path, next])
      }
    }
  }
  for (const task of tasks) follow([task])
  return cycles
}
