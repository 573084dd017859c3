// CityHash128 of version 1.0.2, which ClickHouse's frames carry as their checksum; later versions
// of the hash give other numbers. It was made for machines with 64-bit words: `x`, `y`, `z` and the
// pairs `v` and `w` are its state, 128 bytes a round.
//
// Hot: every byte of a compressed answer goes through mix(). BigInts cut to 64 bits become machine
// words in V8: 60 to 80 MB/s on Node 20. Pairs of 32-bit numbers in a typed array were as slow.

/** The two halves of a hash, as ClickHouse writes them: the low one first. */
export interface Hash128 {
  readonly low: bigint
  readonly high: bigint
}

const k0 = 0xc3a5c85c97cb3127n
const k1 = 0xb492b66fbe98f273n
const k2 = 0x9ae16a3b2f90404fn
const k3 = 0xc949d7c7509e6557n
const hashMultiplier = 0x9ddfea08eb382d69n

/** The hash of all bytes. */
export function cityHash128(bytes: Uint8Array): Hash128 {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { length } = bytes
  if (length >= 16) {
    const seed = { low: word(view, 0) ^ k3, high: word(view, 8) }
    return withSeed(part(view, 16, length - 16), seed)
  }
  if (length >= 8) {
    const low = word(view, 0) ^ u64(BigInt(length) * k0)
    return murmur(part(view, 0, 0), { low, high: word(view, length - 8) ^ k1 })
  }
  return murmur(view, { low: k0, high: k1 })
}

function withSeed(view: DataView, seed: Hash128): Hash128 {
  return view.byteLength < 128 ? murmur(view, seed) : mix(view, seed)
}

/** For up to 127 bytes. */
function murmur(view: DataView, seed: Hash128): Hash128 {
  const length = view.byteLength
  let a = seed.low
  let b = seed.high
  let c: bigint
  let d: bigint
  if (length <= 16) {
    a = u64(shiftMix(u64(a * k1)) * k1)
    c = u64(u64(b * k1) + hashShort(view))
    d = shiftMix(u64(a + (length >= 8 ? word(view, 0) : c)))
  } else {
    c = hash16(u64(word(view, length - 8) + k1), a)
    d = hash16(u64(b + BigInt(length)), u64(c + word(view, length - 16)))
    a = u64(a + d)
    for (let at = 0; at < length - 16; at += 16) {
      a = u64((a ^ u64(shiftMix(u64(word(view, at) * k1)) * k1)) * k1)
      b ^= a
      c = u64((c ^ u64(shiftMix(u64(word(view, at + 8) * k1)) * k1)) * k1)
      d ^= c
    }
  }
  a = hash16(a, c)
  b = hash16(d, b)
  return { low: a ^ b, high: hash16(b, a) }
}

/** For 128 bytes and more. */
function mix(view: DataView, seed: Hash128): Hash128 {
  const length = view.byteLength
  let x = seed.low
  let y = seed.high
  let z = u64(BigInt(length) * k1)
  let v1 = u64(rotate49(y ^ k1) * k1 + word(view, 0))
  let v2 = u64(rotate42(v1) * k1 + word(view, 8))
  let w1 = u64(rotate35(u64(y + z)) * k1 + x)
  let w2 = u64(rotate53(u64(x + word(view, 88))) * k1)
  const whole = length - (length % 128)
  for (let at = 0; at < whole; at += 64) {
    x = u64(rotate37(u64(x + y + v1 + word(view, at + 16))) * k1) ^ w2
    y = u64(rotate42(u64(y + v2 + word(view, at + 48))) * k1) ^ v1
    z = rotate33(z ^ w1)
    // The weak hash of 32 bytes, for v and then for w.
    let a = u64(u64(v2 * k1) + word(view, at))
    let last = word(view, at + 24)
    let b = rotate21(u64(x + w1 + a + last))
    let first = a
    a = u64(a + word(view, at + 8) + word(view, at + 16))
    v1 = u64(a + last)
    v2 = u64(b + rotate44(a) + first)
    a = u64(z + w2 + word(view, at + 32))
    last = word(view, at + 56)
    b = rotate21(u64(y + a + last))
    first = a
    a = u64(a + word(view, at + 40) + word(view, at + 48))
    w1 = u64(a + last)
    w2 = u64(b + rotate44(a) + first)
    const swapped = z
    z = x
    x = swapped
  }
  return finish(part(view, whole, length - whole), view, { x, y, z, v1, v2, w1, w2 })
}

