// Requests to the API of a service: of the data folder, or of an address.
import type { IncomingMessage } from 'node:http'
import { CommandError, type docsPages, exitCodes } from './command-error.ts'
import { readEndpoints } from './endpoints.ts'

/** How the service is found. */
export interface ServiceSettings {
  readonly dataDir: string
  readonly apiUrl: URL | undefined
  readonly apiToken: string | undefined
}

/** What is asked. */
export interface ServiceRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE' | 'POST'
  readonly path: string
  /** A body of JSON. @default none */
  readonly json?: string
  /** A body as it comes. @default none */
  readonly body?: NodeJS.ReadableStream
  /** Page of the docs for errors. */
  readonly page: (typeof docsPages)[number]
  /** @default as long as it takes */
  readonly timeoutMs?: number
}

const answerBytesMax = 256 * 1024 * 1024

/** The answer to a request, its head. @throws CommandError where nobody answers */
export async function askService(
  settings: ServiceSettings,
  asked: ServiceRequest,
): Promise<IncomingMessage> {
  const found = readEndpoints(settings.dataDir)
  const api = settings.apiUrl ?? found?.api
  if (api === undefined) {
    const message = `No service runs on "${settings.dataDir}"; start one with "wayward serve", or give --api-url`
    throw new CommandError(exitCodes.store, message, { page: asked.page })
  }
  const token = settings.apiToken ?? (settings.apiUrl === undefined ? found?.token : undefined)
  const url = new URL(asked.path, api)
  try {
    return await send(url, asked, {
      token,
      // The certificate of the folder's service need not be for the address at which it listens.
      isVerified: settings.apiUrl !== undefined,
    })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The service at ${url.origin} does not answer: ${why}`
    throw new CommandError(exitCodes.store, message, { cause, page: asked.page })
  }
}

async function send(
  url: URL,
  { body, json, method, timeoutMs }: ServiceRequest,
  { isVerified, token }: { readonly token: string | undefined; readonly isVerified: boolean },
): Promise<IncomingMessage> {
  const { request } = await import(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const options = {
    method,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(json === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }),
    },
    agent: false,
    rejectUnauthorized: isVerified,
    ...(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }),
  }
  return await new Promise((resolve, reject) => {
    const sent = request(url, options, resolve)
    sent.on('error', reject)
    if (body === undefined) sent.end(json)
    else body.on('error', (error) => sent.destroy(error)).pipe(sent)
  })
}

/** The JSON of an answer. @throws CommandError where it is none, or a refusal */
export async function readJson<Answer>(
  response: IncomingMessage,
  page: ServiceRequest['page'],
): Promise<Answer> {
  const status = response.statusCode ?? 0
  const text = await readText(response, page)
  if (status === 200) return JSON.parse(text) as Answer
  const code =
    status === 404 || status === 409 || status === 400 ? exitCodes.usage : exitCodes.store
  throw new CommandError(code, detailOf(text, status), { page })
}

async function readText(response: IncomingMessage, page: ServiceRequest['page']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > answerBytesMax) throw new Error('The answer is too large')
      chunks.push(chunk)
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(exitCodes.store, `The answer broke off: ${why}`, { cause, page })
  }
  return Buffer.concat(chunks).toString()
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
