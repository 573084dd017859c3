// Reads a stream of server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6).
import type { IncomingMessage } from 'node:http'

/** An event of a stream. */
export interface ServerEvent {
  /** `message` where the stream names none. */
  readonly name: string
  readonly data: string
  /** Of this event or the last one that had an id. */
  readonly lastEventId: string
}

/** A stream that was not opened. */
export class EventSourceError extends Error {
  /** The HTTP status; undefined where nobody answered. */
  readonly status: number | undefined

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EventSourceError'
    this.status = status
  }
}

export interface EventSourceRequest {
  readonly url: URL
  readonly token: string | undefined
  readonly lastEventId: string
  readonly signal: AbortSignal
  /** Whether the server must show a certificate for its address. */
  readonly isVerified: boolean
}

/** A silent server is given up: it sends a sign of life each 15 s. */
const silenceMsMax = 45_000
/** Of an error that is shown. */
const errorBytesMax = 16_384

/** Opens a stream. @throws EventSourceError */
export async function openEventSource(request: EventSourceRequest): Promise<IncomingMessage> {
  const { isVerified, lastEventId, signal, token, url } = request
  const { get } = await import(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const headers = {
    Accept: 'text/event-stream',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }),
  }
  const options = { headers, signal, rejectUnauthorized: isVerified, timeout: silenceMsMax }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = get(url, options, resolve)
    sent.on('error', (error: Error) =>
      reject(new EventSourceError(error.message, undefined, { cause: error })),
    )
    sent.on('timeout', () => sent.destroy(new Error('The service says nothing')))
  })
  if (response.statusCode === 200) return response
  throw new EventSourceError(await errorText(response), response.statusCode)
}

async function errorText(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    if (text.length > errorBytesMax) break
  }
  try {
    const problem: unknown = JSON.parse(text)
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) {
      return String(problem.detail)
    }
  } catch {
    // Somebody else answers there.
  }
  return `HTTP status ${response.statusCode}: ${text.slice(0, 200)}`
}

/** The events of a stream, as they come; ends when it ends, also where it breaks off. */
export async function* readEvents(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let name = ''
  let data: string[] = []
  let lastEventId = ''
  for await (const line of linesOf(stream)) {
    if (line === '') {
      if (data.length > 0) yield { name: name || 'message', data: data.join('\n'), lastEventId }
      name = ''
      data = []
      continue
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'data') data.push(value)
    else if (field === 'event') name = value
    else if (field === 'id') lastEventId = value
  }
}

async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
    }
  } catch (error) {
    // The connection broke: as at the end, the half event is thrown away.
    if (!(error instanceof Error)) throw error
  }
}
