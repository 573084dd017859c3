// Which class of locks was asked for while which was held. Nothing of it is thinned: each pair is
// told when it is first seen, and counted from then on.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api'
import { WAYWARD_LOCK_MODE_VALUE_SHARED } from '@wayward/semconv'
import type { Emitter } from '../emit/emitter.ts'
import type { Clock } from '../process/clock.ts'
import type { ProcessState } from '../process/process-state.ts'
import type { LockHoldOperation, LockOrder, LockWaitOperation } from './operation.ts'
import type { HeldLock } from './task.ts'

/** Pairs of a thread. */
const pairsMax = 10_000
/** How often the count of a pair is told. */
export const tellSeconds = 10
/** Classes that were held besides, of which a pair names at most so many. */
const gatesMax = 8

type Ask = LockHoldOperation | LockWaitOperation

/** What telling takes. */
export interface Teller {
  readonly emitter: Emitter
  readonly clock: Clock
  readonly process: ProcessState
}

/** The pairs of a thread. */
export class LockOrders {
  /** By the class that was held, then by the one that was asked for. */
  readonly #pairs = new Map<string, Map<string, LockOrder>>()
  #count = 0

  /** Something was asked for while others were held. */
  note(teller: Teller, ask: Ask): void {
    for (const held of ask.held.locks) {
      // What is asked for again by its holder is no order.
      if (held.lockId === ask.lock.id) continue
      const order = this.#orderOf(held, ask)
      if (order === undefined) continue
      count(order, held, ask)
      const isDue = ask.startSeconds - order.toldSeconds >= tellSeconds
      if (order.toldCount > 0 && !isDue) continue
      tell(teller, order, ask.parent)
      // Whoever says the times himself may be ahead of the clock.
      if (ask.startSeconds > order.toldSeconds) order.toldSeconds = ask.startSeconds
    }
  }

  /** Tells the counts that were not told for long, or at the end all. */
  tellRest(teller: Teller, isEnd: boolean): void {
    const { seconds } = teller.clock.read()
    for (const ofHeld of this.#pairs.values()) {
      for (const order of ofHeld.values()) {
        if (order.count === order.toldCount) continue
        if (isEnd || seconds - order.toldSeconds >= tellSeconds) tell(teller, order, ROOT_CONTEXT)
      }
    }
  }

  #orderOf({ lockClass, lockType }: HeldLock, ask: Ask): LockOrder | undefined {
    const { name, type } = ask.lock
    let ofHeld = this.#pairs.get(lockClass)
    const known = ofHeld?.get(name)
    if (known !== undefined) return known
    // The names of classes are few; where they are not, the first pairs are told.
    if (this.#count >= pairsMax) return undefined
    if (ofHeld === undefined) this.#pairs.set(lockClass, (ofHeld = new Map()))
    this.#count++
    const order: LockOrder = {
      held: lockClass,
      heldType: lockType,
      asked: name,
      askedType: type,
      count: 0,
      toldCount: 0,
      toldSeconds: 0,
      gates: ask.held.locks
        .map((held) => held.lockClass)
        .filter((gate) => gate !== lockClass && gate !== name)
        .slice(-gatesMax),
      firstTask: 0,
      otherTask: 0,
      isHeldAlone: false,
      isAskedAlone: false,
      heldSite: '',
      askedSite: '',
    }
    ofHeld.set(name, order)
    return order
  }
}

function count(order: LockOrder, held: HeldLock, ask: Ask): void {
  order.count++
  if (order.gates.length > 0) {
    const { locks } = ask.held
    order.gates = order.gates.filter((gate) => locks.some(({ lockClass }) => lockClass === gate))
  }
  const task = ask.taskNumber
  if (order.firstTask === 0) order.firstTask = task
  else if (order.otherTask === 0 && order.firstTask !== task) order.otherTask = task
  if (!held.isShared) order.isHeldAlone = true
  if (ask.mode !== WAYWARD_LOCK_MODE_VALUE_SHARED) order.isAskedAlone = true
  if (held.site !== '') order.heldSite = held.site
  if (ask.site !== '') order.askedSite = ask.site
}

function tell({ clock, emitter, process }: Teller, order: LockOrder, context: Context): void {
  const { seconds, ns } = clock.read()
  const sequence = process.nextSequence()
  const times = order.count - order.toldCount
  emitter.event({ kind: 'lock_order', seconds, ns, sequence, order, times, context })
  order.toldSeconds = seconds
  order.toldCount = order.count
}
