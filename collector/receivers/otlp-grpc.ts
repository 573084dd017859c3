// OTLP/gRPC on @grpc/grpc-js, with the messages as raw bytes: decode reads them, grpc-js never parses any.
import {
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  setLogVerbosity,
} from '@grpc/grpc-js'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConsumeOutcome, ExportRequest, Sender, Signal } from '../consumer.ts'
import { formatAddress, toCollectorError, type ListenAddress } from '../listen-address.ts'
import { countRequest } from '../telemetry.ts'
import {
  encodeExportResponse,
  encodeStatus,
  rpcCode,
  sendableText,
  type RpcStatus,
} from './export-response.ts'
import { type GuardedConnections, guardStreams, widenWindows } from './grpc-guard.ts'
import {
  consumeRequest,
  NO_ROOM_MESSAGE,
  NO_ROOM_RETRY_AFTER_MS,
  type Receiver,
  type ReceiverParts,
} from './receiver.ts'

/** The bytes of a request, which can be let go: grpc-js holds on to the request until it is answered. */
interface RequestMessage {
  bytes: Buffer | undefined
}

type ExportOutcome = ConsumeOutcome | { readonly status: 'too_large'; readonly message: string }
type ExportCall = ServerUnaryCall<RequestMessage, Buffer>
/** grpc-js's callback of a unary call, with plain numbers for the codes. */
type Answer = (
  error: {
    readonly code: number
    readonly details: string
    readonly metadata?: Metadata
  } | null,
  response?: Buffer,
) => void

const RECEIVER = 'otlp_grpc'
const SERVICE_PREFIX = '/opentelemetry.proto.collector.'
export const EXPORT_PATHS: Readonly<Record<Signal, string>> = {
  traces: `${SERVICE_PREFIX}trace.v1.TraceService/Export`,
  logs: `${SERVICE_PREFIX}logs.v1.LogsService/Export`,
  metrics: `${SERVICE_PREFIX}metrics.v1.MetricsService/Export`,
}

export function createOtlpGrpcReceiver(parts: ReceiverParts): Receiver {
  return new OtlpGrpcReceiver(parts)
}

class OtlpGrpcReceiver implements Receiver {
  readonly #parts: ReceiverParts
  readonly #server: Server
  #connections: GuardedConnections | undefined
  #closed: Promise<void> | undefined

