// Whole numbers of 64 bits.
import { Cell } from '../file/cell.ts'
import type { RecordSpec } from '../format/record.ts'
import { type FieldPlan, type FieldSettings, planOf } from './field.ts'

/** A number that counts up, modulo 2^64. */
export interface Counter {
  readonly [planOf]: FieldPlan
  /** The count. It can be set, as after a restart that knows the last one. */
  get value(): bigint
  set value(value: bigint | number)
  /** Adds 1, or an amount; below zero it wraps to 2^64, as the original's does. */
  increment(amount?: number | bigint): void
  /** The original's name of `increment`. */
  incr(amount?: number | bigint): void
}

/** A 64-bit whole number that can be set. */
export interface Uint64Field {
  readonly [planOf]: FieldPlan
  get value(): bigint
  set value(value: bigint | number)
}

const int32Max = 0x7fffffff

class Uint64Cell implements Counter {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell

  constructor(label: string | undefined, spec: RecordSpec) {
    this.#cell = new Cell(8, true)
    this[planOf] = { label, spec, cell: this.#cell }
  }

  get value(): bigint {
    return this.#cell.view.getBigUint64(this.#cell.current(), true)
  }

  set value(value: bigint | number) {
    this.#cell.setBig(BigInt(value))
  }

  increment(amount: number | bigint = 1): void {
    if (typeof amount === 'number' && amount >= 0 && amount <= int32Max && amount % 1 === 0) {
      this.#cell.addSmall(amount)
    } else {
      this.#cell.setBig(this.value + BigInt(amount))
    }
  }

  incr(amount: number | bigint = 1): void {
    this.increment(amount)
  }
}

/**
 * A counter.
 *
 * @param settings - its label
 * @returns the counter, at 0
 * @example
 * ```ts
 * import { counter, createStats } from '@wayward/mmstats'
 *
 * const stats = createStats({ requests: counter() })
 * stats.requests.increment()
 * console.log(stats.requests.value) // 1n
 * stats.remove()
 * ```
 */
export function counter(settings: FieldSettings = {}): Counter {
  return new Uint64Cell(settings.label, {
    type: 'Q',
    isBuffered: true,
    dataType: 'counter',
    metric: 'counter',
  })
}

/** A 64-bit whole number, such as bytes in use. */
export function uint64(settings: FieldSettings = {}): Uint64Field {
  return new Uint64Cell(settings.label, {
    type: 'Q',
    isBuffered: true,
    dataType: 'uint64',
    metric: 'gauge',
  })
}
