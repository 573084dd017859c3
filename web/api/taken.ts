// A request out of an archive, stored: again and again while there is no room for it.
import type { ArchivedRequest, Taken } from '@wayward/convert'
import { setTimeout as sleep } from 'node:timers/promises'

/** What became of a request, as far as an import needs to know. */
export interface TakenOutcome {
  readonly status: 'accepted' | 'malformed' | 'overloaded' | 'unavailable'
  readonly message: string
  readonly rejectedItems?: number
  readonly retryAfterMs?: number
}

/** Takes a request by the way of all data. Never rejects. */
export type TakeRequest = (request: {
  readonly signal: ArchivedRequest['signal']
  readonly encoding: 'json'
  readonly body: Uint8Array
  readonly nonce: string
}) => Promise<TakenOutcome>

/** How long there may be no room. */
const retryForMs = 300_000
const pauseMs = 500

/** @throws Error where it is refused for good, or there is no room for minutes */
export async function toTaken(
  take: TakeRequest,
  { body, signal: kind }: ArchivedRequest,
  nonce: string,
  signal: AbortSignal,
): Promise<Taken> {
  const request = { signal: kind, encoding: 'json', body, nonce } as const
  const deadline = performance.now() + retryForMs
  for (;;) {
    signal.throwIfAborted()
    const outcome = await take(request)
    const { message, rejectedItems = 0, retryAfterMs = pauseMs, status } = outcome
    if (status === 'accepted') return { rejected: rejectedItems, message }
    if (status === 'malformed' || performance.now() > deadline) throw new Error(message)
    await sleep(Math.max(retryAfterMs, pauseMs), undefined, { signal })
  }
}
