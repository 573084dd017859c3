import { fixed32 } from '@wayward/otlp'

/** A number that is a double or an integer on the wire and a double in the table, as its bits. */
export class NumberCell {
  isSet = false
  low = 0
  high = 0
  readonly #double = new Float64Array(1)
  readonly #bits = new Uint32Array(this.#double.buffer)

  clear(): void {
    this.isSet = false
    this.low = this.high = 0
  }

  /** Reads the 8 bytes of a double. */
  readDouble(source: Uint8Array, p: number): void {
    this.isSet = true
    this.low = fixed32(source, p)
    this.high = fixed32(source, p + 4)
  }

  /** Reads the 8 bytes of an integer with a sign; beyond 2^53 it becomes the nearest double. */
  readInteger(source: Uint8Array, p: number): void {
    this.isSet = true
    // The product is exact, so that only the sum is rounded.
    this.#double[0] = (fixed32(source, p + 4) | 0) * 0x100000000 + fixed32(source, p)
    this.low = this.#bits[0] as number
    this.high = this.#bits[1] as number
  }
}
