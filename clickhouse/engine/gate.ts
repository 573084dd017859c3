import { ClickhouseException } from './exception.ts'

/** Lets a bounded number of statements run, and a bounded number wait. */
export interface Gate {
  /** @throws ClickhouseException when too many wait already, or `signal` aborts while waiting */
  enter(signal: AbortSignal): Promise<void>
  leave(): void
}

export function createGate(runningMax: number, waitingMax: number): Gate {
  let running = 0
  const waiting = new Set<() => void>()
  return {
    enter(signal) {
      if (running < runningMax) {
        running += 1
        return Promise.resolve()
      }
      if (waiting.size >= waitingMax) {
        const message = `Too many simultaneous queries: ${running} run and ${waiting.size} wait; try again later`
        return Promise.reject(new ClickhouseException('TOO_MANY_SIMULTANEOUS_QUERIES', message))
      }
      return new Promise((resolve, reject) => {
        const admit = (): void => {
          signal.removeEventListener('abort', abort)
          resolve()
        }
        const abort = (): void => {
          waiting.delete(admit)
          reject(new ClickhouseException('QUERY_WAS_CANCELLED', 'The client has gone'))
        }
        if (signal.aborted) return abort()
        signal.addEventListener('abort', abort, { once: true })
        waiting.add(admit)
      })
    },
    leave() {
      // A waiting statement takes the place over, so `running` stays as it is.
      for (const admit of waiting) {
        waiting.delete(admit)
        admit()
        return
      }
      running -= 1
    },
  }
}
