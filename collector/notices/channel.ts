import type { JobMessage } from './notice.ts'

/** What became of a message. What failed is tried again, for a day. */
export type SendOutcome =
  | { readonly status: 'sent' }
  | { readonly status: 'failed'; readonly message: string }

/** A way to tell people. */
export interface Channel {
  /** Never rejects; gives up by itself after some seconds. */
  send(message: JobMessage): Promise<SendOutcome>
}

/** How long a message may take. */
export const sendTimeoutMs = 10_000

/** The outcome of work that may throw. */
export async function outcomeOf(work: () => Promise<unknown>): Promise<SendOutcome> {
  try {
    await work()
    return { status: 'sent' }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined
    const why = error instanceof Error ? error.message : String(error)
    return { status: 'failed', message: cause === undefined ? why : `${why}: ${cause.message}` }
  }
}
