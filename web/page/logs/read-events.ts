// Server-sent events, read with fetch: the browser's own EventSource can send no token. It goes on
// where it was broken off, as the standard says: with the id of the last event, after a pause.
import { fetchAsMe } from '../token.ts'

/** An event. */
export interface StreamEvent {
  /** `message` where the stream names none. */
  readonly type: string
  readonly data: string
}

const pauseMs = 3000

/** Reads until it is stopped. @returns stops it */
export function readEvents(
  address: string,
  take: (event: StreamEvent) => void,
  turn: (isOpen: boolean) => void,
): () => void {
  const gone = new AbortController()
  let lastId = ''
  const once = async (): Promise<void> => {
    const headers: Record<string, string> = lastId === '' ? {} : { 'Last-Event-ID': lastId }
    const response = await fetchAsMe(address, gone.signal, { headers })
    if (!response.ok || response.body === null) throw new Error(String(response.status))
    turn(true)
    for await (const event of eventsOf(response.body)) {
      if (event.id !== '') lastId = event.id
      if (event.data !== '') take(event)
    }
  }
  const run = async (): Promise<void> => {
    while (!gone.signal.aborted) {
      try {
        await once()
      } catch {
        // Told below: whatever it was, it is tried again.
      }
      if (gone.signal.aborted) return
      turn(false)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  // It never throws.
  void run()
  return () => gone.abort()
}

/** The events of the bytes of a stream. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<StreamEvent & { readonly id: string }> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader()
  let rest = ''
  for (;;) {
    const { done, value = '' } = await reader.read()
    if (done) return
    const parts = (rest + value).split(/\r?\n\r?\n/)
    rest = parts.pop() ?? ''
    for (const part of parts) yield eventOf(part)
  }
}

function eventOf(text: string): StreamEvent & { readonly id: string } {
  const of = (field: string): readonly string[] =>
    text
      .split(/\r?\n/)
      .filter((line) => line.startsWith(`${field}:`))
      .map((line) => line.slice(field.length + 1).replace(/^ /, ''))
  return {
    type: of('event').at(-1) ?? 'message',
    data: of('data').join('\n'),
    id: of('id').at(-1) ?? '',
  }
}
