// What a listener answers.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** A whole answer. */
export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** Why a request is refused; each has one HTTP status. */
export type RefusalCode = keyof typeof refusalStatus

/** The HTTP statuses of refusals (RFC 9110; 499 is never sent, as nobody is left to read it). */
export const refusalStatus = {
  malformed: 400,
  unauthenticated: 401,
  foreign_host: 403,
  not_found: 404,
  wrong_method: 405,
  timeout: 408,
  conflict: 409,
  length_required: 411,
  too_large: 413,
  wrong_type: 415,
  overloaded: 429,
  head_too_large: 431,
  aborted: 499,
  failed: 500,
  unavailable: 503,
} as const

/** A refusal, in no protocol's words yet. */
export interface Refusal {
  readonly code: RefusalCode
  /** What was wrong, with the value seen and the value wanted. */
  readonly message: string
  /** When to try again. */
  readonly retryAfterMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Whether an outcome is a refusal. */
export function isRefusal(outcome: Reply | Refusal): outcome is Refusal {
  return 'code' in outcome
}

/** An answer of JSON. */
export function jsonReply(status: number, value: unknown): Reply {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}

const titles: Readonly<Record<RefusalCode, string>> = {
  malformed: 'The request cannot be read',
  unauthenticated: 'It is not known who asks',
  foreign_host: 'The request is for another machine',
  not_found: 'There is nothing at this address',
  wrong_method: 'The method is not supported here',
  timeout: 'The request did not arrive in time',
  conflict: 'That cannot be done as things are',
  length_required: 'The length of the body is missing',
  too_large: 'The request is too large',
  wrong_type: 'The type of the body is not supported',
  overloaded: 'There is no room for the request now',
  head_too_large: 'The head of the request is too large',
  aborted: 'The request broke off',
  failed: 'The service failed',
  unavailable: 'The service cannot answer now',
}

/** A refusal as problem details (RFC 9457); `code` is for programs. */
export function problemDetails({ code, message, retryAfterMs }: Refusal): Reply {
  const status = refusalStatus[code]
  const problem = { type: 'about:blank', title: titles[code], status, code, detail: message }
  return {
    status,
    contentType: 'application/problem+json',
    body: `${JSON.stringify(problem)}\n`,
    headers: retryAfterMs === undefined ? {} : { 'Retry-After': retryAfterHeader(retryAfterMs) },
  }
}

/**
 * The header `Retry-After`, which has whole seconds: rounded by chance, so that those who were
 * refused together still come apart.
 */
export function retryAfterHeader(retryAfterMs: number): string {
  return String(Math.max(1, Math.floor(retryAfterMs / 1000 + Math.random())))
}

/** Sends an answer, unless one has begun or nobody is left. To HEAD goes the head alone. */
export function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  { body, contentType, headers, status }: Reply,
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
