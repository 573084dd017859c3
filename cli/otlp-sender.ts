// Sends requests of OTLP/JSON, and tries again what may be taken later.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ArchivedRequest } from '@wayward/convert'
import { CommandError, exitCodes } from './command-error.ts'
import type { Terminal } from './terminal.ts'

const attemptTimeoutMs = 60_000
/** How long a service may be away or full. */
const retryForMs = 300_000
const retryMsMin = 500
const retryMsMax = 10_000
const shownMax = 300

/** What became of a request. */
export interface Sent {
  /** Items that the receiver did not take, with its words. */
  readonly rejected: number
  readonly message: string
}

/** Sends to an OTLP/HTTP endpoint. */
export interface OtlpSender {
  /** @throws CommandError where the receiver refuses, or does not take it for minutes */
  send(request: ArchivedRequest): Promise<Sent>
}

/**
 * @param endpoint its paths end in /v1/traces and so on (OTLP 1.9, "OTLP/HTTP Request")
 * @param env OTEL_EXPORTER_OTLP_HEADERS has what is to be sent along, such as a token
 */
export function createOtlpSender(endpoint: URL, env: Terminal['env']): OtlpSender {
  const headers = { 'Content-Type': 'application/json', ...headersOf(env) }
  return {
    async send({ body, signal }) {
      const url = new URL(`${endpoint.pathname.replace(/\/$/, '')}/v1/${signal}`, endpoint)
      const deadline = performance.now() + retryForMs
      for (let waitMs = retryMsMin; ; waitMs = Math.min(2 * waitMs, retryMsMax)) {
        const outcome = await attempt(url, headers, body)
        if (outcome.status === 'sent') return outcome
        if (outcome.status === 'refused' || performance.now() + waitMs > deadline) {
          throw new CommandError(exitCodes.store, `${url.href}: ${outcome.message}`)
        }
        await sleep(Math.max(waitMs, outcome.afterMs))
      }
    },
  }
}

type Outcome =
  | ({ readonly status: 'sent' } & Sent)
  | { readonly status: 'later' | 'refused'; readonly message: string; readonly afterMs: number }

async function attempt(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Outcome> {
  let response: Response
  let text: string
  try {
    const signal = AbortSignal.timeout(attemptTimeoutMs)
    response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' })
    text = await response.text()
  } catch (error) {
    const { cause, message } = error instanceof Error ? error : new Error(String(error))
    const why = cause instanceof Error ? cause.message : message
    return { status: 'later', message: `does not answer: ${why}`, afterMs: 0 }
  }
  if (response.ok) return { status: 'sent', ...partOf(text) }
  const message = `answers ${response.status}: ${text.trim().slice(0, shownMax)}`
  const isLater = response.status === 429 || response.status >= 502
  const seconds = Number(response.headers.get('retry-after') ?? 0)
  const afterMs = Number.isFinite(seconds) ? Math.min(seconds * 1000, retryMsMax) : 0
  return { status: isLater ? 'later' : 'refused', message, afterMs }
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