  constructor(parts: ReceiverParts) {
    const { limits } = parts
    this.#parts = parts
    this.#server = new Server({
      'grpc.max_receive_message_length': limits.requestBytesMax,
      'grpc.max_concurrent_streams': limits.streamsPerConnectionMax,
      'grpc.enable_channelz': 0,
    })
    // The promises never reject: #answer catches everything.
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      this.#register(
        EXPORT_PATHS[signal],
        (call, answer) => void this.#export(signal, call, answer),
      )
    }
  }

  start(address: ListenAddress): Promise<ListenAddress> {
    widenWindows(this.#server, this.#parts.limits)
    // What it would print to the console comes back as an error as well.
    setLogVerbosity(logVerbosity.NONE)
    return new Promise((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure()
      this.#server.bindAsync(formatAddress(address), credentials, (error, port) => {
        if (error !== null) {
          reject(toCollectorError(error, address, '--otlp-grpc'))
          return
        }
        this.#connections = guardStreams(this.#server, this.#parts)
        resolve({ host: address.host, port })
      })
    })
  }

  stopAccepting(): void {
    // Closes the listening socket and tells every client to open no more streams; those under way go on.
    this.#closed ??= new Promise((resolve) => this.#server.tryShutdown(() => resolve()))
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.stopAccepting()
    const timer = new AbortController()
    const deadline = sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([this.#closed, deadline])
    timer.abort()
    this.#connections?.destroy()
    this.#server.forceShutdown()
  }

  #register(path: string, handler: (call: ExportCall, answer: Answer) => void): void {
    const asItIs = (bytes: Buffer): Buffer => bytes
    const toMessage = (bytes: Buffer): RequestMessage => ({ bytes })
    this.#server.register(path, handler, asItIs, toMessage, 'unary')
  }

  #export(signal: Signal, call: ExportCall, answer: Answer): Promise<void> {
    const body = call.request.bytes ?? Buffer.alloc(0)
    call.request.bytes = undefined
    const sender = senderOf(call)
    const isSenderGone = (): boolean => call.cancelled
    const consumed = this.#consume({ signal, encoding: 'protobuf', body, sender, isSenderGone })
    return this.#answer(signal, consumed, answer)
  }

  async #answer(signal: Signal, consumed: Promise<ExportOutcome>, answer: Answer): Promise<void> {
    try {
      const outcome = await consumed
      if (outcome.status === 'accepted') {
        const { rejectedItems, message } = outcome
        answer(null, encodeExportResponse(signal, 'protobuf', rejectedItems, message))
      } else {
        refuse(answer, toRpcStatus(outcome))
      }
    } catch (error) {
      // Nothing above throws; were it to, the sender is told, and the service goes on.
      const message = error instanceof Error ? error.message : String(error)
      refuse(answer, { code: rpcCode.internal, message: `The collector failed: ${message}` })
    }
  }

  async #consume(request: ExportRequest): Promise<ExportOutcome> {
    const { body: message, signal } = request
    if (!isGzip(message)) return consumeRequest(this.#parts, request)
    const { inflater, limits, requestBytes } = this.#parts
    const noRoom = {
      status: 'overloaded',
      retryAfterMs: NO_ROOM_RETRY_AFTER_MS,
      message: NO_ROOM_MESSAGE,
    } as const
    if (!requestBytes.reserve(message.length)) return this.#refused(signal, noRoom)
    const inflated = await inflater.inflate(message)
    requestBytes.release(message.length)
    switch (inflated.status) {
      case 'too_large': {
        const tooLarge = `The request inflates to more than ${limits.requestBytesMax} bytes; send smaller batches`
        return { status: 'too_large', message: tooLarge }
      }
      case 'corrupt':
        return this.#refused(signal, {
          status: 'malformed',
          message: `The gzip message is corrupt: ${inflated.message}`,
        })
      case 'inflated':
        break
    }
    return consumeRequest(this.#parts, { ...request, body: inflated.body })
  }

  #refused<Refused extends Exclude<ConsumeOutcome, { readonly status: 'accepted' }>>(
    signal: Signal,
    outcome: Refused,
  ): Refused {
    countRequest(this.#parts.telemetry, RECEIVER, signal, outcome.status)
    return outcome
  }
}

/**
 * Whether the guard left the message compressed. No OTLP message begins like gzip: 0x1f would be a field of
 * wire type 7, which does not exist.
 */
function isGzip(message: Uint8Array): boolean {
  return message[0] === 0x1f && message[1] === 0x8b
}

function toRpcStatus(outcome: Exclude<ExportOutcome, { readonly status: 'accepted' }>): RpcStatus {
  const { message } = outcome
  if (outcome.status === 'malformed') return { code: rpcCode.invalidArgument, message }
  if (outcome.status === 'too_large') return { code: rpcCode.resourceExhausted, message }
  const code = outcome.status === 'overloaded' ? rpcCode.resourceExhausted : rpcCode.unavailable
  return { code, message, retryAfterMs: outcome.retryAfterMs }
}

function senderOf(call: ExportCall): Sender {
  const [agent] = call.metadata.get('user-agent')
  const address = call.getPeer().replace(/:\d+$/, '')
  return { receiver: RECEIVER, address, agent: String(agent ?? ''), identity: '' }
}

function refuse(answer: Answer, status: RpcStatus): void {
  const metadata = new Metadata()
  if (status.retryAfterMs !== undefined) {
    metadata.set('grpc-status-details-bin', encodeStatus('protobuf', status))
  }
  answer({ code: status.code, details: sendableText(status.message), metadata })
}
