// OTLP/gRPC: three unary methods, whose messages stay bytes: decode reads them.
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { ListenAddress } from '@wayward/base'
import { receiverListeners } from '../listeners.ts'
import type { ConsumeOutcome, Sender, Signal } from '../consumer.ts'
import { countRequest, type RefusedRequest } from '../telemetry/telemetry.ts'
import type { Compression } from './compression.ts'
import { encodeExportResponse, rpcCode, type RpcStatus } from './export-response.ts'
import { type MessageOutcome, noRoom, receiveMessage, tooLarge } from './grpc-message.ts'
import { createGrpcServer, type GrpcConnection, type GrpcServer } from './grpc-server.ts'
import { type GrpcRefusal, sendHttpStatus, sendMessage, sendStatus } from './grpc-status.ts'
import { consumeRequest, type Receiver, type ReceiverParts } from './receiver.ts'

const receiverName = receiverListeners.otlpGrpc.label
const servicePrefix = '/opentelemetry.proto.collector.'
export const exportPaths: Readonly<Record<Signal, string>> = {
  traces: `${servicePrefix}trace.v1.TraceService/Export`,
  logs: `${servicePrefix}logs.v1.LogsService/Export`,
  metrics: `${servicePrefix}metrics.v1.MetricsService/Export`,
}
const signals = new Map<string, Signal>([
  [exportPaths.traces, 'traces'],
  [exportPaths.logs, 'logs'],
  [exportPaths.metrics, 'metrics'],
])

export function createOtlpGrpcReceiver(parts: ReceiverParts): Receiver {
  return new OtlpGrpcReceiver(parts)
}

/** A call whose head is in order. */
interface ExportCall {
  readonly stream: ServerHttp2Stream
  readonly signal: Signal
  readonly sender: Sender
}

/** A call as far as it is known. */
interface RefusedCall {
  readonly stream: ServerHttp2Stream
  readonly signal: Signal | undefined
  readonly sender: Sender
}

const noGrpcMessage = 'The request is not gRPC: its method is not POST, or its content type another'
const abortedMessage = 'The sender broke the call off'

type Received = Extract<MessageOutcome, { readonly status: 'received' }>

class OtlpGrpcReceiver implements Receiver {
  readonly #parts: ReceiverParts
  readonly #server: GrpcServer
  readonly #senders = new WeakMap<GrpcConnection, Sender>()

  constructor(parts: ReceiverParts) {
    this.#parts = parts
    this.#server = createGrpcServer(parts, (stream, headers, connection) =>
      this.#serve(stream, headers, connection),
    )
  }

  start(address: ListenAddress): Promise<ListenAddress> {
    return this.#server.start(address)
  }

  stopAccepting(): void {
    this.#server.stopAccepting()
  }

  shutdown(deadlineMs: number): Promise<void> {
    return this.#server.shutdown(deadlineMs)
  }

  #serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    connection: GrpcConnection,
  ): void {
    const signal = signals.get(headers[':path'] ?? '')
    const httpRefusal = checkProtocol(headers)
    if (httpRefusal !== undefined) {
      const sender = this.#senderOf(connection, headers['user-agent'] ?? '', '')
      this.#count(sender, signal, 'unsupported', { message: noGrpcMessage })
      sendHttpStatus(stream, httpRefusal.httpStatus, httpRefusal.headers)
      return
    }
    const authorization = connection.access.authorize(headers.authorization)
    const identity = authorization.status === 'refused' ? '' : authorization.identity
    const sender = this.#senderOf(connection, headers['user-agent'] ?? '', identity)
    if (authorization.status === 'refused') {
      this.#refuse({ stream, signal, sender }, unauthenticated(authorization))
      return
    }
    if (signal === undefined) {
      this.#refuse({ stream, signal, sender }, unknownMethod(headers[':path'] ?? ''))
      return
    }
    const format = messageFormat(headers['content-type'])
    if (format !== 'proto') {
      this.#refuse({ stream, signal, sender }, unknownFormat(format))
      return
    }
    // Whose deadline passes is answered nevertheless; what is checked is only that it is one.
    if (parseTimeout(headers['grpc-timeout']) === undefined) {
      const refusal = malformedTimeout(String(headers['grpc-timeout']))
      this.#refuse({ stream, signal, sender }, refusal)
      return
    }
    const call: ExportCall = { stream, signal, sender }
    receiveMessage(stream, headers['grpc-encoding'] as string | undefined, this.#parts, (outcome) =>
      this.#take(call, connection, outcome),
    )
  }

  #take(call: ExportCall, connection: GrpcConnection, outcome: MessageOutcome): void {
    const { sender, signal } = call
    switch (outcome.status) {
      case 'aborted':
        this.#count(sender, signal, 'aborted', { message: abortedMessage })
        return
      case 'refused':
        this.#refuse(call, outcome.refusal)
        return
      case 'received':
        break
    }
    connection.owedAnswers++
    // The promise never rejects: #export catches everything.
    void this.#export(call, connection, outcome)
  }

  async #export(call: ExportCall, connection: GrpcConnection, received: Received): Promise<void> {
    const { stream, signal } = call
    try {
      const { compression } = received
      const outcome =
        compression === undefined
          ? await this.#consume(call, received.message, received.release)
          : await this.#inflate(call, received, compression)
      if (outcome === undefined) return
      // Also when the deadline has passed: who is still there may as well know.
      if (outcome.status === 'accepted') {
        const { rejectedItems, message } = outcome
        sendMessage(stream, encodeExportResponse(signal, 'protobuf', rejectedItems, message))
      } else {
        sendStatus(stream, toRpcStatus(outcome))
      }
    } catch (error) {
      // Nothing above throws; were it to, the sender is told, and the service goes on.
      const message = error instanceof Error ? error.message : String(error)
      sendStatus(stream, { code: rpcCode.internal, message: `The collector failed: ${message}` })
    } finally {
      connection.owedAnswers--
    }
  }

  /** Nothing here holds the message while its rows wait. */
  #consume(call: ExportCall, body: Uint8Array, release: () => void): Promise<ConsumeOutcome> {
    const { signal, sender } = call
    const consumed = consumeRequest(this.#parts, { signal, encoding: 'protobuf', body, sender })
    release()
    return consumed
  }

  /** @returns undefined where the call is refused, and answered */
  async #inflate(
    call: ExportCall,
    received: Received,
    compression: Compression,
  ): Promise<ConsumeOutcome | undefined> {
    const { inflater, limits, requestBytes } = this.#parts
    const bytes = received.message.byteLength
    const inflated = await inflater.inflate(received.message, compression)
    received.release()
    switch (inflated.status) {
      case 'too_large':
        this.#refuse(call, tooLarge(limits.requestBytesMax), bytes)
        return undefined
      case 'corrupt':
        this.#refuse(call, corruptMessage(compression, inflated.message), bytes)
        return undefined
      case 'inflated':
        break
    }
    const { body } = inflated
    if (!requestBytes.reserve(body.length)) {
      this.#refuse(call, noRoom, bytes)
      return undefined
    }
    return this.#consume(call, body, () => requestBytes.release(body.length))
  }

  /**
   * The same object for all requests of a connection, unless proxies send for several clients over
   * it.
   */
  #senderOf(connection: GrpcConnection, agent: string, identity: string): Sender {
    const last = this.#senders.get(connection)
    if (last !== undefined && last.agent === agent && last.identity === identity) return last
    const sender = { receiver: receiverName, address: connection.address, agent, identity } as const
    this.#senders.set(connection, sender)
    return sender
  }

  /** @param bytes of the request, as far as they are known */
  #refuse({ stream, signal, sender }: RefusedCall, refusal: GrpcRefusal, bytes = 0): void {
    const { message } = refusal.rpcStatus
    this.#count(sender, signal, refusal.requestStatus, { bytes, message })
    sendStatus(stream, refusal.rpcStatus, refusal.headers)
  }

  #count(
    sender: Sender,
    signal: Signal | undefined,
    status: GrpcRefusal['requestStatus'],
    refused: RefusedRequest,
  ): void {
    countRequest(this.#parts.telemetry, sender, signal, status, refused)
  }
}

