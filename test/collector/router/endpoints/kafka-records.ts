// Reads what clients of Kafka write: whole numbers of fixed and of varying length, and records.
import { gunzipSync } from 'node:zlib'

export class RecordReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  /** A text, or the empty one where there is none. */
  text(): string {
    const length = this.int16()
    return length < 0 ? '' : this.bytes(length).toString()
  }

  bytes(length: number): Buffer {
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Zigzag, seven bits at a time. */
  varint(): number {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n))
    }
  }

  records(count: number, compression: number): { readonly key: string; readonly value: string }[] {
    const rest = this.#bytes.subarray(this.#at)
    const reader = compression === 1 ? new RecordReader(gunzipSync(rest)) : this
    return Array.from({ length: count }, () => {
      reader.varint()
      reader.bytes(1)
      reader.varint()
      reader.varint()
      const key = reader.bytes(reader.varint()).toString()
      const value = reader.bytes(reader.varint()).toString()
      reader.varint()
      return { key, value }
    })
  }
}

/** The checksum of Castagnoli, bit by bit. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
