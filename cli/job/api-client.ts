// Asks the API of a service.
import type { IncomingMessage } from 'node:http'
import { CommandError, type docsPages, exitCodes } from '../command-error.ts'
import { readEndpoints } from '../endpoints.ts'
import type { ReportClientSettings } from './report-client.ts'

const timeoutMs = 30_000
const answerBytesMax = 256 * 1024 * 1024

/** What is asked for besides a page. */
export interface ApiRequest {
  /** @default 'GET' */
  readonly method?: 'GET' | 'PUT' | 'DELETE'
  readonly body?: unknown
  /** Where the errors send people. @default 'jobs.md' */
  readonly page?: (typeof docsPages)[number]
}

/** The JSON at an address. @throws CommandError */
export async function getJson<Answer>(
  settings: ReportClientSettings,
  path: string,
  asked: ApiRequest = {},
): Promise<Answer> {
  const { page = 'jobs.md' } = asked
  const api = settings.apiUrl ?? readEndpoints(settings.dataDir)?.api
  if (api === undefined) {
    const message = `No service runs on "${settings.dataDir}"; start one with "wayward serve", or give --api-url`
    throw new CommandError(exitCodes.store, message, { page })
  }
  const url = new URL(path, api)
  let answer: { readonly status: number; readonly text: string }
  try {
    answer = await request(url, settings, asked)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The service at ${url.origin} does not answer: ${why}`
    throw new CommandError(exitCodes.store, message, { cause, page })
  }
  const { status, text } = answer
  if (status === 200) return JSON.parse(text) as Answer
  const code =
    status === 404 || status === 409 || status === 400 ? exitCodes.usage : exitCodes.store
  throw new CommandError(code, detailOf(text, status), { page })
}

async function request(
  url: URL,
  { apiToken, apiUrl }: ReportClientSettings,
  { body, method = 'GET' }: ApiRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  const http = await import(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const json = body === undefined ? undefined : JSON.stringify(body)
  const options = {
    method,
    headers: {
      ...(apiToken === undefined ? {} : { Authorization: `Bearer ${apiToken}` }),
      ...(json === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }),
    },
    agent: false,
    rejectUnauthorized: apiUrl !== undefined,
    signal: AbortSignal.timeout(timeoutMs),
  }
  return await new Promise((resolve, reject) => {
    const sent = http.request(url, options, (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > answerBytesMax) response.destroy(new Error('The answer is too large'))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
      })
    })
    sent.on('error', reject)
    sent.end(json)
  })
}

function detailOf(text: string, status: number): string {
  try {
    const problem: unknown = JSON.parse(text)
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) {
      return String(problem.detail)
    }
  } catch {
    // Somebody else answers there.
  }
  return `The service answers with status ${status}: ${text.slice(0, 200)}`
}
