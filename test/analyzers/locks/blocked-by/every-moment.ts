// Holds and waits by dice, and who is charged for the waiting: slow, and plain to see.
import { createDice } from '../../../harness/simulator/dice.ts'
import { type RecordedProcess, toRows } from '../../../harness/recording.ts'

interface Use {
  readonly kind: 'lock_hold' | 'lock_wait'
  readonly lock: string
  readonly task: string
  /** Milliseconds. */
  readonly from: number
  readonly till: number
}

const locks = { m: 'mutex', s: 'semaphore', w: 'rwlock' } as const

/** Sixty holds and sixty waits, many at the same times. Mutexes are never held by two. */
export function randomUse(seed: number): { readonly spans: object[]; readonly use: Use[] } {
  const dice = createDice(seed)
  const use: Use[] = []
  const freeAt = { m: 0, s: 0, w: 0 }
  for (let i = 0; i < 120; i++) {
    const lock = (['m', 's', 'w'] as const)[dice.below(3)] ?? 'm'
    const kind = i % 2 === 0 ? 'lock_hold' : 'lock_wait'
    const from = kind === 'lock_hold' && lock === 'm' ? freeAt.m + dice.below(4) : dice.below(200)
    const till = from + dice.below(30)
    if (kind === 'lock_hold') freeAt[lock] = till
    use.push({ kind, lock, task: `t${dice.below(5)}`, from, till })
  }
  const process: RecordedProcess = {
    resource: { 'service.name': 'shop', 'wayward.session.id': 's1' },
    spans: use.map(({ kind, lock, task, from, till }, index) => ({
      kind,
      at: from,
      for: till - from,
      sequence: index + 1,
      attributes: {
        'wayward.lock.name': lock,
        'wayward.lock.id': lock,
        'wayward.lock.type': locks[lock as keyof typeof locks],
        'wayward.lock.wait.result': 'granted',
        'wayward.task.id': task,
        'wayward.task.name': task,
      },
    })),
  }
  return { spans: [...toRows([process]).traces], use }
}

/** Nanoseconds by lock and holder. Between two whole milliseconds nothing changes. */
export function chargesByHolder(use: readonly Use[]): Map<string, number> {
  const charges = new Map<string, number>()
  const end = Math.max(...use.map(({ till }) => till))
  for (let at = 0; at < end; at++) {
    const going = use.filter(({ from, till }) => from <= at && till > at)
    for (const wait of going.filter(({ kind }) => kind === 'lock_wait')) {
      const holders = going.filter(({ kind, lock }) => kind === 'lock_hold' && lock === wait.lock)
      for (const { lock, task } of holders) {
        const key = `${lock} ${task}`
        charges.set(key, (charges.get(key) ?? 0) + 1e6 / holders.length)
      }
    }
  }
  return charges
}
