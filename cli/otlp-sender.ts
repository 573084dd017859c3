// Sends requests over OTLP/HTTP, once or until they are taken.
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError, exitCodes } from './command-error.ts'
import type { Terminal } from './terminal.ts'

const attemptTimeoutMs = 60_000
/** How long a service may be away or full. */
const retryForMs = 300_000
const retryMsMin = 500
const retryMsMax = 10_000
const shownMax = 300
/**
 * Statuses after which a request may be taken another time: those of OTLP (1.9, "Retryable Response
 * Codes") and what proxies and servers say in passing.
 */
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** What became of a request. */
export interface Sent {
  /** Items that the receiver did not take, with its words. */
  readonly rejected: number
  readonly message: string
}

/** What one try came to. */
export type OtlpOutcome =
  | ({ readonly status: 'sent' } & Sent)
  | { readonly status: 'later' | 'refused'; readonly message: string; readonly afterMs: number }

/** Sends to an OTLP/HTTP endpoint. */
export interface OtlpSender {
  /** @throws CommandError where the receiver refuses, or does not take it for minutes */
  send(request: OtlpRequest): Promise<Sent>
}

/** A request of a signal: `traces`, `logs` or `metrics`. */
export interface OtlpRequest {
  readonly signal: string
  readonly body: string | Uint8Array<ArrayBuffer>
}

/**
 * @param endpoint see `otlpUrl`
 * @param terminal its OTEL_EXPORTER_OTLP_HEADERS has what is to be sent along, such as a token; it
 *   is told once that the receiver does not take anything now
 */
export function createOtlpSender(
  endpoint: URL,
  { env, note }: Pick<Terminal, 'env' | 'note'>,
  contentType: 'application/json' | 'application/x-protobuf' = 'application/json',
): OtlpSender {
  const headers = { ...headersOf(env), 'content-type': contentType }
  let isTold = false
  return {
    async send({ body, signal }) {
      const url = otlpUrl(endpoint, signal)
      const deadline = performance.now() + retryForMs
      for (let waitMs = retryMsMin; ; waitMs = Math.min(2 * waitMs, retryMsMax)) {
        const outcome = await postOtlp(url, { headers, body, timeoutMs: attemptTimeoutMs })
        if (outcome.status === 'sent') return outcome
        if (outcome.status === 'refused' || performance.now() + waitMs > deadline) {
          throw new CommandError(exitCodes.store, outcome.message)
        }
        if (!isTold) note(`${outcome.message}; trying again for ${retryForMs / 60_000} minutes`)
        isTold = true
        await sleep(Math.max(waitMs, outcome.afterMs))
      }
    },
  }
}

/** Where an endpoint takes a signal (OTLP 1.9, "OTLP/HTTP Request"). */
export function otlpUrl(endpoint: URL, signal: string): URL {
  return new URL(`${endpoint.pathname.replace(/\/$/, '')}/v1/${signal}`, endpoint)
}

/** Sends a request once. Never rejects. */
export async function postOtlp(
  url: URL,
  {
    body,
    headers,
    timeoutMs,
  }: {
    readonly body: string | Uint8Array<ArrayBuffer>
    readonly headers: Readonly<Record<string, string>>
    readonly timeoutMs: number
  },
): Promise<OtlpOutcome> {
  let response: Response
  let text: string
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' })
    text = await response.text()
  } catch (error) {
    const { cause, message } = error instanceof Error ? error : new Error(String(error))
    const why = cause instanceof Error ? cause.message : message
    return { status: 'later', message: `Cannot send to ${url.href}: ${why}`, afterMs: 0 }
  }
  if (response.ok) return { status: 'sent', ...partOf(text) }
  const message = `${url.href} answered ${response.status}: ${text.trim().slice(0, shownMax)}`
  const seconds = Number(response.headers.get('retry-after') ?? 0)
  const afterMs = Number.isFinite(seconds) ? Math.min(seconds * 1000, retryMsMax) : 0
  return { status: passing.has(response.status) ? 'later' : 'refused', message, afterMs }
}

/** The partial success of an answer (OTLP 1.9, "Partial Success"). */
function partOf(text: string): Sent {
  try {
    const { partialSuccess = {} } = JSON.parse(text) as {
      partialSuccess?: Readonly<Record<string, unknown>>
    }
    const [rejected = 0] = Object.entries(partialSuccess)
      .filter(([name]) => name.startsWith('rejected'))
      .map(([, value]) => Number(value))
    const said = partialSuccess['errorMessage']
    return { rejected, message: typeof said === 'string' ? said : '' }
  } catch {
    return { rejected: 0, message: '' }
  }
}

/** `key=value`, divided by commas (OpenTelemetry, "OTLP Exporter Configuration"). */
function headersOf(env: Terminal['env']): Record<string, string> {
  const text = env['OTEL_EXPORTER_OTLP_HEADERS'] ?? ''
  return Object.fromEntries(
    text
      .split(',')
      .map((pair) => [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1)])
      .filter(([key]) => key !== '')
      .map(([key = '', value = '']) => [key, decodeURIComponent(value.trim())]),
  )
}
