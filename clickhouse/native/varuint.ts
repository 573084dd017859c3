/**
 * Writes an unsigned integer below 2^32, seven bits a byte, low bits first; returns the position
 * after it.
 */
export function writeVaruint(out: Uint8Array, position: number, value: number): number {
  let p = position
  let rest = value
  while (rest > 127) {
    out[p++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[p++] = rest
  return p
}

export function varuintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}

/** Writes a UInt64 whose value is below 2^53. */
export function writeUint64(out: Uint8Array, position: number, value: number): number {
  let low = value >>> 0
  let high = Math.floor(value / 0x100000000)
  for (let i = 0; i < 4; i++) {
    out[position + i] = low & 255
    out[position + 4 + i] = high & 255
    low >>>= 8
    high >>>= 8
  }
  return position + 8
}
