// What is done with locks that locks are not made for. The first of a kind is told at once, the
// rest is counted, as a mistake in a loop is the same mistake.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api'
import { type Door, takeSite } from './call-sites.ts'
import { type Teller, tellSeconds } from './lock-orders.ts'
import type { LockMisuse, LockSubject, MisuseFacts } from './operation.ts'

/** Rules and classes of a thread. */
const kindsMax = 1000

/** One that was seen. */
interface SeenMisuse {
  /** `wayward.lock.misuse.rule`. */
  readonly rule: string
  readonly lock: Pick<LockSubject, 'id' | 'name' | 'type'>
  /** Whose hold or request it is; 0 for nobody known. */
  readonly ownerTask: number
  /** Who did it; 0 where nobody did anything. */
  readonly actorTask: number
  /** Where the lock was asked for; empty where that was not looked at. */
  readonly askedSite: string
  /** What the application called, where it called something. */
  readonly door?: Door
  readonly context?: Context
}

/** Those of a thread. */
export class LockMisuses {
  readonly #kinds = new Map<string, LockMisuse>()

  note(teller: Teller, seen: SeenMisuse): void {
    const { rule, lock, door, context = ROOT_CONTEXT } = seen
    const key = `${rule} ${lock.name}`
    let misuse = this.#kinds.get(key)
    if (misuse === undefined) {
      // The names of classes are few; where they are not, the first are told.
      if (this.#kinds.size >= kindsMax) return
      misuse = { ...factsOf(seen), count: 0, toldCount: 0, toldSeconds: 0 }
      this.#kinds.set(key, misuse)
    }
    misuse.count++
    const { seconds } = teller.clock.read()
    if (misuse.toldCount > 0 && seconds - misuse.toldSeconds < tellSeconds) return
    Object.assign(misuse, factsOf(seen))
    misuse.site = door === undefined ? '' : takeSite(door)
    tell(teller, misuse, context)
  }

  /** Tells the counts that were not told for long, or at the end all. */
  tellRest(teller: Teller, isEnd: boolean): void {
    const { seconds } = teller.clock.read()
    for (const misuse of this.#kinds.values()) {
      if (misuse.count === misuse.toldCount) continue
      if (isEnd || seconds - misuse.toldSeconds >= tellSeconds) tell(teller, misuse, ROOT_CONTEXT)
    }
  }
}

/** Not the lock itself, which may be gone. */
function factsOf({ rule, lock, ownerTask, actorTask, askedSite }: SeenMisuse): MisuseFacts {
  const { id, name, type } = lock
  return {
    rule,
    lockId: id,
    lockName: name,
    lockType: type,
    ownerTask,
    actorTask,
    askedSite,
    site: '',
  }
}

function tell({ clock, emitter, process }: Teller, misuse: LockMisuse, context: Context): void {
  const { seconds, ns } = clock.read()
  const sequence = process.nextSequence()
  const times = misuse.count - misuse.toldCount
  emitter.event({ kind: 'lock_misuse', seconds, ns, sequence, misuse, times, context })
  misuse.toldSeconds = seconds
  misuse.toldCount = misuse.count
}
