import type { Logger } from '@wayward/base'

/** What a service is made of, while it is put together and when it is stopped. */
export interface Parts {
  /** The part, from now on stopped with the others, before those that were there before it. */
  add<Part>(part: Part, stop: (part: Part) => Promise<unknown>): Part
  /** Stops all, the last first; one that cannot be stopped keeps no other. Never rejects. */
  shutdown(): Promise<void>
}

/** @param logger told of what cannot be stopped */
export function createParts(logger: Logger): Parts {
  const stops: (() => Promise<unknown>)[] = []
  return {
    add(part, stop) {
      stops.push(async () => await stop(part))
      return part
    },
    async shutdown() {
      for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
        await stop().catch((error: unknown) => logger.error('Could not stop cleanly', { error }))
      }
    },
  }
}
