import type { IncomingMessage } from 'node:http'
import { heldBytes, isCrumbled } from '../pipeline/byte-budget.ts'
import type { Compression } from './compression.ts'
import type { ReceiverParts } from './receiver.ts'

/** The uncompressed bytes of a request, or why there are none. */
export type BodyOutcome =
  | {
      readonly status: 'read'
      readonly body: Uint8Array
      /** Gives the bytes back to the budget; to be called once, when the consumer has the body. */
      readonly release: () => void
    }
  | { readonly status: 'too_large' }
  | { readonly status: 'too_many_chunks' }
  | { readonly status: 'no_room' }
  | { readonly status: 'corrupt'; readonly message: string }
  | { readonly status: 'aborted' }

/** Reads the bodies of HTTP requests within the limits. */
export interface HttpBodyReader {
  /** @param compression undefined where the body is not compressed */
  read(request: IncomingMessage, compression: Compression | undefined): Promise<BodyOutcome>
}

type Parts = Pick<ReceiverParts, 'inflater' | 'requestBytes' | 'limits'>

export function createHttpBodyReader({ inflater, requestBytes, limits }: Parts): HttpBodyReader {
  return {
    async read(request, compression) {
      const received = await receive(request)
      if (received.status !== 'read' || compression === undefined) return received
      const inflated = await inflater.inflate(received.body, compression)
      received.release()
      if (inflated.status !== 'inflated') return inflated
      const { body } = inflated
      if (!requestBytes.reserve(body.byteLength)) return { status: 'no_room' }
      return { status: 'read', body, release: () => requestBytes.release(body.byteLength) }
    },
  }

  /**
   * The bytes as they come. A body that is over a limit is let go at once; the caller discards the
   * rest.
   */
  function receive(request: IncomingMessage): Promise<BodyOutcome> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let bytes = 0
      let heldInBudget = 0
      const finish = (outcome: BodyOutcome): void => {
        request.off('data', take).off('end', end).off('close', abort)
        if (outcome.status !== 'read') requestBytes.release(heldInBudget)
        resolve(outcome)
      }
      const take = (chunk: Buffer): void => {
        if (bytes + chunk.length > limits.requestBytesMax) finish({ status: 'too_large' })
        else if (isCrumbled(chunks.length, bytes, limits.smallChunksMax))
          finish({ status: 'too_many_chunks' })
        else if (!requestBytes.reserve(heldBytes(chunk))) finish({ status: 'no_room' })
        else {
          bytes += chunk.length
          heldInBudget += heldBytes(chunk)
          chunks.push(chunk)
        }
      }
      const end = (): void => {
        const body =
          chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
        finish({ status: 'read', body, release: () => requestBytes.release(heldInBudget) })
      }
      const abort = (): void => finish({ status: 'aborted' })
      request.on('data', take).on('end', end).on('close', abort)
    })
  }
}
