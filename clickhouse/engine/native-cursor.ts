/** The answer is not what the Native format says: this code or the engine is wrong. */
export class NativeFormatError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NativeFormatError'
  }
}

/** Reads along bytes in the Native format without copying them. */
export class NativeCursor {
  readonly bytes: Buffer
  position = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.position >= this.bytes.length
  }

  /** @throws NativeFormatError where the bytes end before */
  skip(count: number): void {
    // Not `>`: what is no number is refused, too.
    if (!(this.position + count <= this.bytes.length)) {
      throw new NativeFormatError(
        `${count} bytes are wanted at ${this.position} of ${this.bytes.length}`,
      )
    }
    this.position += count
  }

  varuint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.uint8()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new NativeFormatError(`A number before ${this.position} has too many bytes`)
  }

  uint8(): number {
    const at = this.position
    this.skip(1)
    return this.bytes[at] ?? 0
  }

  /** Of a UInt64; a value above 2^53 could be no count here, and is not exact. */
  uint64(): number {
    const at = this.position
    this.skip(8)
    return this.bytes.readUInt32LE(at) + this.bytes.readUInt32LE(at + 4) * 2 ** 32
  }

  text(): string {
    const length = this.varuint()
    const at = this.position
    this.skip(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  /** Hot: once for every string of an answer, 5 to 10 ns each. */
  skipTexts(count: number): void {
    const { bytes } = this
    const end = bytes.length
    let at = this.position
    for (let i = 0; i < count; i += 1) {
      let byte = bytes[at++] ?? 0
      let length = byte & 127
      for (let scale = 128; byte > 127; scale *= 128) {
        byte = bytes[at++] ?? 0
        length += (byte & 127) * scale
      }
      at += length
      if (at > end) throw new NativeFormatError(`A text of ${length} bytes ends behind the answer`)
    }
    this.position = at
  }
}