interface MixState {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
  readonly v1: bigint
  readonly v2: bigint
  readonly w1: bigint
  readonly w2: bigint
}

/** What is left is hashed from its end, 32 bytes at a time; the last step may reach before it. */
function finish(rest: DataView, all: DataView, state: MixState): Hash128 {
  const { z, w2 } = state
  let { w1, v1, v2 } = state
  let y = u64(state.y + rotate37(w1) * k0 + z)
  let x = u64(state.x + rotate49(u64(v1 + z)) * k0)
  for (let done = 0; done < rest.byteLength; ) {
    done += 32
    const at = all.byteLength - done
    y = u64(rotate42(u64(y - x)) * k0 + v2)
    w1 = u64(w1 + word(all, at + 16))
    x = u64(rotate49(x) * k0 + w1)
    w1 = u64(w1 + v1)
    const start = u64(v1 + word(all, at))
    const last = word(all, at + 24)
    const turned = rotate21(u64(v2 + start + last))
    const sum = u64(start + word(all, at + 8) + word(all, at + 16))
    v1 = u64(sum + last)
    v2 = u64(turned + rotate44(sum) + start)
  }
  x = hash16(x, v1)
  y = hash16(y, w1)
  return {
    low: u64(hash16(u64(x + v2), w2) + y),
    high: hash16(u64(x + w2), u64(y + v2)),
  }
}

/** For up to 16 bytes. */
function hashShort(view: DataView): bigint {
  const length = view.byteLength
  const size = BigInt(length)
  if (length > 8) {
    const b = word(view, length - 8)
    const turned = u64(b + size)
    return hash16(word(view, 0), u64((turned >> size) | (turned << (64n - size)))) ^ b
  }
  if (length >= 4) {
    const a = BigInt(view.getUint32(0, true))
    return hash16(size + (a << 3n), BigInt(view.getUint32(length - 4, true)))
  }
  if (length === 0) return k2
  const y = BigInt(view.getUint8(0) + (view.getUint8(length >> 1) << 8))
  const z = BigInt(length + (view.getUint8(length - 1) << 2))
  return u64(shiftMix(u64(y * k2) ^ u64(z * k3)) * k2)
}

function hash16(low: bigint, high: bigint): bigint {
  let a = u64((low ^ high) * hashMultiplier)
  a ^= a >> 47n
  let b = u64((high ^ a) * hashMultiplier)
  b ^= b >> 47n
  return u64(b * hashMultiplier)
}

const shiftMix = (value: bigint): bigint => value ^ (value >> 47n)
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
const word = (view: DataView, at: number): bigint => view.getBigUint64(at, true)
const part = (view: DataView, at: number, length: number): DataView =>
  new DataView(view.buffer, view.byteOffset + at, length)

// Constant distances: a shift by a variable one is not turned into a machine's.
const rotate21 = (v: bigint): bigint => u64(v >> 21n) | u64(v << 43n)
const rotate33 = (v: bigint): bigint => u64(v >> 33n) | u64(v << 31n)
const rotate35 = (v: bigint): bigint => u64(v >> 35n) | u64(v << 29n)
const rotate37 = (v: bigint): bigint => u64(v >> 37n) | u64(v << 27n)
const rotate42 = (v: bigint): bigint => u64(v >> 42n) | u64(v << 22n)
const rotate44 = (v: bigint): bigint => u64(v >> 44n) | u64(v << 20n)
const rotate49 = (v: bigint): bigint => u64(v >> 49n) | u64(v << 15n)
const rotate53 = (v: bigint): bigint => u64(v >> 53n) | u64(v << 11n)
