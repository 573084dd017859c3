// OTLP/HTTP: one request per POST, protobuf or JSON by its content type. Everything that is wrong
// is answered with a google.rpc.Status in the encoding of the request.
import {
  createDoor,
  createHttpBodyReader,
  type Door,
  type Exchange,
  type HttpBodyReader,
  pathOf,
  type Refusal,
  type RefusalCode,
  refusalStatus,
  type Reply,
  retryAfterHeader,
} from '@wayward/base'
import type { IncomingMessage } from 'node:http'
import { receiverListeners } from '../listeners.ts'
import type { ConsumeOutcome, Encoding, Sender, Signal } from '../consumer.ts'
import { countRequest, observeConnections, type RequestStatus } from '../telemetry/telemetry.ts'
import { type Compression, httpCompressions } from './compression.ts'
import { encodeExportResponse, encodeStatus, rpcCode } from './export-response.ts'
import { consumeRequest, type Receiver, type ReceiverParts } from './receiver.ts'

/** A request whose head is in order. */
interface ExportHead {
  readonly encoding: Encoding
  /** Undefined where the body is not compressed. */
  readonly compression: Compression | undefined
}

const receiverName = receiverListeners.otlpHttp.label
/** What is announced beyond this is no request. */
const announcedBytesMax = 2 ** 40
const signals: Readonly<Record<string, Signal>> = {
  '/v1/traces': 'traces',
  '/v1/logs': 'logs',
  '/v1/metrics': 'metrics',
}
const contentTypes: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}
const http2Message =
  'This is gRPC or HTTP/2, which is not spoken here; send it to the address of OTLP/gRPC ' +
  '(--otlp-grpc, port 4317 by default), or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'

/** Refusals in gRPC's codes, and as requests are counted. */
const refusals: Readonly<
  Record<RefusalCode, { readonly rpc: number; readonly count: RequestStatus }>
> = {
  malformed: { rpc: rpcCode.invalidArgument, count: 'malformed' },
  unauthenticated: { rpc: rpcCode.unauthenticated, count: 'unauthenticated' },
  foreign_host: { rpc: rpcCode.unauthenticated, count: 'unauthenticated' },
  not_found: { rpc: rpcCode.notFound, count: 'unsupported' },
  wrong_method: { rpc: rpcCode.unimplemented, count: 'unsupported' },
  timeout: { rpc: rpcCode.deadlineExceeded, count: 'timeout' },
  conflict: { rpc: rpcCode.invalidArgument, count: 'unsupported' },
  length_required: { rpc: rpcCode.invalidArgument, count: 'unsupported' },
  too_large: { rpc: rpcCode.resourceExhausted, count: 'too_large' },
  wrong_type: { rpc: rpcCode.invalidArgument, count: 'unsupported' },
  overloaded: { rpc: rpcCode.resourceExhausted, count: 'overloaded' },
  head_too_large: { rpc: rpcCode.invalidArgument, count: 'malformed' },
  aborted: { rpc: rpcCode.invalidArgument, count: 'aborted' },
  failed: { rpc: rpcCode.internal, count: 'aborted' },
  unavailable: { rpc: rpcCode.unavailable, count: 'unavailable' },
}

/** Creates the receiver; it does not listen before `start`. */
export function createOtlpHttpReceiver(parts: ReceiverParts): Receiver {
  const { access, cors, limits, mixUpLog, requestBytes, telemetry, time, tls } = parts
  const bodies = createHttpBodyReader({ budget: requestBytes, limits })
  const routes = Object.entries(signals).map(([path, signal]) => ({
    path,
    methods: ['POST'],
    takesBody: true,
    handle: (exchange: Exchange) => receive(exchange, signal, bodies, parts),
  }))
  const door: Door = createDoor({
    access,
    cors,
    limits,
    routes: [...routes, ...(parts.moreRoutes ?? [])],
    time,
    tls,
    http2Message,
    toReply: toStatus,
    onRefused(refusal, request, identity) {
      const { message } = refusal
      const refused = { bytes: announcedBytes(request), message }
      const sender = senderOf(request, identity)
      const { count } = refusals[refusal.code]
      countRequest(telemetry, sender, signals[pathOf(request)], count, refused)
    },
    onGarbage({ code, message }, address) {
      const sender = { receiver: receiverName, address, agent: '', identity: '' } as const
      countRequest(telemetry, sender, undefined, refusals[code].count, { message })
      if (message === http2Message) mixUpLog.note(receiverName, address, message)
    },
  })
  observeConnections(telemetry, receiverName, door.connections)
  return door
}

