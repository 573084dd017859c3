import { createRandom, type Random } from '../../collector/decode/random.ts'

/** A seeded source of numbers with the distributions that systems show. */
export interface Dice extends Random {
  /** Evenly from 0 up to but not including 1. */
  fraction(): number
  /** A whole number, evenly from `low` to `high`, both included. */
  between(low: number, high: number): number
  /** Time to the next of events that come at random, with this mean. */
  exponential(mean: number): number
}

export function createDice(seed: number): Dice {
  const random = createRandom(seed)
  const fraction = () => random.below(2 ** 32) / 2 ** 32
  return {
    ...random,
    fraction,
    between: (low, high) => low + Math.floor(fraction() * (high - low + 1)),
    exponential: (mean) => -Math.log(1 - fraction()) * mean,
  }
}
