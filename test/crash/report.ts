import type { RunResult } from './run.ts'

const faultsShown = 20
const endingsShown = 12

/** A run's result for people. */
export function sayResult(result: RunResult | void): {
  readonly lines: readonly string[]
  readonly isGood: boolean
} {
  if (result === undefined) return { lines: [], isGood: false }
  const { verdict, otherFaults } = result
  const { faults } = verdict
  const kinds = new Map<string, number>()
  for (const { kind, table } of faults) {
    const name = `${kind} ${table}`
    kinds.set(name, (kinds.get(name) ?? 0) + 1)
  }
  const isGood = faults.length === 0 && otherFaults.length === 0
  return {
    isGood,
    lines: [
      `${verdict.requests} requests: ${verdict.acknowledged} acknowledged with ${verdict.acknowledgedItems} items (${verdict.retried} after retries), ${verdict.unacknowledged} not (${verdict.storedUnacknowledged} of them stored, at most once)`,
      `tries: ${[...verdict.attempts]
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, endingsShown)
        .map(([how, count]) => `${count} ${how}`)
        .join('; ')}`,
      ...faults.slice(0, faultsShown).map(({ kind, text }) => `${kind.toUpperCase()} ${text}`),
      ...(faults.length > faultsShown ? [`… ${faults.length} faults in all`] : []),
      ...[...kinds].map(([name, count]) => `${count} requests ${name}`),
      ...otherFaults.map((fault) => `FAULT ${fault}`),
      isGood ? 'Exactly once.' : 'NOT exactly once.',
    ],
  }
}
