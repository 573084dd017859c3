import type { InflateOutcome } from '@wayward/base'
import { type Compression, inflate } from './compression.ts'

/**
 * Decompresses a few bodies at a time: a bomb costs at most `bytesMax`, many bombs a few times
 * that.
 */
export interface Inflater {
  inflate(body: Uint8Array, compression: Compression): Promise<InflateOutcome>
}

export function createInflater(bytesMax: number, concurrencyMax: number): Inflater {
  let running = 0
  const queue: (() => void)[] = []

  return {
    async inflate(body, compression) {
      if (running >= concurrencyMax) await new Promise<void>((resolve) => queue.push(resolve))
      else running++
      try {
        return await inflate(compression, body, bytesMax)
      } finally {
        // The place goes straight to the next in the queue, so that nobody overtakes.
        const next = queue.shift()
        if (next === undefined) running--
        else next()
      }
    },
  }
}
