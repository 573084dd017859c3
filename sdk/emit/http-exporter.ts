// OTLP over HTTP with protobuf, for collectors and gateways that do not speak gRPC. OpenTelemetry's
// own exporter tries again by itself, on timers that hold a process which has nothing else to do;
// here the queue in front tries again, so that there is one rule for both protocols. An export is
// one request.
import { readFileSync } from 'node:fs'
import {
  type Agent,
  Agent as HttpAgent,
  type ClientRequest,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { gzip } from 'node:zlib'
import { diag } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { type HttpExporterSettings, httpExporterSettings } from '../process/environment.ts'

/** How a batch becomes bytes; OpenTelemetry's serializers have this form. */
export interface BatchSerializer<T> {
  serializeRequest(items: T[]): Uint8Array | undefined
}

export interface HttpExporter<T> {
  export(items: T[], onResult: (result: ExportResult) => void): void
  forceFlush(): Promise<void>
  /** Closes the connections that are idle. */
  shutdown(): Promise<void>
  /** Breaks off what is under way: nothing of ours holds the process after this. */
  abandon(): void
}

/** Why an export failed; `code` is the one of gRPC that the queue decides by. */
class HttpExportError extends Error {
  readonly code: number

  constructor(message: string, isRetryable: boolean) {
    super(message)
    this.name = 'HttpExportError'
    this.code = isRetryable ? unavailable : invalidArgument
  }
}

const invalidArgument = 3
const unavailable = 14
/** What OTLP/HTTP lets a client try again (OTLP 1.10, "Retryable Response Codes"). */
const retryableStatus: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** Of an answer, for the diagnostics. */
const answerBytesMax = 4096

/**
 * @param given the collector's address, to which the signal's path is added; else the environment's
 */
export function createHttpExporter<T>(
  signal: 'TRACES' | 'LOGS',
  serializer: BatchSerializer<T>,
  given: string | undefined,
): HttpExporter<T> {
  const settings = httpExporterSettings(signal, given)
  const url = new URL(settings.url)
  const isTls = url.protocol === 'https:'
  const agent = createAgent(isTls, settings)
  const underWay = new Set<ClientRequest>()

  function post(body: Buffer, onResult: (result: ExportResult) => void): void {
    let isDone = false
    const finish = (error?: Error): void => {
      if (isDone) return
      isDone = true
      underWay.delete(request)
      onResult(
        error === undefined
          ? { code: ExportResultCode.SUCCESS }
          : { code: ExportResultCode.FAILED, error },
      )
    }
    const send = isTls ? requestHttps : requestHttp
    const request = send(url, {
      method: 'POST',
      agent,
      timeout: settings.timeoutMs,
      headers: { ...settings.headers, ...headersOf(settings), 'Content-Length': body.length },
    })
    underWay.add(request)
    // What is under way holds no process; also a TLS socket, which Node does not publish.
    request.on('socket', (socket) => void socket.unref())
    request.on('timeout', () => {
      request.destroy(new Error(`no answer in ${settings.timeoutMs} ms`))
    })
    // Before an answer nobody knows what became of it: it is tried again.
    request.on('error', (error) =>
      finish(new HttpExportError(`${url.href}: ${error.message}`, true)),
    )
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= answerBytesMax) chunks.push(chunk)
      })
      response.on('error', (error) => finish(new HttpExportError(error.message, true)))
      response.on('end', () => {
        const status = response.statusCode ?? 0
        if (status >= 200 && status < 300) return finish()
        const text = Buffer.concat(chunks)
          .toString()
          .replaceAll(/[^ -~]+/g, ' ')
          .trim()
        const message = `${url.href} answered ${status}: ${text}`
        finish(new HttpExportError(message, retryableStatus.has(status)))
      })
    })
    request.end(body)
  }

  return {
    export(items, onResult) {
      const bytes = serializer.serializeRequest(items)
      if (bytes === undefined) {
        onResult({ code: ExportResultCode.FAILED, error: new Error('Cannot write the batch') })
        return
      }
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      if (!settings.isGzip) return post(body, onResult)
      gzip(body, (error, zipped) => post(error === null ? zipped : body, onResult))
    },
    forceFlush: async () => undefined,
    async shutdown() {
      agent.destroy()
    },
    abandon() {
      for (const request of underWay) request.destroy(new Error('abandoned'))
      agent.destroy()
    },
  }
}

function headersOf({ isGzip }: HttpExporterSettings): Record<string, string> {
  return {
    'Content-Type': 'application/x-protobuf',
    'User-Agent': 'wayward-sdk OTel-OTLP-Exporter-JavaScript',
    ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
  }
}

function createAgent(
  isTls: boolean,
  { certificate, clientKey, clientCertificate }: HttpExporterSettings,
): Agent {
  const options = { keepAlive: true, maxSockets: 1 }
  if (!isTls) return new HttpAgent(options)
  return new HttpsAgent({
    ...options,
    ...fileAs('ca', certificate),
    ...fileAs('key', clientKey),
    ...fileAs('cert', clientCertificate),
  })
}

function fileAs(name: 'ca' | 'key' | 'cert', path: string | undefined): Record<string, Buffer> {
  if (path === undefined) return {}
  try {
    return { [name]: readFileSync(path) }
  } catch (error) {
    diag.warn(`Cannot read "${path}" for TLS to the collector; going on without it`, error)
    return {}
  }
}
