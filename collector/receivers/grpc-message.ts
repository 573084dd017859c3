// The one message of a unary call, as it comes in DATA frames of any size:
//
//   compressed flag, 1 byte │ length, 4 bytes, high first │ message
//
// What is wrong with it is said as soon as it is seen: a message that is too large is refused at
// its prefix.
import type { ServerHttp2Stream } from 'node:http2'
import {
  chunksMessage,
  heldBytes,
  isCrumbled,
  noRoomMessage,
  noRoomRetryAfterMs,
} from '@wayward/base'
import { type Compression, grpcCompressions } from './compression.ts'
import { rpcCode } from './export-response.ts'
import type { GrpcRefusal } from './grpc-status.ts'
import type { ReceiverParts } from './receiver.ts'

/** What came of receiving a message. */
export type MessageOutcome =
  | {
      readonly status: 'received'
      readonly message: Uint8Array
      /** Undefined where the message is not compressed. */
      readonly compression: Compression | undefined
      /**
       * Gives the bytes back to the budget; to be called once, when the consumer has the message.
       */
      readonly release: () => void
    }
  | { readonly status: 'refused'; readonly refusal: GrpcRefusal }
  | { readonly status: 'aborted' }

type Parts = Pick<ReceiverParts, 'limits' | 'requestBytes'>

const prefixBytes = 5
/** The compressions that are taken, as a header names them. */
const acceptedEncodings = ['identity', ...grpcCompressions.keys()].join(',')

/**
 * Receives the message of a call within the limits.
 *
 * @param encoding the header `grpc-encoding`
 * @param done is called once
 */
export function receiveMessage(
  stream: ServerHttp2Stream,
  encoding: string | undefined,
  parts: Parts,
  done: (outcome: MessageOutcome) => void,
): void {
  const { limits, requestBytes } = parts
  const reader = new MessageReader(encoding, limits.requestBytesMax)
  let held = 0
  let isDone = false
  const timer = setTimeout(() => {
    const message = `The request did not arrive within ${limits.requestTimeoutMs} ms`
    refuse({ rpcStatus: { code: rpcCode.deadlineExceeded, message }, requestStatus: 'timeout' })
  }, limits.requestTimeoutMs)

  function finish(outcome: MessageOutcome): void {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    if (outcome.status !== 'received') requestBytes.release(held)
    done(outcome)
  }

  function refuse(refusal: GrpcRefusal): void {
    finish({ status: 'refused', refusal })
  }

  stream.on('data', (chunk: Buffer) => {
    if (isDone) return
    const bytes = heldBytes(chunk)
    if (!requestBytes.reserve(bytes)) {
      refuse(noRoom)
      return
    }
    held += bytes
    const refusal = reader.add(chunk)
    if (refusal !== undefined) refuse(refusal)
    else if (isCrumbled(reader.chunks, reader.bytes, limits.smallChunksMax)) refuse(tooManyChunks)
  })
  // `on` and not `once`: they come once, and a wrapper costs.
  stream.on('end', () => {
    // A stream that the client breaks off ends, too.
    if (isDone || stream.closed) return
    const message = reader.finish()
    if (!(message instanceof Uint8Array)) return refuse(message)
    const { compression } = reader
    finish({ status: 'received', message, compression, release: () => requestBytes.release(held) })
  })
  stream.on('close', () => finish({ status: 'aborted' }))
}

/** Puts the message together. */
class MessageReader {
  readonly #encoding: string
  readonly #bytesMax: number
  readonly #parts: Buffer[] = []
  /** Of the message, without its prefix; -1 until that is there. */
  #length = -1
  /** Of all chunks, those of the prefix included. */
  bytes = 0
  compression: Compression | undefined

  constructor(encoding: string | undefined, bytesMax: number) {
    this.#encoding = encoding ?? 'identity'
    this.#bytesMax = bytesMax
  }

  get chunks(): number {
    return this.#parts.length
  }

  /** @returns why the call is refused, or undefined where nothing is wrong so far */
  add(chunk: Buffer): GrpcRefusal | undefined {
    this.#parts.push(chunk)
    this.bytes += chunk.length
    if (this.#length < 0) {
      if (this.bytes < prefixBytes) return undefined
      const refusal = this.#readPrefix(this.#whole())
      if (refusal !== undefined) return refusal
    }
    return this.bytes > prefixBytes + this.#length ? notOneMessage : undefined
  }

  /** @returns the message, or why the call is refused */
  finish(): Uint8Array | GrpcRefusal {
    if (this.bytes === 0) return notOneMessage
    if (this.#length < 0 || this.bytes < prefixBytes + this.#length) return cutMessage
    return this.#whole().subarray(prefixBytes)
  }

  #whole(): Buffer {
    const [first] = this.#parts
    return this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts)
  }

  #readPrefix(bytes: Buffer): GrpcRefusal | undefined {
    const flag = bytes[0]
    this.#length = bytes.readUInt32BE(1)
    this.compression = flag === 1 ? grpcCompressions.get(this.#encoding) : undefined
    if (flag !== 0 && flag !== 1) return malformed(`The message's flag is ${flag}; wanted 0 or 1`)
    if (this.#length > this.#bytesMax) return tooLarge(this.#bytesMax)
    if (flag === 0 || this.compression !== undefined) return undefined
    return this.#encoding === 'identity' ? unnamedEncoding : unknownEncoding(this.#encoding)
  }
}

export const noRoom: GrpcRefusal = {
  rpcStatus: {
    code: rpcCode.resourceExhausted,
    message: noRoomMessage,
    retryAfterMs: noRoomRetryAfterMs,
  },
  requestStatus: 'overloaded',
}

const tooManyChunks: GrpcRefusal = {
  rpcStatus: { code: rpcCode.resourceExhausted, message: chunksMessage },
  requestStatus: 'too_large',
}

/** The status that gRPC has for a wrong number of messages. */
const notOneMessage: GrpcRefusal = {
  rpcStatus: {
    code: rpcCode.unimplemented,
    message: 'The call has not one message; send each request in a call of its own',
  },
  requestStatus: 'unsupported',
}

const cutMessage = malformed('The message ends before the length that its prefix names')
const unnamedEncoding = malformed('The message is compressed, but no grpc-encoding is named')

function malformed(message: string): GrpcRefusal {
  return { rpcStatus: { code: rpcCode.internal, message }, requestStatus: 'malformed' }
}

export function tooLarge(bytesMax: number): GrpcRefusal {
  const message = `The request has more than ${bytesMax} bytes; send smaller batches`
  return {
    rpcStatus: { code: rpcCode.resourceExhausted, message },
    requestStatus: 'too_large',
  }
}

function unknownEncoding(encoding: string): GrpcRefusal {
  const message = `grpc-encoding is "${encoding}"; send one of ${acceptedEncodings}`
  return {
    rpcStatus: { code: rpcCode.unimplemented, message },
    requestStatus: 'unsupported',
    headers: { 'grpc-accept-encoding': acceptedEncodings },
  }
}
