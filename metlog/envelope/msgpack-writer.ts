// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), written: what JSON has, in
// the shortest form of each value.

const nestingMax = 64

/**
 * Writes a value as MessagePack. What JSON leaves out of objects is left out; a `bigint` is written
 * as an integer of 64 bits.
 *
 * @throws TypeError where the value is nested too deep, or refers to itself
 */
export function toMessagePack(value: unknown): Buffer {
  const writer = new Writer()
  writer.value(value, 0)
  return writer.toBuffer()
}

class Writer {
  #buffer = Buffer.allocUnsafe(512)
  #at = 0

  toBuffer(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at))
  }

  value(value: unknown, depth: number): void {
    if (depth > nestingMax) {
      throw new TypeError(`Cannot write a message: it is nested more than ${nestingMax} deep`)
    }
    switch (typeof value) {
      case 'string':
        return this.#string(value)
      case 'number':
        return this.#number(value)
      case 'bigint':
        return this.#bigint(value)
      case 'boolean':
        return this.#byte(value ? 0xc3 : 0xc2)
      case 'object':
        return this.#object(value, depth)
      case 'undefined':
      case 'function':
      case 'symbol':
        break
    }
    this.#byte(0xc0)
  }

  #object(value: object | null, depth: number): void {
    if (value === null) return this.#byte(0xc0)
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (value instanceof Date) return this.#string(value.toISOString())
    if (Array.isArray(value)) {
      this.#head(value.length, { fix: 0x90, fixMax: 15, wide: 0xdc })
      for (const one of value) this.value(one, depth + 1)
      return
    }
    const entries = Object.entries(value).filter(([, one]) => isWritten(one))
    this.#head(entries.length, { fix: 0x80, fixMax: 15, wide: 0xde })
    for (const [key, one] of entries) {
      this.#string(key)
      this.value(one, depth + 1)
    }
  }

  #string(text: string): void {
    const length = Buffer.byteLength(text)
    if (length > 31 && length < 256) {
      this.#byte(0xd9)
      this.#byte(length)
    } else this.#head(length, { fix: 0xa0, fixMax: 31, wide: 0xda })
    this.#reserve(length)
    this.#at += this.#buffer.write(text, this.#at)
  }

  #bytes(bytes: Uint8Array): void {
    if (bytes.length < 256) {
      this.#byte(0xc4)
      this.#byte(bytes.length)
    } else this.#head(bytes.length, { fix: 0, fixMax: -1, wide: 0xc5 })
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** A length: in the type's byte where it fits, or in 16 or 32 bits after it. */
  #head(
    length: number,
    { fix, fixMax, wide }: { readonly fix: number; readonly fixMax: number; readonly wide: number },
  ): void {
    if (length <= fixMax) return this.#byte(fix | length)
    this.#reserve(5)
    if (length < 0x10000) {
      this.#byte(wide)
      this.#at = this.#buffer.writeUInt16BE(length, this.#at)
    } else {
      this.#byte(wide + 1)
      this.#at = this.#buffer.writeUInt32BE(length, this.#at)
    }
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#reserve(9)
      this.#byte(0xcb)
      this.#at = this.#buffer.writeDoubleBE(value, this.#at)
    } else if (value >= 0 && value < 128) this.#byte(value)
    else if (value < 0 && value >= -32) this.#byte(value & 0xff)
    else if (value >= 0 && value < 0x10000) {
      this.#reserve(3)
      this.#byte(0xcd)
      this.#at = this.#buffer.writeUInt16BE(value, this.#at)
    } else if (value >= -0x80000000 && value < 0x80000000) {
      this.#reserve(5)
      this.#byte(0xd2)
      this.#at = this.#buffer.writeInt32BE(value, this.#at)
    } else this.#bigint(BigInt(value))
  }

  #bigint(value: bigint): void {
    this.#reserve(9)
    if (value >= 0n) {
      this.#byte(0xcf)
      this.#at = this.#buffer.writeBigUInt64BE(BigInt.asUintN(64, value), this.#at)
    } else {
      this.#byte(0xd3)
      this.#at = this.#buffer.writeBigInt64BE(BigInt.asIntN(64, value), this.#at)
    }
  }

  #byte(byte: number): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = byte
  }

  #reserve(bytes: number): void {
    const wanted = this.#at + bytes
    if (wanted <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

function isWritten(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}
