// Hundreds of thousands of digests, outside of V8's heap: 20 bytes each and an index of their
// places, instead of a Map entry with a text. They lie one after another, so that the journal can
// write them down without looking at each.

/** Bytes of a SHA-1. */
export const digestByteLength = 20

export interface DigestSet {
  /** @param digests one, or several one after another */
  add(digests: Uint8Array): void
  has(digest: Uint8Array): boolean
  readonly size: number
  /**
   * All of them one after another, in the order in which they came. The caller must copy what it
   * keeps.
   */
  packed(): Uint8Array
}

export function createDigestSet(): DigestSet {
  return new PackedDigests()
}

const sizeFirst = 1_024
/**
 * A digest's place is looked for from its first bytes on; half of the index is empty, so it is
 * found soon.
 */
const slotsPerDigest = 2

class PackedDigests implements DigestSet {
  #bytes = new Uint8Array(sizeFirst * digestByteLength)
  /** Place + 1 of a digest; 0 where there is none. */
  #slots = new Uint32Array(sizeFirst * slotsPerDigest)
  size = 0

  add(digests: Uint8Array): void {
    for (let at = 0; at + digestByteLength <= digests.byteLength; at += digestByteLength) {
      this.#addOne(digests, at)
    }
  }

  has(digest: Uint8Array): boolean {
    return this.#slots[this.#slotOf(digest, 0)] !== 0
  }

  packed(): Uint8Array {
    return this.#bytes.subarray(0, this.size * digestByteLength)
  }

  #addOne(from: Uint8Array, start: number): void {
    const slot = this.#slotOf(from, start)
    if (this.#slots[slot] !== 0) return
    const at = this.size * digestByteLength
    this.#bytes.set(from.subarray(start, start + digestByteLength), at)
    this.size++
    this.#slots[slot] = this.size
    if (this.size * digestByteLength === this.#bytes.byteLength) this.#grow()
  }

  /** Where the digest is in the index, or where it would be. */
  #slotOf(from: Uint8Array, start: number): number {
    const mask = this.#slots.length - 1
    let slot = hashAt(from, start) & mask
    for (;;) {
      const place = this.#slots[slot] ?? 0
      if (place === 0 || this.#isAt((place - 1) * digestByteLength, from, start)) return slot
      slot = (slot + 1) & mask
    }
  }

  #isAt(at: number, from: Uint8Array, start: number): boolean {
    for (let index = 0; index < digestByteLength; index++) {
      if (this.#bytes[at + index] !== from[start + index]) return false
    }
    return true
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.byteLength * 2)
    bytes.set(this.#bytes)
    this.#bytes = bytes
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let place = 1; place <= this.size; place++) {
      this.#slots[this.#slotOf(bytes, (place - 1) * digestByteLength)] = place
    }
  }
}

/** A digest is random everywhere; any four bytes are a hash. */
function hashAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at + 4] ?? 0) |
      ((bytes[at + 5] ?? 0) << 8) |
      ((bytes[at + 6] ?? 0) << 16) |
      ((bytes[at + 7] ?? 0) << 24)) >>>
    0
  )
}
