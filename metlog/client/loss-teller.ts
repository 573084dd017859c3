// Losses are told: to the receiver as a message of type `metlog.drops`, as soon as a message goes
// out after a loss, and to a person on the standard error output; both at most once in ten seconds.
import { performance } from 'node:perf_hooks'
import { severity } from '../envelope/message.ts'
import type { DropCounts } from '../senders/sender.ts'

/** The type of messages that tell of losses. */
export const dropsType = 'metlog.drops'

const intervalMs = 10_000

export interface LossTellerParts {
  /** What was lost since the start, by reason. */
  counts(): DropCounts
  /** Sends a message. */
  tell(type: string, options: LossMessage): void
  /** Tells a person. */
  problem(text: string): void
}

interface LossMessage {
  readonly severity: number
  readonly payload: string
  readonly fields: Readonly<Record<string, number>>
}

/** Tells of losses. */
export interface LossTeller {
  /** Called after each message; costs a comparison. */
  check(): void
  tellNow(): void
  noteError(error: unknown): void
  noteProblem(text: string): void
}

/** Makes a teller of losses. */
export function createLossTeller(parts: LossTellerParts): LossTeller {
  let nextCheckMs = performance.now() + intervalMs
  let nextProblemMs = 0
  let told: DropCounts = {}
  let messages = 0
  let isTelling = false
  const tellNow = (): void => {
    const now = parts.counts()
    const fields: Record<string, number> = {}
    let total = 0
    for (const [reason, count] of Object.entries(now)) {
      const more = count - (told[reason] ?? 0)
      if (more <= 0) continue
      fields[reason] = more
      total += more
    }
    told = { ...now }
    if (total === 0 || isTelling) return
    isTelling = true
    parts.tell(dropsType, { severity: severity.warning, payload: String(total), fields })
    isTelling = false
  }
  const noteProblem = (text: string): void => {
    if (performance.now() < nextProblemMs) return
    nextProblemMs = performance.now() + intervalMs
    try {
      parts.problem(text)
    } catch {
      // Whoever wants to be told must be able to hear.
    }
  }
  return {
    check() {
      // The clock is asked for every 64th message only.
      if ((++messages & 63) !== 0 || performance.now() < nextCheckMs) return
      nextCheckMs = performance.now() + intervalMs
      tellNow()
    },
    tellNow,
    noteError(error) {
      noteProblem(
        `Error sending message: ${error instanceof Error ? error.message : String(error)}`,
      )
    },
    noteProblem,
  }
}
