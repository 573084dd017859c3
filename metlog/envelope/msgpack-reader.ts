// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), read. The bytes come from
// outside: lengths are checked against what is left before anything is made for them.

const nestingMax = 64

/** The bytes are not MessagePack. */
export class MessagePackError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MessagePackError'
  }
}

/**
 * Reads one value, which takes all of the bytes. Integers beyond 2^53 become `bigint`, keys of maps
 * become texts; of two equal keys the last counts.
 *
 * @throws MessagePackError
 */
export function fromMessagePack(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  reader.end()
  return value
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) this.#wrong(`${left} bytes follow the value`)
  }

  value(depth: number): unknown {
    if (depth > nestingMax) this.#wrong(`it is nested more than ${nestingMax} deep`)
    const type = this.#unsigned(1)
    if (type < 0x80) return type
    if (type >= 0xe0) return type - 256
    if (type < 0x90) return this.#map(type & 15, depth)
    if (type < 0xa0) return this.#array(type & 15, depth)
    if (type < 0xc0) return this.#text(type & 31)
    return this.#wide(type, depth)
  }

  #wide(type: number, depth: number): unknown {
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return Buffer.from(this.#take(this.#unsigned(2 ** (type - 0xc4))))
      case 0xca:
        return this.#take(4).readFloatBE()
      case 0xcb:
        return this.#take(8).readDoubleBE()
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(2 ** (type - 0xcc))
      case 0xcf:
        return narrow(this.#take(8).readBigUInt64BE())
      case 0xd0:
      case 0xd1:
      case 0xd2: {
        const width = 2 ** (type - 0xd0)
        return this.#take(width).readIntBE(0, width)
      }
      case 0xd3:
        return narrow(this.#take(8).readBigInt64BE())
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(2 ** (type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 ** (type - 0xdb)), depth)
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 ** (type - 0xdd)), depth)
      default:
        return this.#wrong(`type 0x${type.toString(16)} is not among those that messages have`)
    }
  }

  #array(count: number, depth: number): unknown[] {
    this.#mustHave(count)
    const values: unknown[] = []
    for (let index = 0; index < count; index++) values.push(this.value(depth + 1))
    return values
  }

  #map(count: number, depth: number): Record<string, unknown> {
    this.#mustHave(count * 2)
    const entries: [string, unknown][] = []
    for (let index = 0; index < count; index++) {
      const key = this.value(depth + 1)
      entries.push([this.#key(key), this.value(depth + 1)])
    }
    // Defines own properties, whatever the keys are called.
    return Object.fromEntries(entries)
  }

  #key(key: unknown): string {
    if (typeof key === 'string') return key
    if (typeof key === 'number' || typeof key === 'bigint') return `${key}`
    return Buffer.isBuffer(key) ? key.toString('utf8') : this.#wrong('a key is not a text')
  }

  #text(length: number): string {
    return this.#take(length).toString('utf8')
  }

  #unsigned(width: number): number {
    return this.#take(width).readUIntBE(0, width)
  }

  #take(length: number): Buffer {
    this.#mustHave(length)
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return taken
  }

  /** Every value takes a byte at least: so a false length cannot ask for memory. */
  #mustHave(bytes: number): void {
    const left = this.#bytes.length - this.#at
    if (bytes > left) this.#wrong(`${bytes} bytes are announced, ${left} are left`)
  }

  #wrong(what: string): never {
    throw new MessagePackError(`Malformed MessagePack at byte ${this.#at}: ${what}`)
  }
}

function narrow(value: bigint): number | bigint {
  const isSafe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER
  return isSafe ? Number(value) : value
}
