// When and what is killed. The seed decides everything here; the moments themselves also depend on
// the machine, so a seed repeats a run as far as real processes allow.
import type { Random } from '../collector/decode/random.ts'
import type { KillTarget } from './supervisor.ts'

/**
 * The phase of the service's life in which a kill falls.
 *
 * - `load`: at any moment after it was ready.
 * - `start`: while it starts and replays.
 * - `acknowledgement`: right after a client was answered.
 * - `commit`: while ClickHouse commits a block: when its deduplication log has just changed.
 * - `merge`: while ClickHouse merges parts (or at any moment, if it does not in time).
 * - `shutdown`: after a SIGTERM.
 */
type KillPhase = 'load' | 'start' | 'acknowledgement' | 'commit' | 'merge' | 'shutdown'

export interface Kill {
  readonly number: number
  readonly phase: KillPhase
  readonly target: KillTarget
  /** Milliseconds from the beginning of the phase. */
  readonly delayMs: number
  /** Milliseconds between the two of `both`; negative: the engine first. */
  readonly gapMs: number
}

const gapMsMax = 50

/** The longest delays: what the phases take on a machine of two cores. */
const delayMsMax: Readonly<Record<KillPhase, number>> = {
  load: 2500,
  start: 1500,
  acknowledgement: 20,
  commit: 3,
  merge: 30,
  shutdown: 1200,
}

export function planKills(count: number, random: Random): Kill[] {
  return Array.from({ length: count }, (_, index) => {
    const phase = random.pick([
      'load',
      'load',
      'load',
      'start',
      'start',
      'acknowledgement',
      'commit',
      'commit',
      'merge',
      'shutdown',
    ] as const)
    const target = random.pick(['collector', 'engine', 'both'] as const)
    const delayMs = random.below(delayMsMax[phase])
    const gapMs = random.below(2 * gapMsMax + 1) - gapMsMax
    return { number: index + 1, phase, target, delayMs, gapMs }
  })
}

export function sayKill({ number, phase, target, delayMs, gapMs }: Kill): string {
  const gap = target === 'both' ? `, ${gapMs} ms apart` : ''
  return `kill ${number}: ${target} ${delayMs} ms into ${phase}${gap}`
}
