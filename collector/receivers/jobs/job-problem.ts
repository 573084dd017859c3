// What is wrong with a request about jobs, as problem details (RFC 9457).
import { type Reply, retryAfterHeader } from '@wayward/base'
import type { RequestStatus } from '../../telemetry/telemetry.ts'
import type { FieldProblem } from './json-schema.ts'

const titles = {
  400: 'The request cannot be understood',
  404: 'There is nothing of this name',
  409: 'The request contradicts what is known',
  413: 'The request is too large',
  415: 'The type of the body is not supported',
  429: 'There is no room for the request now',
  503: 'The service cannot take the request now',
} as const

const counts: Readonly<Record<ProblemStatus, RequestStatus>> = {
  400: 'malformed',
  404: 'unsupported',
  409: 'malformed',
  413: 'too_large',
  415: 'unsupported',
  429: 'overloaded',
  503: 'unavailable',
}

type ProblemStatus = keyof typeof titles

/** A request that is refused. */
export class JobProblem extends Error {
  readonly status: ProblemStatus
  /** For programs. */
  readonly code: string
  readonly errors: readonly FieldProblem[]
  readonly retryAfterMs: number | undefined

  constructor(
    status: ProblemStatus,
    code: string,
    message: string,
    {
      errors = [],
      retryAfterMs,
    }: { readonly errors?: readonly FieldProblem[]; readonly retryAfterMs?: number } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.errors = errors
    this.retryAfterMs = retryAfterMs
  }

  /** As requests are counted. */
  get countedAs(): RequestStatus {
    return counts[this.status]
  }

  /** The answer in JSON. */
  toReply(): Reply {
    const { code, errors, message, retryAfterMs, status } = this
    const [first] = errors
    const problem = {
      type: 'about:blank',
      title: titles[status],
      status,
      code,
      detail: message,
      ...(first === undefined ? {} : { ...first, errors }),
    }
    return {
      status,
      contentType: 'application/problem+json',
      body: `${JSON.stringify(problem)}\n`,
      headers: retryAfterMs === undefined ? {} : { 'Retry-After': retryAfterHeader(retryAfterMs) },
    }
  }

  /** The answer for clients that show a line of text. */
  toTextReply(): Reply {
    const { message, retryAfterMs, status } = this
    return {
      status,
      contentType: 'text/plain; charset=utf-8',
      body: `${message}\n`,
      headers: retryAfterMs === undefined ? {} : { 'Retry-After': retryAfterHeader(retryAfterMs) },
    }
  }
}

/** A field of a body, path or query that is wrong. */
export function fieldProblem(errors: readonly FieldProblem[]): JobProblem {
  const [first] = errors
  const message =
    first === undefined
      ? 'The request is wrong'
      : `${first.field === '' ? 'The body' : `"${first.field}"`} is ${first.seen}; wanted is ${first.wanted}`
  return new JobProblem(400, 'wrong_field', message, { errors })
}
