// An address of the API, declared once: the route, its parameters and the form of its answer, from
// which the OpenAPI file comes.
import type { Exchange, Refusal, Reply } from '@wayward/base'
import type { Changes } from './changes.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Given, ParameterName } from './parameters.ts'
import type { Asker } from './table.ts'

/** A question that was asked over HTTP, its parameters read. */
export interface Question {
  readonly given: Given
  readonly asker: Asker
  /** Undefined where nothing can be changed. */
  readonly changes: Changes | undefined
  readonly nowNs: bigint
  readonly exchange: Exchange
}

/** An address of the API. */
export interface Endpoint {
  /** What is not read changes something, and needs the right to. @default GET */
  readonly method?: 'DELETE' | 'POST'
  /** With a colon before the parts that are parameters: `/api/v1/traces/:traceId`. */
  readonly path: string
  /** Its name in the OpenAPI file and for programs that are made from it. */
  readonly operation: string
  readonly summary: string
  /** Those of the path and those behind the question mark. */
  readonly parameters: readonly ParameterName[]
  /** What the body of a request is, where it has one. */
  readonly body?: string
  /** How long a client may take to send the body, where that is long. */
  readonly bodyTimeoutMs?: number
  /** @default JSON */
  readonly contentType?: string
  /** The form of the answer. */
  readonly schema: () => Promise<JsonSchema>
  /** @returns what is sent as JSON, bytes, a stream, or a refusal where there is no such thing */
  readonly answer: (question: Question) => Promise<object | Refusal>
}

/** An answer that is sent as it comes. */
export interface StreamAnswer {
  readonly contentType: string
  /** Undefined where it is no file to be kept. */
  readonly fileName?: string
  readonly chunks: AsyncIterable<Uint8Array | string>
}

/** Whether an answer is sent as it comes. */
export function isStreamAnswer(answer: object): answer is StreamAnswer {
  return 'chunks' in answer
}

/** An answer that is no JSON. */
export interface BytesAnswer {
  readonly contentType: string
  readonly body: Uint8Array
}

/** Whether an answer is no JSON. */
export function isBytesAnswer(answer: object): answer is BytesAnswer {
  return 'body' in answer && answer.body instanceof Uint8Array
}

/** Whether an answer refuses. */
export function isRefusalAnswer(answer: object): answer is Refusal {
  return 'code' in answer && 'message' in answer
}

/** Headers of every answer: what is shown is never markup, and never part of another page. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** A reply with those headers. */
export function safely(reply: Reply): Reply {
  return { ...reply, headers: { ...safeHeaders, ...reply.headers } }
}
