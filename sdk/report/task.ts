// Which asynchronous task does what. docs/decisions/0006-task-identity.md says why it is done this
// way.
//
//   A *task* is one flow of asynchronous code. An AsyncLocalStorage carries a *point*: the place
//   that the flow had reached when it last asked for something. Each ask leaves a new point behind,
//   which goes along with every `await` after it. So a flow that asks with a point that another
//   flow has used already, or twice without an `await` in between, has split off, and becomes a
//   task of its own, if the task has something open that a single flow could not have.
import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks'
import { small } from '../process/clock.ts'

/** A lock that is held, as it is known by what is asked for meanwhile. */
export interface HeldLock {
  readonly lockId: string
  /** The lock's name, of which there are few. */
  readonly lockClass: string
  readonly lockType: string
  readonly isShared: boolean
  /** Where it was asked for, see call-sites.ts. */
  readonly site: string
}

/** A lock held by a task, as far as task identity needs to know it. */
export interface TaskHold extends HeldLock {
  /** When the hold was granted, in the order of `Tasks`. */
  readonly order: number
  /** The order of the point that asked for it. */
  readonly pointOrder: number
  readonly isReleased: boolean
  /** `wayward.event.sequence`. */
  readonly sequence: number
  /** Its task has ended, and it is still held. */
  outlived(): void
}

/** One flow of asynchronous code. */
export interface Task {
  readonly number: number
  /** The number as text. */
  readonly id: string
  readonly name: string | undefined
  /** The task that it split off from, in the end: what has the same may be one flow after all. */
  readonly root: number
  /** Number of lock requests that wait. */
  waiting: number
  /** Changed by `addHold` and `removeHold` only; the empty list is shared by all. */
  holds: readonly TaskHold[]
  /** Of more holds than are reported: the classes, the one taken last at the end. */
  classes: Map<string, ClassHolds> | undefined
  /** What the flow that it came from held at that moment, the latest of it. */
  readonly inherited: readonly TaskHold[]
  /** What `held` gives until a hold is granted or released. */
  heldBefore: HeldLocks | undefined
}

interface ClassHolds {
  count: number
  latest: TaskHold
}

/**
 * The locks that a task holds, as they are reported: shared by all that is asked for meanwhile.
 */
export interface HeldLocks {
  /** All, or where there are more than `heldToldMax`, so many, of each class the one taken last. */
  readonly ids: readonly string[]
  readonly locks: readonly HeldLock[]
  /** All that are held. */
  readonly count: number
  /** The emitter's own: the ids as it writes them. */
  numbers?: readonly number[]
}

/** How many locks a request names at most of those that its task holds. */
export const heldToldMax = 32
/** How many holds go on to tasks that split off. */
const inheritedMax = 64

/** The place that a flow had reached when it last asked for something. */
export interface Point {
  readonly task: Task
  readonly order: number
  /** The synchronous stretch of code that it was made in. */
  readonly segment: number
  isUsed: boolean
  /**
   * The task and point that the segment came with; what a second flow of the same segment splits
   * from.
   */
  readonly originTask: Task | undefined
  readonly originOrder: number
}

export interface Tasks {
  /** The task of a request that is being made now; the caller's flow goes on as this task. */
  ask(): Point
  /**
   * The task of what is being done now; makes one where there is none, without changing the flow.
   */
  current(): Task
  /**
   * A new task, of the caller's flow. It inherits what the caller holds if it `isPart` of what it
   * does.
   */
  create(name: string | undefined, isPart?: boolean): Task
  /** Runs `fn` as `task`. */
  enter<T>(task: Task, fn: () => T): T
  /** The locks that a task holds, its own and those of the flow that it came from. */
  held(task: Task): HeldLocks
  nextOrder(): number
}

const noHolds: readonly TaskHold[] = []

/**
 * @param nextTaskId gives numbers that are unique within the process.
 */
export function createTasks(nextTaskId: () => number): Tasks {
  const storage = new AsyncLocalStorage<Point>()
  // Only with a storage in use does Node number its promises, and `executionAsyncId()` mean
  // something.
  storage.run(undefined as never, () => undefined)
  const currentSegment = createSegments()
  let order = 0
  let rootTask: Task | undefined

  const create = (from: Task | undefined, fromOrder: number, root = from?.root): Task =>
    splitOff(nextTaskId(), from, fromOrder, root)

  function createPoint(task: Task, segment: number, origin: Task | undefined, at: number): Point {
    return {
      task,
      order: ++order,
      segment,
      isUsed: false,
      originTask: origin,
      originOrder: at,
    }
  }

  return {
    nextOrder: () => ++order,
    held,
    ask() {
      const point = storage.getStore()
      const segment = currentSegment()
      let next: Point
      if (point === undefined) {
        next = createPoint(create(undefined, 0), segment, undefined, 0)
      } else if (point.segment === segment) {
        const { originTask, originOrder } = point
        next = createPoint(
          create(originTask, originOrder, point.task.root),
          segment,
          originTask,
          originOrder,
        )
      } else {
        const task = hasSplit(point) ? create(point.task, point.order) : point.task
        next = createPoint(task, segment, point.task, point.order)
        point.isUsed = true
      }
      storage.enterWith(next)
      return next
    },
    current() {
      const point = storage.getStore()
      if (point !== undefined) return point.task
      rootTask ??= create(undefined, 0)
      return rootTask
    },
    create(name, isPart = false) {
      const point = isPart ? storage.getStore() : undefined
      const inherited = point === undefined ? noHolds : inherit(point.task, point.order)
      const number = nextTaskId()
      return new FlowTask(number, name, inherited, number)
    },
    enter(task, fn) {
      // No segment: the first ask inside is this task's, wherever it is made.
      return storage.run(createPoint(task, -1, task, order), fn)
    },
  }
}

