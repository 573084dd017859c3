import { gunzip } from 'node:zlib'

/** The bytes of a gzip body, or why there are none. */
export type InflateOutcome =
  | { readonly status: 'inflated'; readonly body: Buffer }
  | { readonly status: 'too_large' }
  | { readonly status: 'corrupt'; readonly message: string }

/** Decompresses gzip, a few bodies at a time: a bomb costs at most `bytesMax`, many bombs a few times that. */
export interface Inflater {
  inflate(body: Uint8Array): Promise<InflateOutcome>
}

export function createInflater(bytesMax: number, concurrencyMax: number): Inflater {
  let running = 0
  const queue: (() => void)[] = []

  async function inflate(body: Uint8Array): Promise<InflateOutcome> {
    if (running >= concurrencyMax) await new Promise<void>((resolve) => queue.push(resolve))
    else running++
    try {
      return await gunzipWithin(body, bytesMax)
    } finally {
      // The place goes straight to the next in the queue, so that nobody overtakes.
      const next = queue.shift()
      if (next === undefined) running--
      else next()
    }
  }

  return { inflate }
}

/** zlib stops at the limit: what lies beyond it is never inflated. */
function gunzipWithin(body: Uint8Array, bytesMax: number): Promise<InflateOutcome> {
  return new Promise((resolve) => {
    const options = { maxOutputLength: bytesMax, chunkSize: 256 * 1024 }
    gunzip(body, options, (error, inflated) => {
      if (error === null) resolve({ status: 'inflated', body: inflated })
      else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
        resolve({ status: 'too_large' })
      else resolve({ status: 'corrupt', message: error.message })
    })
  })
}
