// Into any back end that speaks OTLP, over HTTP or gRPC.
import { connect } from 'node:http2'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Signal } from '../../consumer.ts'
import { type Endpoint, type SendOutcome, sent } from '../endpoint.ts'
import { post } from '../http-post.ts'
import { toJsonLine } from '../item-text.ts'
import { toRequestBody } from '../item-request.ts'
import type { RequestOrigin, RoutedItem } from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

const paths: Readonly<Record<Signal, string>> = {
  traces: '/v1/traces',
  logs: '/v1/logs',
  metrics: '/v1/metrics',
}
const methods: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
}
const signals: readonly Signal[] = ['traces', 'logs', 'metrics']
const compress = promisify(gzip)

/** Sends a request of one signal. */
export type OtlpSender = (
  signal: Signal,
  body: Uint8Array,
  abort: AbortSignal,
) => Promise<SendOutcome>

/** Makes the endpoint: `url`, `protocol` (http or grpc), `headers`, `gzip`. */
export function createOtlpEndpoint(settings: SettingReader): Endpoint {
  const url = settings.url('url')
  const protocol = settings.choice('protocol', ['http', 'grpc'], 'http')
  const headers = settings.texts('headers')
  const isGzip = settings.flag('gzip', false)
  const send = protocol === 'grpc' ? grpcSender(url, headers) : httpSender(url, headers, isGzip)
  /** Of a batch that is tried again, how many of its requests were taken. */
  const done = new WeakMap<readonly RoutedItem[], number>()
  return {
    takesWhole: true,
    render: (items) => items.map(toJsonLine).join('\n'),
    async send(items, abort) {
      const requests = toRequests(items)
      for (let index = done.get(items) ?? 0; index < requests.length; index++) {
        const { make, signal } = requests[index] as Request
        const outcome = await send(signal, make(), abort)
        if (outcome.status !== 'sent') return outcome
        done.set(items, index + 1)
      }
      return sent
    },
  }
}

interface Request {
  readonly signal: Signal
  readonly make: () => Uint8Array
}

/** Requests of which all is here go as they came; the rest is put together anew. */
function toRequests(items: readonly RoutedItem[]): readonly Request[] {
  const byRequest = new Map<RequestOrigin, RoutedItem[]>()
  for (const item of items) {
    const { request } = item.origins
    const list = byRequest.get(request)
    if (list === undefined) byRequest.set(request, [item])
    else list.push(item)
  }
  const requests: Request[] = []
  const rest: RoutedItem[] = []
  for (const [{ items: count, whole }, list] of byRequest) {
    const [first] = list
    if (whole !== undefined && list.length === count && first !== undefined) {
      requests.push({ signal: first.signal, make: () => whole })
    } else rest.push(...list)
  }
  for (const signal of signals) {
    const own = rest.filter((item) => item.signal === signal)
    if (own.length > 0) requests.push({ signal, make: () => toRequestBody(signal, own) })
  }
  return requests
}

function httpSender(
  url: URL,
  headers: Readonly<Record<string, string>>,
  isGzip: boolean,
): OtlpSender {
  const base = url.href.replace(/\/+$/, '')
  return async (signal, body, abort) => {
    const coding = isGzip ? { 'Content-Encoding': 'gzip' } : {}
    return await post(
      {
        url: `${base}${paths[signal]}`,
        headers: { ...headers, ...coding, 'Content-Type': 'application/x-protobuf' },
        body: isGzip ? await compress(body) : body,
      },
      abort,
    )
  }
}

/** The statuses of gRPC after which OTLP lets a client try again. */
const passing: ReadonlySet<string> = new Set(['1', '4', '8', '10', '11', '14', '15'])

/** A unary call by hand: five bytes of head before the message, the status in the trailers. */
function grpcSender(url: URL, headers: Readonly<Record<string, string>>): OtlpSender {
  return (signal, body, abort) =>
    new Promise((resolve, reject) => {
      const session = connect(url.origin)
      const fail = (error: Error): void => {
        session.destroy()
        reject(error)
      }
      session.once('error', fail)
      abort.addEventListener('abort', () => fail(new Error('No answer in time')), { once: true })
      const stream = session.request({
        ...lowerCase(headers),
        ':method': 'POST',
        ':path': methods[signal],
        'content-type': 'application/grpc+proto',
        te: 'trailers',
      })
      let status = ''
      let message = ''
      const note = (fields: Readonly<Record<string, unknown>>): void => {
        const { 'grpc-message': text, 'grpc-status': code } = fields
        if (typeof code === 'string' || typeof code === 'number') status = String(code)
        if (typeof text === 'string') message = text
      }
      stream.on('response', note)
      stream.on('trailers', note)
      stream.once('error', fail)
      stream.resume()
      stream.once('close', () => {
        session.close()
        resolve(toOutcome(url, status, message))
      })
      const head = Buffer.alloc(5)
      head.writeUInt32BE(body.length, 1)
      stream.end(Buffer.concat([head, body]))
    })
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([key, one]) => [key.toLowerCase(), one]))
}

function toOutcome({ host }: URL, status: string, text: string): SendOutcome {
  if (status === '0') return sent
  const said = decodeSafely(text)
  const message = `${host} answers with gRPC status ${status === '' ? 'none' : status}: ${said}`
  const isPassing = status === '' || passing.has(status)
  return { status: isPassing ? 'retryable' : 'failure', message }
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not percent-encoded.
    return text
  }
}
