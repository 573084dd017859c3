// A request over HTTP, and what its answer means for a batch.
import { type SendOutcome, sent } from './endpoint.ts'

/** What is sent. */
export interface HttpPost {
  readonly url: URL | string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly method?: string
}

const shownMax = 200
/** Statuses after which a batch may be tried again. */
const passing: ReadonlySet<number> = new Set([408, 425, 429])

/** Sends a request. Rejects where there is no answer. */
export async function post(
  { body, headers, method = 'POST', url }: HttpPost,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const response = await fetch(url, {
    method,
    headers,
    body: typeof body === 'string' ? body : Buffer.from(body),
    signal,
    redirect: 'manual',
  })
  const text = await readShort(response)
  if (response.ok) return sent
  const message = `${new URL(url).host} answers ${response.status}${text === '' ? '' : `: ${text}`}`
  if (response.status < 500 && !passing.has(response.status)) return { status: 'failure', message }
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfterMs = Number.isFinite(seconds) ? Math.min(seconds, 300) * 1000 : 0
  return { status: 'retryable', message, retryAfterMs }
}

/** The beginning of an answer; an endless one is cut. */
async function readShort(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  let text = ''
  const decoder = new TextDecoder()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text.trim().slice(0, shownMax)
    text += decoder.decode(value as Uint8Array, { stream: true })
    if (text.length > shownMax) {
      await reader.cancel()
      return text.trim().slice(0, shownMax)
    }
  }
}
