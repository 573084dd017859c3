import type { IncomingMessage } from 'node:http'
import { type ByteBudget, heldBytes, isCrumbled } from '../byte-budget.ts'
import type { Refusal } from './reply.ts'

/** What a compressed body becomes. */
export type InflateOutcome =
  | { readonly status: 'inflated'; readonly body: Uint8Array }
  | { readonly status: 'too_large' }
  | { readonly status: 'corrupt'; readonly message: string }

/** The uncompressed bytes of a request, or why there are none. */
export type BodyOutcome =
  | {
      readonly status: 'read'
      readonly body: Uint8Array
      /** Gives the bytes back to the budget; to be called once, when the consumer has the body. */
      readonly release: () => void
    }
  | { readonly status: 'refused'; readonly refusal: Refusal }

/** Reads the bodies of HTTP requests within the limits. */
export interface HttpBodyReader {
  /** @param inflate undoes the compression; undefined where there is none */
  read(
    request: IncomingMessage,
    inflate: ((body: Uint8Array) => Promise<InflateOutcome>) | undefined,
  ): Promise<BodyOutcome>
}

/** What bodies may come to. */
export interface HttpBodySettings {
  readonly limits: { readonly requestBytesMax: number; readonly smallChunksMax: number }
  /** Bytes of all requests between the socket and those who use them. */
  readonly budget: ByteBudget
}

/** What a sender is told while there is no room for its bytes. */
export const noRoomMessage = 'The collector is receiving as many bytes as it may hold'
/** After which time it may try again. */
export const noRoomRetryAfterMs = 1_000

/** What a sender is told whose body comes in more chunks than a body can need. */
export const chunksMessage = 'The request comes in too many small chunks; send it in larger ones'

/** Creates a reader that keeps the budget. */
export function createHttpBodyReader({ budget, limits }: HttpBodySettings): HttpBodyReader {
  const { requestBytesMax, smallChunksMax } = limits
  const tooLarge: BodyOutcome = refused({
    code: 'too_large',
    message: `The request has more than ${requestBytesMax} bytes; send smaller batches`,
  })
  return {
    async read(request, inflate) {
      const received = await receive(request)
      if (received.status === 'refused' || inflate === undefined) return received
      const inflated = await inflate(received.body)
      received.release()
      if (inflated.status === 'too_large') return tooLarge
      if (inflated.status === 'corrupt') {
        const message = `The compressed body is corrupt: ${inflated.message}`
        return refused({ code: 'malformed', message })
      }
      const { body } = inflated
      if (!budget.reserve(body.byteLength)) return noRoom
      return { status: 'read', body, release: () => budget.release(body.byteLength) }
    },
  }

  /** The bytes as they come. A body that is over a limit is let go at once. */
  function receive(request: IncomingMessage): Promise<BodyOutcome> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let bytes = 0
      let heldInBudget = 0
      const finish = (outcome: BodyOutcome): void => {
        request.off('data', take).off('end', end).off('close', abort)
        if (outcome.status !== 'read') budget.release(heldInBudget)
        resolve(outcome)
      }
      const take = (chunk: Buffer): void => {
        if (bytes + chunk.length > requestBytesMax) finish(tooLarge)
        else if (isCrumbled(chunks.length, bytes, smallChunksMax)) finish(tooManyChunks)
        else if (!budget.reserve(heldBytes(chunk))) finish(noRoom)
        else {
          bytes += chunk.length
          heldInBudget += heldBytes(chunk)
          chunks.push(chunk)
        }
      }
      const end = (): void => {
        const body =
          chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
        finish({ status: 'read', body, release: () => budget.release(heldInBudget) })
      }
      const abort = (): void => finish(aborted)
      request.on('data', take).on('end', end).on('close', abort)
    })
  }
}

function refused(refusal: Refusal): BodyOutcome {
  return { status: 'refused', refusal }
}

const tooManyChunks = refused({
  code: 'too_large',
  message: chunksMessage,
  headers: { Connection: 'close' },
})
const noRoom = refused({
  code: 'overloaded',
  message: noRoomMessage,
  retryAfterMs: noRoomRetryAfterMs,
})
const aborted = refused({ code: 'aborted', message: 'The sender broke the request off' })
