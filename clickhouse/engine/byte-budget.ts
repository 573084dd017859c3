/** Bytes that all requests may hold together. */
export interface ByteBudget {
  open(): HeldBytes
}

/** What one request holds of them. */
export interface HeldBytes {
  /** @returns false when there are not so many left; then none are taken */
  take(bytes: number): boolean
  release(): void
}

export function createByteBudget(bytesMax: number): ByteBudget {
  let total = 0
  return {
    open() {
      let held = 0
      return {
        take(bytes) {
          if (total + bytes > bytesMax) return false
          total += bytes
          held += bytes
          return true
        },
        release() {
          total -= held
          held = 0
        },
      }
    },
  }
}