/** A task of a flow that was, up to `fromOrder`, that of another task. */
function splitOff(number: number, from: Task | undefined, fromOrder: number, root = number): Task {
  const inherited = from === undefined ? noHolds : inherit(from, fromOrder)
  return new FlowTask(number, undefined, inherited, root)
}

/** There may be a hundred thousand of these, one for each request that waits: small, no text. */
class FlowTask implements Task {
  readonly number: number
  waiting = 0
  holds: readonly TaskHold[] = noHolds
  classes: Map<string, ClassHolds> | undefined = undefined
  heldBefore: HeldLocks | undefined = undefined
  readonly name: string | undefined
  readonly inherited: readonly TaskHold[]
  readonly root: number

  constructor(
    number: number,
    name: string | undefined,
    inherited: readonly TaskHold[],
    root: number,
  ) {
    this.number = number
    this.root = root
    this.name = name
    this.inherited = inherited
  }

  get id(): string {
    return String(this.number)
  }
}

/**
 * Numbers for synchronous stretches of code. Up to Node 22 the id of what is executing is one. From
 * Node 24 on promises have no such ids any more (AsyncContextFrame); there a microtask, which runs
 * before any continuation of what is asked for now, ends the stretch.
 */
function createSegments(): () => number {
  if ('_propagate' in AsyncLocalStorage.prototype) return () => small(executionAsyncId())
  let segment = 0
  let isOpen = false
  const close = (): void => {
    isOpen = false
  }
  return () => {
    if (!isOpen) {
      isOpen = true
      segment++
      queueMicrotask(close)
    }
    return segment
  }
}

/** Whether the flow at `point` cannot be the one that did what its task has open. */
function hasSplit(point: Point): boolean {
  const { task } = point
  if (task.waiting > 0) return true
  if (!point.isUsed) return false
  return task.holds.some((hold) => hold.order > point.order && hold.pointOrder !== point.order)
}

/** A hold of the task begins. */
export function addHold(task: Task, hold: TaskHold): void {
  const holds = task.holds as TaskHold[]
  if (holds.length === 0) task.holds = [hold]
  else holds.push(hold)
  task.heldBefore = undefined
  if (task.classes !== undefined) noteClass(task.classes, hold)
  else if (task.holds.length > heldToldMax) {
    task.classes = new Map()
    for (const held of task.holds) noteClass(task.classes, held)
  }
}

/** It ends, or is followed no more. */
export function removeHold(task: Task, hold: TaskHold): void {
  const { holds } = task
  task.heldBefore = undefined
  if (holds.length === 1 && holds[0] === hold) {
    task.holds = noHolds
    return
  }
  const index = holds.lastIndexOf(hold)
  if (index === -1) return
  ;(holds as TaskHold[]).splice(index, 1)
  if (task.holds.length <= heldToldMax) task.classes = undefined
  const known = task.classes?.get(hold.lockClass)
  if (known === undefined) return
  if (--known.count === 0) task.classes?.delete(hold.lockClass)
  else if (known.latest === hold) {
    known.latest = holds.findLast(({ lockClass }) => lockClass === hold.lockClass) ?? hold
  }
}

function noteClass(classes: Map<string, ClassHolds>, hold: TaskHold): void {
  const count = (classes.get(hold.lockClass)?.count ?? 0) + 1
  // Deleted first, so that it goes to the end.
  classes.delete(hold.lockClass)
  classes.set(hold.lockClass, { count, latest: hold })
}

/** All holds of a task, or of more than are reported the latest of each class; the oldest first. */
export function toldHolds({ holds, classes }: Task): readonly TaskHold[] {
  if (classes === undefined) return holds
  return Array.from(classes.values(), ({ latest }) => latest).slice(-heldToldMax)
}

function inherit(task: Task, order: number): readonly TaskHold[] {
  if (task.holds.length + task.inherited.length === 0) return noHolds
  const own = toldHolds(task).filter((hold) => hold.order < order || hold.pointOrder === order)
  const inherited = task.inherited.filter((hold) => !hold.isReleased)
  if (own.length + inherited.length === 0) return noHolds
  return [...inherited, ...own].slice(-inheritedMax)
}

const nothingHeld: HeldLocks = { ids: [], locks: [], count: 0 }

function held(task: Task): HeldLocks {
  const { holds, inherited } = task
  if (holds.length + inherited.length === 0) return nothingHeld
  // What was inherited is released elsewhere.
  if (inherited.length === 0 && task.heldBefore !== undefined) return task.heldBefore
  const seen = inherited.filter((hold) => !hold.isReleased)
  const found = toldOf([...seen, ...toldHolds(task)], seen.length + holds.length)
  task.heldBefore = found
  return found
}

/** @param holds the oldest first */
function toldOf(holds: readonly TaskHold[], count: number): HeldLocks {
  if (holds.length <= heldToldMax) return toHeld(holds, count)
  const classes = new Set<string>()
  const told: TaskHold[] = []
  for (let index = holds.length - 1; index >= 0 && told.length < heldToldMax; index--) {
    const hold = holds[index] as TaskHold
    if (classes.has(hold.lockClass)) continue
    classes.add(hold.lockClass)
    told.push(hold)
  }
  return toHeld(told.toReversed(), count)
}

/** Not the holds themselves: each would keep all that was held before it. */
function toHeld(holds: readonly TaskHold[], count: number): HeldLocks {
  const locks = holds.map(({ lockId, lockClass, lockType, isShared, site }) => ({
    lockId,
    lockClass,
    lockType,
    isShared,
    site,
  }))
  return { ids: locks.map(({ lockId }) => lockId), locks, count }
}
