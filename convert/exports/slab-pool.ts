// Pieces of memory that are used again: a garbage collector sees too late how large they are.

const slabBytes = 1024 * 1024

/** Gives pieces of memory. */
export interface SlabPool {
  /** @param bytes that it has at least */
  take(bytes: number): Buffer
  /** What is not needed any more. */
  give(slabs: readonly Buffer[]): void
}

/** @param slabsMax how many are kept */
export function createSlabPool(slabsMax: number): SlabPool {
  const free: Buffer[] = []
  return {
    take(bytes) {
      if (bytes > slabBytes) return Buffer.allocUnsafeSlow(bytes)
      return free.pop() ?? Buffer.allocUnsafeSlow(slabBytes)
    },
    give(slabs) {
      for (const slab of slabs) {
        if (slab.length === slabBytes && free.length < slabsMax) free.push(slab)
      }
    },
  }
}
