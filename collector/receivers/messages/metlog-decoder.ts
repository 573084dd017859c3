// Bytes become a message of Metlog: JSON, or MessagePack behind its prefix, and in Heka's frame
// where they are signed.
import {
  decoderPrefix,
  type Frame,
  fromMessagePack,
  isFramed,
  isSignedBy,
  isWrong,
  MessagePackError,
  readFrame,
  readMessage,
  type ReceivedMessage,
} from '@wayward/metlog/wire'
import type { Refused } from './message-intake.ts'
import type { SignatureKeys } from './message-settings.ts'

/** Takes bytes apart; never throws. */
export type MetlogDecoder = (bytes: Buffer) => ReceivedMessage | Refused

/** Whether it was no message. */
export function isRefused(read: ReceivedMessage | Refused): read is Refused {
  return 'reason' in read
}

/** Makes a decoder; with keys, only what is signed with one of them is taken. */
export function createMetlogDecoder(keys: SignatureKeys = {}): MetlogDecoder {
  const isSigned = Object.keys(keys).length > 0
  return (bytes) => {
    if (!isFramed(bytes)) {
      return isSigned
        ? refused('signature', 'the message is not signed, wanted a signature of a known key')
        : decode(bytes)
    }
    const frame = readFrame(bytes)
    if (typeof frame === 'string') return refused('frame', frame)
    if (isSigned && !hasGoodSignature(frame, keys)) {
      const signer = frame.signature?.signer.slice(0, 64) ?? ''
      return refused('signature', `the signature of "${signer}" is not one of a known key`)
    }
    return decode(Buffer.from(frame.message.buffer, frame.message.byteOffset, frame.message.length))
  }
}

function hasGoodSignature(frame: Frame, keys: SignatureKeys): boolean {
  const { signature } = frame
  if (signature === undefined) return false
  for (const name of [`${signature.signer}/${signature.keyVersion}`, signature.signer]) {
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined
    if (key !== undefined) return isSignedBy(key, frame)
  }
  return false
}

const zero = 0
const openBrace = 0x7b
const prefixBytesMax = 32

function decode(bytes: Buffer): ReceivedMessage | Refused {
  if (bytes[0] === zero) return decodePrefixed(bytes)
  // What Metlog's clients in other languages send without a prefix: a map of MessagePack.
  const first = bytes[0] ?? 0
  const isMap = (first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf
  return isMap ? decodeMessagePack(bytes) : decodeJson(bytes)
}

function decodePrefixed(bytes: Buffer): ReceivedMessage | Refused {
  if (bytes.subarray(0, decoderPrefix.length).equals(decoderPrefix)) {
    return decodeMessagePack(bytes.subarray(decoderPrefix.length))
  }
  const end = bytes.subarray(0, prefixBytesMax).indexOf('::')
  const name = bytes.subarray(1, Math.max(1, end)).toString('latin1')
  if (name === 'json') return decodeJson(bytes.subarray(end + 2))
  return refused('decoder', `the decoder "${name}" is not known, wanted json or msgpack`)
}

function decodeJson(bytes: Buffer): ReceivedMessage | Refused {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    const isCut = bytes[0] === openBrace
    const what = isCut
      ? 'the JSON ends too early or is wrong'
      : 'it is neither JSON nor MessagePack'
    return refused('not_json', `${what} (${bytes.length} bytes)`)
  }
  return check(value)
}

function decodeMessagePack(bytes: Buffer): ReceivedMessage | Refused {
  try {
    return check(fromMessagePack(bytes))
  } catch (error) {
    if (!(error instanceof MessagePackError)) throw error
    return { reason: 'not_msgpack', message: error.message }
  }
}

function check(value: unknown): ReceivedMessage | Refused {
  const read = readMessage(value)
  return isWrong(read) ? { reason: read.reason, message: read.message } : read
}

function refused(reason: string, what: string): Refused {
  return { reason, message: `Malformed Metlog message: ${what}` }
}
