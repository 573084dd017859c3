/** Protobuf fields as bytes, for requests that no library would write. */
export function varint(value: bigint | number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

export function integerField(number: number, value: bigint | number): Uint8Array {
  return concat([varint(number * 8), varint(value)])
}

export function bytesField(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}

export function fixed64Field(number: number, value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return concat([varint(number * 8 + 1), bytes])
}

export function fixed32Field(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return concat([varint(number * 8 + 5), bytes])
}

export function doubleField(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return concat([varint(number * 8 + 1), bytes])
}

/** A field of 8-byte numbers in one piece. */
export function packedField(number: number, values: readonly Uint8Array[]): Uint8Array {
  return bytesField(number, concat(values))
}

/** A field of wire type 1 without its tag. */
export function fixed64(value: bigint): Uint8Array {
  return fixed64Field(0, value).subarray(1)
}

export function double(value: number): Uint8Array {
  return doubleField(0, value).subarray(1)
}

export function signedField(number: number, value: number): Uint8Array {
  return integerField(number, value < 0 ? -2 * value - 1 : 2 * value)
}
