// One try of an export over real protocols, and what an OpenTelemetry exporter would make of its
// answer.
import { Agent, request as httpRequest } from 'node:http'
import { connect, constants } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import {
  Client,
  compressionAlgorithms,
  credentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { statusDetails } from '../collector/raw-grpc-client.ts'
import { decodeExportResponse, decodeStatus } from '../collector/receivers/rpc-status.ts'
import type { CrashSignal } from './crash-request.ts'

/**
 * - `accepted`: acknowledged, all of it.
 * - `retryable`: the exporter must try again, after `retryAfterMs` where the answer says so.
 * - `refused`: the exporter must drop the request. This also stands for a partial success.
 */
export type Attempt =
  | { readonly status: 'accepted' }
  | {
      readonly status: 'retryable'
      readonly reason: string
      readonly retryAfterMs: number | undefined
    }
  | { readonly status: 'refused'; readonly reason: string }

interface AttemptOptions {
  readonly timeoutMs: number
  /**
   * Milliseconds after the last byte at which the client destroys its connection; undefined: it
   * does not.
   */
  readonly breakAfterMs: number | undefined
}

/** A client's connection. */
export interface Transport {
  readonly encoding: 'protobuf' | 'json'
  send(signal: CrashSignal, body: Buffer, options: AttemptOptions): Promise<Attempt>
  close(): void
}

const services: Readonly<Record<CrashSignal, string>> = {
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
}

function grpcPath(signal: CrashSignal): string {
  return `/opentelemetry.proto.collector.${services[signal]}/Export`
}

/**
 * The codes that the OTLP specification calls retryable; RESOURCE_EXHAUSTED only with a RetryInfo.
 */
const retryableGrpcCodes = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
])
const retryableHttpStatuses = new Set([429, 502, 503, 504])

/**
 * OTLP/gRPC through grpc-js. A broken connection is a call of its own HTTP/2 session that is
 * destroyed.
 */
export function createGrpcTransport(port: number, id: number, isGzip: boolean): Transport {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    'grpc.max_send_message_length': -1,
    // A client that finds the service gone looks again at the next try, as its retries demand.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 300,
    // Clients with the same options would share one connection.
    'crash.client': id,
    ...(isGzip ? { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip } : {}),
  })
  const asItIs = (bytes: Buffer): Buffer => bytes
  return {
    encoding: 'protobuf',
    send(signal, body, { timeoutMs, breakAfterMs }) {
      if (breakAfterMs !== undefined) return sendAndBreak(port, signal, body, breakAfterMs)
      return new Promise((resolve) => {
        const options = { deadline: Date.now() + timeoutMs }
        client.makeUnaryRequest(grpcPath(signal), asItIs, asItIs, body, options, (error, answer) =>
          resolve(error === null ? toFull(answer ?? Buffer.alloc(0)) : fromGrpc(error)),
        )
      })
    },
    close: () => client.close(),
  }
}

/** A partial success that rejects nothing is a success with a remark. */
function toFull(answer: Buffer): Attempt {
  const { rejected = 0, errorMessage = '' } = decodeExportResponse(answer) ?? {}
  if (rejected === 0) return { status: 'accepted' }
  return { status: 'refused', reason: `a partial success: ${rejected} rejected, ${errorMessage}` }
}

function fromGrpc(error: ServiceError): Attempt {
  const details = statusDetails(error)
  const retryAfterMs = details === undefined ? undefined : decodeStatus(details).retryDelayMs
  const reason = `gRPC ${error.code} ${error.details}`
  const isExhausted = error.code === status.RESOURCE_EXHAUSTED && retryAfterMs !== undefined
  if (!isExhausted && !retryableGrpcCodes.has(error.code)) return { status: 'refused', reason }
  return { status: 'retryable', reason, retryAfterMs }
}

/**
 * Sends a whole gRPC request on a connection of its own and destroys that without waiting for the
 * answer.
 */
async function sendAndBreak(
  port: number,
  signal: CrashSignal,
  body: Buffer,
  breakAfterMs: number,
): Promise<Attempt> {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: grpcPath(signal),
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  stream.on('error', () => undefined)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(body.length, 1)
  await new Promise<void>((resolve) => {
    stream.once('close', resolve)
    stream.end(Buffer.concat([head, body]), resolve)
  })
  await sleep(breakAfterMs)
  session.destroy()
  return { status: 'retryable', reason: 'the client broke its connection', retryAfterMs: undefined }
}

/** OTLP/HTTP on a kept connection. */
export function createHttpTransport(
  port: number,
  encoding: 'protobuf' | 'json',
  isGzip: boolean,
): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    encoding,
    send(signal, body, options) {
      const bytes = isGzip ? gzipSync(body, { level: 1 }) : body
      return post(agent, { port, signal, encoding, isGzip }, bytes, options)
    },
    close: () => agent.destroy(),
  }
}

interface Target {
  readonly port: number
  readonly signal: CrashSignal
  readonly encoding: 'protobuf' | 'json'
  readonly isGzip: boolean
}

function post(
  agent: Agent,
  { port, signal, encoding, isGzip }: Target,
  bytes: Buffer,
  { timeoutMs, breakAfterMs }: AttemptOptions,
): Promise<Attempt> {
  return new Promise((resolve) => {
    const fail = (reason: string): void =>
      resolve({ status: 'retryable', reason, retryAfterMs: undefined })
    const request = httpRequest({
      agent,
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: `/v1/${signal}`,
      headers: {
        'Content-Type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
        'Content-Length': bytes.length,
        ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
      },
    })
    const timer = setTimeout(() => request.destroy(new Error('time-out')), timeoutMs)
    request.on('error', (error) => fail(error.message))
    request.on('close', () => {
      clearTimeout(timer)
      fail('the connection was closed')
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', (error) => fail(error.message))
      response.on('end', () => {
        const { statusCode = 0, headers } = response
        resolve(fromHttp(statusCode, headers['retry-after'], Buffer.concat(chunks), encoding))
      })
    })
    request.end(bytes, () => {
      if (breakAfterMs === undefined) return
      setTimeout(() => request.destroy(new Error('broken by the client')), breakAfterMs)
    })
  })
}

function fromHttp(
  code: number,
  retryAfter: string | undefined,
  answer: Buffer,
  encoding: 'protobuf' | 'json',
): Attempt {
  if (code === 200) return encoding === 'json' ? toFullOfJson(answer) : toFull(answer)
  const reason = `HTTP ${code}`
  if (!retryableHttpStatuses.has(code)) {
    return { status: 'refused', reason: `${reason} ${answer.toString('utf8')}` }
  }
  const seconds = Number(retryAfter)
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined
  return { status: 'retryable', reason, retryAfterMs }
}

function toFullOfJson(answer: Buffer): Attempt {
  const text = answer.toString('utf8')
  const rejected = Number(/"rejected\w+"\s*:\s*"?(\d+)/.exec(text)?.[1] ?? 0)
  if (rejected === 0) return { status: 'accepted' }
  return { status: 'refused', reason: `a partial success: ${text}` }
}