async function receive(
  { allowBody, authorization, request }: Exchange,
  signal: Signal,
  bodies: HttpBodyReader,
  parts: ReceiverParts,
): Promise<Reply | Refusal | undefined> {
  const head = checkHead(request, parts.limits.requestBytesMax)
  if ('code' in head) return head
  const { compression, encoding } = head
  // Before the body: of a connection that broke nobody knows the address.
  const identity = authorization.status === 'allowed' ? authorization.identity : ''
  const sender = senderOf(request, identity)
  allowBody()
  const inflate =
    compression === undefined
      ? undefined
      : (body: Uint8Array) => parts.inflater.inflate(body, compression)
  const read = await bodies.read(request, inflate)
  if (read.status === 'refused') return read.refusal
  const consumed = consumeRequest(parts, { signal, encoding, body: read.body, sender })
  read.release()
  return answerTo(await consumed, signal, encoding)
}

/** What was consumed is counted already: a refusal of it goes out as a plain answer. */
function answerTo(outcome: ConsumeOutcome, signal: Signal, encoding: Encoding): Reply {
  const contentType = contentTypes[encoding]
  if (outcome.status === 'accepted') {
    const { message, rejectedItems } = outcome
    const body = encodeExportResponse(signal, encoding, rejectedItems, message)
    return { status: 200, contentType, body }
  }
  const { message, status: code } = outcome
  return toStatus(
    outcome.status === 'malformed'
      ? { code, message }
      : { code, message, retryAfterMs: outcome.retryAfterMs },
    undefined,
    encoding,
  )
}

/** A refusal as google.rpc.Status, in the encoding of the request (OTLP 1.10, failures). */
function toStatus(
  { code, message, retryAfterMs }: Refusal,
  request?: IncomingMessage,
  encoding: Encoding = (request === undefined ? undefined : encodingOf(request)) ?? 'json',
): Reply {
  const status = {
    code: refusals[code].rpc,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  return {
    status: refusalStatus[code],
    contentType: contentTypes[encoding],
    body: encodeStatus(encoding, status),
    headers: retryAfterMs === undefined ? {} : { 'Retry-After': retryAfterHeader(retryAfterMs) },
  }
}

/** Checks what the head asks for. */
function checkHead(request: IncomingMessage, bytesMax: number): ExportHead | Refusal {
  const { headers } = request
  const encoding = encodingOf(request)
  if (encoding === undefined) {
    const wanted = `send ${contentTypes.protobuf} or ${contentTypes.json}`
    const message = `Content-Type is "${headers['content-type'] ?? ''}"; ${wanted}`
    return { code: 'wrong_type', message }
  }
  const name = (headers['content-encoding'] ?? '').trim().toLowerCase()
  const compression = httpCompressions.get(name)
  if (compression === undefined && name !== '' && name !== 'identity') {
    const names = [...httpCompressions.keys()].join(', ')
    const message = `Content-Encoding is "${name}"; send one of ${names}, or none`
    return { code: 'wrong_type', message, headers: { 'Accept-Encoding': names } }
  }
  const length = headers['content-length']
  if (length === undefined && headers['transfer-encoding'] === undefined) {
    const message = 'The length of the body is missing; send Content-Length or chunks'
    return { code: 'length_required', message }
  }
  if (Number(length ?? 0) > bytesMax) {
    const message = `The request has more than ${bytesMax} bytes; send smaller batches`
    return { code: 'too_large', message }
  }
  return { encoding, compression }
}

/** The encoding that the content type names, whatever its case and parameters. */
function encodingOf(request: IncomingMessage): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === contentTypes.protobuf) return 'protobuf'
  return type === contentTypes.json ? 'json' : undefined
}

/** Bytes of the body as its head announces them; 0 where it does not, or announces nonsense. */
function announcedBytes(request: IncomingMessage): number {
  const bytes = Number(request.headers['content-length'] ?? 0)
  return bytes < announcedBytesMax ? bytes : 0
}

function senderOf(request: IncomingMessage, identity: string): Sender {
  const address = request.socket.remoteAddress ?? ''
  return { receiver: receiverName, address, agent: request.headers['user-agent'] ?? '', identity }
}
