// Sends reports of a run to the service, one after the other.
import type { IncomingMessage } from 'node:http'
import { readEndpoints } from '../endpoints.ts'
import type { ServiceSettings } from '../service-request.ts'

/** A report, as it is sent and as it waits. */
export interface Report {
  readonly method: 'POST' | 'PATCH'
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * What became of a report.
 *
 * - `kept`: the service has it.
 * - `away`: it may have it later.
 * - `refused`: it never will.
 */
export type SendOutcome =
  | { readonly status: 'kept' }
  | { readonly status: 'away' | 'refused'; readonly message: string }

/** Sends reports. */
export interface ReportClient {
  /** Never rejects. */
  send(report: Report): Promise<SendOutcome>
}

const sendTimeoutMs = 5_000
const answerBytesMax = 4_096
/** Statuses that say that the same report may be taken later. */
const laterStatuses: ReadonlySet<number> = new Set([401, 403, 408, 425, 429])

/** Makes a client. */
export function createReportClient(settings: ServiceSettings): ReportClient {
  return {
    async send(report) {
      const api = settings.apiUrl ?? readEndpoints(settings.dataDir)?.api
      if (api === undefined) {
        const message = `No service runs on "${settings.dataDir}"; start one, or give --api-url`
        return { status: 'away', message }
      }
      try {
        const { status, text } = await request(new URL(report.path, api), report, settings)
        if (status >= 200 && status < 300) return { status: 'kept' }
        const isLater = status >= 500 || laterStatuses.has(status)
        return { status: isLater ? 'away' : 'refused', message: `${status}: ${text}` }
      } catch (error) {
        return { status: 'away', message: error instanceof Error ? error.message : String(error) }
      }
    },
  }
}

async function request(
  url: URL,
  { body, method }: Report,
  { apiToken, apiUrl }: ServiceSettings,
): Promise<{ readonly status: number; readonly text: string }> {
  const http = await import(url.protocol === 'https:' ? 'node:https' : 'node:http')
  // The clock that the times of the report are by: a wrong one is put right by it.
  const json = JSON.stringify({ ...body, sentAt: new Date().toISOString() })
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(json),
    ...(apiToken === undefined ? {} : { Authorization: `Bearer ${apiToken}` }),
  }
  const options = {
    method,
    headers,
    agent: false,
    // The certificate of a service on this machine need not be for the address at which it listens.
    rejectUnauthorized: apiUrl !== undefined,
    signal: AbortSignal.timeout(sendTimeoutMs),
  }
  return await new Promise((resolve, reject) => {
    const sent = http.request(url, options, (response: IncomingMessage) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (text.length < answerBytesMax) text += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: detailOf(text) }))
    })
    sent.on('error', reject)
    sent.end(json)
  })
}

function detailOf(text: string): string {
  try {
    const problem: unknown = JSON.parse(text)
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) {
      return String(problem.detail)
    }
  } catch {
    // Somebody else answers there.
  }
  return text.slice(0, 200)
}
