/** A shared allowance of bytes: what would exceed it is refused, so that many large requests cannot add up. */
export interface ByteBudget {
  /** Takes `bytes`, or nothing and returns false where they do not fit. */
  reserve(bytes: number): boolean
  release(bytes: number): void
  readonly usedBytes: number
}

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
