// The sending side of a connection, as cheap as it can be: requests are bytes made before the
// start, and of an answer only its status is read. A client library would take more CPU time than
// the collector that it measures.
import { connect, type Socket } from 'node:net'

/** How a request was answered. */
type AnswerStatus = 'ok' | 'refused' | 'failed'

/** A connection that sends prepared requests. */
export interface RawConnection {
  /**
   * Sends the request with this index and waits for its answer. Never rejects.
   *
   * @param number goes into its first trace id: a collector may recognise the same bytes as a
   *   repetition
   */
  send(index: number, number: number): Promise<AnswerStatus>
  close(): void
}

interface RawTarget {
  readonly host: string
  readonly port: number
  /** The bodies: export requests as protobuf. */
  readonly bodies: readonly Uint8Array[]
}

/** Makes connections to one target. */
type Connector = () => Promise<RawConnection>

export function createGrpcConnector(target: RawTarget): Connector {
  // The first request puts its headers into the dynamic table, the others name them, as grpc's
  // clients do.
  const headers = firstHeaders(`${target.host}:${target.port}`)
  const first = target.bodies.map((body) => requestFrames(headers, body))
  const later = target.bodies.map((body) => requestFrames(laterHeaders, body))
  return async () =>
    new GrpcConnection(await openSocket(target), { first, later, bodies: target.bodies })
}

