/**
 * A shared allowance of bytes: what would exceed it is refused, so that many large requests cannot
 * add up.
 */
export interface ByteBudget {
  /** Takes `bytes`, or nothing and returns false where they do not fit. */
  reserve(bytes: number): boolean
  release(bytes: number): void
  readonly usedBytes: number
}

/**
 * What a chunk takes besides its bytes: a body in chunks of one byte holds a hundred times its
 * length.
 */
const chunkOverheadBytes = 128

/** The memory that a received chunk holds. */
export function heldBytes(chunk: Uint8Array): number {
  return chunk.byteLength + chunkOverheadBytes
}

/** Below this the work for a chunk is more than that for its bytes. */
const smallChunkBytes = 64

/** Whether a body comes in more small chunks than it may. */
export function isCrumbled(chunks: number, bytes: number, smallChunksMax: number): boolean {
  return chunks > smallChunksMax && bytes < chunks * smallChunkBytes
}

/** Creates a budget of which nothing is taken. */
export function createByteBudget(bytesMax: number): ByteBudget {
  let usedBytes = 0
  return {
    reserve(bytes) {
      if (usedBytes + bytes > bytesMax) return false
      usedBytes += bytes
      return true
    },
    release(bytes) {
      usedBytes -= bytes
    },
    get usedBytes() {
      return usedBytes
    },
  }
}

/** What one request holds of a budget, given back together. */
export interface HeldBytes {
  /** Takes `bytes` more, or nothing and returns false where they do not fit. */
  take(bytes: number): boolean
  /** Gives all of them back. */
  release(): void
}

/** Begins to hold bytes of a budget. */
export function holdBytes(budget: ByteBudget): HeldBytes {
  let held = 0
  return {
    take(bytes) {
      const hasRoom = budget.reserve(bytes)
      if (hasRoom) held += bytes
      return hasRoom
    },
    release() {
      budget.release(held)
      held = 0
    },
  }
}