interface HttpRefusal {
  readonly httpStatus: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Whether the request is gRPC at all; if not, its client reads no status of gRPC. */
function checkProtocol(headers: IncomingHttpHeaders): HttpRefusal | undefined {
  if (headers[':method'] !== 'POST') return { httpStatus: 405, headers: { allow: 'POST' } }
  const type = headers['content-type'] ?? ''
  if (type === 'application/grpc' || /^application\/grpc(\+[\w.-]+)?\s*(;|$)/i.test(type))
    return undefined
  return { httpStatus: 415, headers: { 'accept-post': 'application/grpc' } }
}

/** How the messages are written, as the content type says: `json` of `application/grpc+json`. */
function messageFormat(contentType = ''): string {
  return /^application\/grpc\+([\w.-]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'proto'
}

function unknownFormat(format: string): GrpcRefusal {
  const message = `The messages are written as "${format}"; send application/grpc or application/grpc+proto`
  return { rpcStatus: { code: rpcCode.unimplemented, message }, requestStatus: 'unsupported' }
}

const timeoutUnitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/**
 * Milliseconds of the header `grpc-timeout`, Infinity where there is none, undefined where it is
 * malformed.
 */
function parseTimeout(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return Number.POSITIVE_INFINITY
  const match = /^(\d{1,8})([HMSmun])$/.exec(String(header))
  const unitMs = timeoutUnitsMs[match?.[2] ?? '']
  return unitMs === undefined ? undefined : Number(match?.[1]) * unitMs
}

function malformedTimeout(seen: string): GrpcRefusal {
  const message = `grpc-timeout is "${seen}"; wanted 1 to 8 digits and one of H, M, S, m, u, n`
  return { rpcStatus: { code: rpcCode.internal, message }, requestStatus: 'malformed' }
}

function unauthenticated(refused: {
  readonly message: string
  readonly challenge: string
}): GrpcRefusal {
  const { message, challenge } = refused
  return {
    rpcStatus: { code: rpcCode.unauthenticated, message },
    requestStatus: 'unauthenticated',
    ...(challenge === '' ? {} : { headers: { 'www-authenticate': challenge } }),
  }
}

function unknownMethod(path: string): GrpcRefusal {
  const paths = Object.values(exportPaths).join(', ')
  const message = `There is no method "${path}" here; call one of ${paths}`
  return { rpcStatus: { code: rpcCode.unimplemented, message }, requestStatus: 'unsupported' }
}

function corruptMessage(compression: Compression, reason: string): GrpcRefusal {
  const message = `The ${compression} message is corrupt: ${reason}`
  return { rpcStatus: { code: rpcCode.invalidArgument, message }, requestStatus: 'malformed' }
}

function toRpcStatus(outcome: Exclude<ConsumeOutcome, { readonly status: 'accepted' }>): RpcStatus {
  const { message } = outcome
  if (outcome.status === 'malformed') return { code: rpcCode.invalidArgument, message }
  const code = outcome.status === 'overloaded' ? rpcCode.resourceExhausted : rpcCode.unavailable
  return { code, message, retryAfterMs: outcome.retryAfterMs }
}