export function createHttpConnector(target: RawTarget): Connector {
  const { host, port, bodies } = target
  const requests = bodies.map((body) => {
    const head =
      `POST /v1/traces HTTP/1.1\r\nHost: ${host}:${port}\r\nUser-Agent: ${userAgent}\r\n` +
      `Content-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
  return async () => new HttpConnection(await openSocket(target), requests, bodies)
}

const userAgent = 'OTel-OTLP-Exporter-Bench/1.0'

function openSocket({ host, port }: RawTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => {
      socket.off('error', reject)
      // What breaks a connection is seen by its end.
      socket.on('error', () => undefined)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

type Resolve = (status: AnswerStatus) => void

/** A field of 16 bytes with number 1, as the trace id at the beginning of a span is. */
const traceIdHead = Buffer.from([0x0a, 16])

/** A copy of a prepared request, whose body stands at its end, with a number of its own. */
function stamped(
  prepared: Buffer | undefined,
  body: Uint8Array | undefined,
  number: number,
): Buffer {
  if (prepared === undefined || body === undefined) throw new Error('There is no such request')
  const bytes = Buffer.from(prepared)
  const traceIdAt = Buffer.from(body.buffer, body.byteOffset, body.length).indexOf(traceIdHead) + 2
  bytes.writeUInt32LE(number, bytes.length - body.length + traceIdAt)
  return bytes
}

const frameType = { data: 0, headers: 1, settings: 4, ping: 6, goAway: 7 } as const
const endStream = 1
const endHeaders = 4
const ack = 1
const frameHeadBytes = 9
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/**
 * The name `grpc-status` as HPACK's Huffman code has it. We allow the server no dynamic table, so
 * the name stands in the trailers, followed by the value's length and digits.
 */
const grpcStatusKey = Buffer.from('9acac8b21234da8f', 'hex')
const resourceExhausted = '8'

/** The frames of each request: for the first one of a connection, and for the others. */
interface PreparedCalls {
  readonly first: readonly Buffer[]
  readonly later: readonly Buffer[]
  readonly bodies: readonly Uint8Array[]
}

/** OTLP/gRPC over HTTP/2, many requests at a time. */
class GrpcConnection implements RawConnection {
  readonly #socket: Socket
  readonly #requests: PreparedCalls
  readonly #waiting = new Map<number, Resolve>()
  #nextStream = 1
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket, requests: PreparedCalls) {
    this.#socket = socket
    this.#requests = requests
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('close', () => this.#fail())
    // Table size 0 for the server's headers; and windows that never fill.
    const settings = Buffer.from('000100000000000400100000', 'hex')
    const window = Buffer.from('3fff0000', 'hex')
    socket.write(
      Buffer.concat([
        Buffer.from(preface),
        frame(frameType.settings, 0, 0, settings),
        frame(8, 0, 0, window),
      ]),
    )
  }

  send(index: number, number: number): Promise<AnswerStatus> {
    const stream = this.#nextStream
    this.#nextStream += 2
    const { bodies, first, later } = this.#requests
    const bytes = stamped((stream === 1 ? first : later)[index], bodies[index], number)
    bytes.writeUInt32BE(stream, 5)
    bytes.writeUInt32BE(stream, frameHeadBytes + bytes.readUIntBE(0, 3) + 5)
    return new Promise((resolve) => {
      this.#waiting.set(stream, resolve)
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      this.#readFrame(bytes, at, end)
      at = end
    }
    this.#rest = bytes.subarray(at)
  }

  #readFrame(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 3]
    const flags = bytes[start + 4] ?? 0
    const payload = bytes.subarray(start + frameHeadBytes, end)
    if (type === frameType.headers && (flags & endStream) !== 0) {
      const stream = bytes.readUInt32BE(start + 5)
      const resolve = this.#waiting.get(stream)
      this.#waiting.delete(stream)
      resolve?.(grpcStatus(payload))
    } else if (type === frameType.settings && (flags & ack) === 0) {
      this.#socket.write(frame(frameType.settings, ack, 0, Buffer.alloc(0)))
    } else if (type === frameType.ping && (flags & ack) === 0) {
      this.#socket.write(frame(frameType.ping, ack, 0, payload))
    } else if (type === frameType.goAway || type === 3) {
      this.#socket.destroy()
    }
  }

  #fail(): void {
    for (const resolve of this.#waiting.values()) resolve('failed')
    this.#waiting.clear()
  }
}

function grpcStatus(headers: Buffer): AnswerStatus {
  const at = headers.indexOf(grpcStatusKey)
  if (at < 0) return 'failed'
  const length = headers[at + grpcStatusKey.length] ?? 0
  const start = at + grpcStatusKey.length + 1
  const code = headers.toString('latin1', start, start + length)
  if (code === '0') return 'ok'
  return code === resourceExhausted ? 'refused' : 'failed'
}

/**
 * A HEADERS frame and a DATA frame that ends the stream; the stream ids are set when they are sent.
 */
function requestFrames(headers: Buffer, body: Uint8Array): Buffer {
  const message = Buffer.alloc(5 + body.length)
  message.writeUInt32BE(body.length, 1)
  message.set(body, 5)
  return Buffer.concat([
    frame(frameType.headers, endHeaders, 0, headers),
    frame(frameType.data, endStream, 0, message),
  ])
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameHeadBytes + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(stream, 5)
  bytes.set(payload, frameHeadBytes)
  return bytes
}

// HPACK by hand (RFC 7541). Indexes of the static table: 1 :authority, 3 POST, 4 :path, 6 http, 31
// content-type, 58 user-agent. What is put into the dynamic table counts from 62, the newest first.
function firstHeaders(authority: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x83, 0x86]),
    indexedLiteral(4, '/opentelemetry.proto.collector.trace.v1.TraceService/Export'),
    indexedLiteral(1, authority),
    indexedLiteral(31, 'application/grpc'),
    Buffer.concat([Buffer.from([0x40]), text('te'), text('trailers')]),
    indexedLiteral(58, userAgent),
  ])
}

const laterHeaders = Buffer.from([0x83, 0x86, 0xc2, 0xc1, 0xc0, 0xbf, 0xbe])

function indexedLiteral(nameIndex: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40 + nameIndex]), text(value)])
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
}

const headEndMark = Buffer.from('\r\n\r\n')

/** OTLP/HTTP over HTTP/1.1: one request at a time. */
class HttpConnection implements RawConnection {
  readonly #socket: Socket
  readonly #requests: readonly Buffer[]
  readonly #bodies: readonly Uint8Array[]
  #resolve: Resolve | undefined
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket, requests: readonly Buffer[], bodies: readonly Uint8Array[]) {
    this.#socket = socket
    this.#requests = requests
    this.#bodies = bodies
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('close', () => this.#resolve?.('failed'))
  }

  send(index: number, number: number): Promise<AnswerStatus> {
    const bytes = stamped(this.#requests[index], this.#bodies[index], number)
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = bytes
    const headEnd = bytes.indexOf(headEndMark)
    if (headEnd < 0) return
    const head = bytes.toString('latin1', 0, headEnd)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    const end = headEnd + headEndMark.length + length
    if (bytes.length < end) return
    this.#rest = bytes.subarray(end)
    const code = head.slice(9, 12)
    this.#resolve?.(code === '200' ? 'ok' : code === '429' ? 'refused' : 'failed')
  }
}
