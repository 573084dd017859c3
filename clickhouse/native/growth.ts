// How the buffers of columns grow and shrink. Doubling makes appending cheap; a buffer far larger
// than what the last block needed is given back, so one giant block does not cost memory for ever.

const shrinkFactor = 4

/** A larger buffer with the same first `used` bytes and room for `room` more. */
export function grown(buffer: Uint8Array, used: number, room: number): Uint8Array {
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, used + room))
  const bytes = new Uint8Array(larger.buffer)
  bytes.set(buffer.subarray(0, used))
  return bytes
}

/** A larger array with the same first `used` numbers. */
export function grownWords(words: Uint32Array, used: number, room: number): Uint32Array {
  const larger = new Uint32Array(Math.max(words.length * 2, used + room))
  larger.set(words.subarray(0, used))
  return larger
}

/**
 * How large a buffer of `capacity` should be for the next block, after a block that used `used`.
 */
export function capacityAfter(capacity: number, used: number, least: number): number {
  return capacity > shrinkFactor * Math.max(used, least) ? Math.max(used * 2, least) : capacity
}
