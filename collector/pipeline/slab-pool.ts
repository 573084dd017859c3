// Memory for batches that are read back from the journal. A replay reads hundreds of megabytes per
// second; left to the garbage collector, which sees only small objects with large buffers behind
// them, that would be most of the memory.
import type { Time, Timer } from '@wayward/base'

/** Memory for one batch at a time; what is not given back is left to the garbage collector. */
export interface Slab {
  /** A part of the slab that no other call gets. */
  allocate(bytes: number): Uint8Array
}

export interface SlabPool {
  take(): Slab
  /** Whoever gives a slab back reads and writes it no more, and nobody else does on its behalf. */
  give(slab: Slab): void
}

/** Where memory that nobody has asked for is let go. */
const idleAfterMs = 5_000
/** Two tables may be read at a time. */
const freeMax = 2

/** @param slabBytes the largest batch; what does not fit is allocated apart */
export function createSlabPool(slabBytes: number, time: Time): SlabPool {
  const free: PooledSlab[] = []
  let timer: Timer | undefined

  return {
    take() {
      timer?.cancel()
      return free.pop() ?? new PooledSlab(slabBytes)
    },
    give(slab) {
      if (slab instanceof PooledSlab && slab.isUsed && free.length < freeMax) {
        slab.clear()
        free.push(slab)
      }
      timer?.cancel()
      timer = time
        .after(idleAfterMs, () => {
          free.length = 0
        })
        .unref()
    },
  }
}

class PooledSlab implements Slab {
  readonly #slabBytes: number
  #memory: Buffer | undefined
  #end = 0

  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes
  }

  /** Most batches are still in memory, and never need any. */
  get isUsed(): boolean {
    return this.#memory !== undefined
  }

  allocate(bytes: number): Uint8Array {
    if (this.#end + bytes > this.#slabBytes) return Buffer.allocUnsafeSlow(bytes)
    this.#memory ??= Buffer.allocUnsafeSlow(this.#slabBytes)
    const part = this.#memory.subarray(this.#end, this.#end + bytes)
    this.#end += bytes
    return part
  }

  clear(): void {
    this.#end = 0
  }
}
