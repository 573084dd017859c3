// Heka's frame around a message, which is how a message is signed: the signature is over the bytes,
// so there is no canonical form to argue about.
//
//   0x1e │ header length, 1 byte │ header, protobuf │ 0x1f │ message
//
//   Header { message_length = 1, hmac_hash_function = 3, hmac_signer = 4, hmac_key_version = 5,
//            hmac = 6 }
//
// Heka knew MD5 (0) and SHA-1 (1), which are read for old clients; SHA-256 (2) is written.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** The hash functions of signatures, by their number on the wire. */
const hashes = ['md5', 'sha1', 'sha256'] as const
/** A hash function of signatures. */
export type SignatureHash = (typeof hashes)[number]

/** Who signs, and with what. */
export interface Signing {
  readonly signer: string
  /** @default 1 */
  readonly keyVersion?: number
  readonly key: string | Uint8Array
  /** @default 'sha256' */
  readonly hash?: SignatureHash
}

/** A signature as it stands in a frame's header. */
export interface Signature {
  readonly signer: string
  readonly keyVersion: number
  readonly hash: SignatureHash
  readonly digest: Uint8Array
}

/** A frame taken apart. */
export interface Frame {
  readonly message: Uint8Array
  /** Undefined where it is not signed. */
  readonly signature: Signature | undefined
}

const recordSeparator = 0x1e
const unitSeparator = 0x1f
const headerBytesMax = 255

/** Puts a message into a frame, signed. */
export function toSignedFrame(message: Uint8Array, signing: Signing): Buffer {
  const { hash = 'sha256', key, keyVersion = 1, signer } = signing
  const digest = createHmac(hash, key).update(message).digest()
  const name = Buffer.from(signer)
  const header = Buffer.concat([
    Buffer.from([8, ...varint(message.length), 24, hashes.indexOf(hash)]),
    Buffer.from([34, ...varint(name.length)]),
    name,
    Buffer.from([40, ...varint(keyVersion), 50, digest.length]),
    digest,
  ])
  if (header.length > headerBytesMax) {
    throw new RangeError(
      `Cannot sign a message: the header has ${header.length} bytes, wanted at most ` +
        `${headerBytesMax}. Give the signer a shorter name`,
    )
  }
  const start = Buffer.from([recordSeparator, header.length])
  return Buffer.concat([start, header, Buffer.from([unitSeparator]), message])
}

/** Whether bytes begin as a frame does. */
export function isFramed(bytes: Uint8Array): boolean {
  return bytes[0] === recordSeparator
}

/**
 * Takes a frame apart; the bytes come from outside.
 *
 * @returns what is wrong with it, as text
 */
export function readFrame(bytes: Uint8Array): Frame | string {
  const headerBytes = bytes[1] ?? 0
  const headerEnd = 2 + headerBytes
  if (bytes[headerEnd] !== unitSeparator) return 'no 0x1f stands after the frame’s header'
  const header = readHeader(Buffer.from(bytes.subarray(2, headerEnd)))
  if (typeof header === 'string') return header
  const message = bytes.subarray(headerEnd + 1)
  if (header.messageLength !== message.length) {
    return `the frame announces ${header.messageLength} bytes and has ${message.length}`
  }
  return { message, signature: header.signature }
}

/** Whether a signature is the one of a message under a key. Takes equal time for all answers. */
export function isSignedBy(key: string | Uint8Array, { message, signature }: Frame): boolean {
  if (signature === undefined) return false
  const wanted = createHmac(signature.hash, key).update(message).digest()
  return wanted.length === signature.digest.length && timingSafeEqual(wanted, signature.digest)
}

interface Header {
  readonly messageLength: number
  readonly signature: Signature | undefined
}

function readHeader(bytes: Buffer): Header | string {
  const numbers = new Map<number, number>()
  const texts = new Map<number, Buffer>()
  let at = 0
  const read = (): number => {
    let value = 0
    for (let shift = 1; at < bytes.length; shift *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 127) * shift
      if (byte < 128) return value
      if (shift > 2 ** 35) break
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const tag = read()
    const value = read()
    if (!(tag >= 8) || Number.isNaN(value)) return 'the frame’s header is not protobuf'
    const field = Math.floor(tag / 8)
    if (tag % 8 === 0) numbers.set(field, value)
    else if (tag % 8 === 2 && at + value <= bytes.length) {
      texts.set(field, bytes.subarray(at, at + value))
      at += value
    } else return 'the frame’s header is not protobuf'
  }
  const messageLength = numbers.get(1)
  if (messageLength === undefined) return 'the frame’s header does not say how long its message is'
  const digest = texts.get(6)
  if (digest === undefined) return { messageLength, signature: undefined }
  const hash = hashes[numbers.get(3) ?? 0]
  if (hash === undefined) return `the frame’s hash function ${numbers.get(3)} is not known`
  const signer = texts.get(4)?.toString('utf8') ?? ''
  return { messageLength, signature: { signer, keyVersion: numbers.get(5) ?? 0, hash, digest } }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}
