// Who asks for settings: clients of Metlog and SDKs, as they said at their last poll. Bounded: one
// that finds no room is told its settings all the same, and only counted.
import type { Time } from '@wayward/base'
import type { ClientKind } from './control-setting.ts'

/** What a client says of itself. */
export interface PollingClient {
  readonly id: string
  readonly kind: ClientKind
  /** Under which it reports: a logger, a service. */
  readonly name: string
  readonly version?: string
  readonly host?: string
  readonly pid?: number
  /** Of what says none. */
  readonly severity?: number
  readonly disabledTimers?: readonly string[]
  /** Of what it was told last. */
  readonly revision?: string
  /** What it has counted since it was made: sent, filtered, sampledOut, failed, dropped. */
  readonly counts?: Readonly<Record<string, number>>
}

/** A client as it is shown. */
export interface ListedClient extends PollingClient {
  readonly seenMs: number
  /** Its counts by second between its last two polls; empty after the first. */
  readonly perSecond: Readonly<Record<string, number>>
}

/** Keeps who asks. */
export interface ClientList {
  /** @returns whether there was room for it */
  note(client: PollingClient): boolean
  /** Those that have asked lately, by name. */
  all(): readonly ListedClient[]
  /** When clients are to ask again: later where there are many. */
  readonly pollAfterMs: number
  /** Polls of clients for which there was no room. */
  readonly unlisted: number
}

/** What it works with. */
export interface ClientListParts {
  readonly clientsMax: number
  readonly pollAfterMs: number
  readonly time: Pick<Time, 'monotonicMs' | 'wallMs'>
}

/** Who has not asked for so many intervals is gone. */
const intervalsMax = 4
/** Polls of so many clients in a second are no load worth mentioning. */
const pollsPerSecond = 200
const ratesAfterMs = 100

interface Known {
  readonly client: ListedClient
  readonly monotonicMs: number
}

/** Makes an empty list. */
export function createClientList(parts: ClientListParts): ClientList {
  return new List(parts)
}

class List implements ClientList {
  readonly #parts: ClientListParts
  readonly #known = new Map<string, Known>()
  unlisted = 0

  constructor(parts: ClientListParts) {
    this.#parts = parts
  }

  get pollAfterMs(): number {
    const bySize = Math.round((this.#known.size * 1000) / pollsPerSecond)
    return Math.max(this.#parts.pollAfterMs, bySize)
  }

  note(client: PollingClient): boolean {
    const { clientsMax, time } = this.#parts
    const key = `${client.kind} ${client.id}`
    const before = this.#known.get(key)
    if (before === undefined && this.#known.size >= clientsMax) {
      this.#forget()
      if (this.#known.size >= clientsMax) {
        this.unlisted++
        return false
      }
    }
    const monotonicMs = time.monotonicMs()
    const perSecond = before === undefined ? {} : ratesOf(client, before, monotonicMs)
    // Put behind those that asked before.
    this.#known.delete(key)
    this.#known.set(key, { client: { ...client, seenMs: time.wallMs(), perSecond }, monotonicMs })
    return true
  }

  all(): readonly ListedClient[] {
    this.#forget()
    return [...this.#known.values()]
      .map(({ client }) => client)
      .toSorted((one, other) => compare(one.name, other.name) || compare(one.id, other.id))
  }

  #forget(): void {
    const oldestMs = this.#parts.time.monotonicMs() - intervalsMax * this.pollAfterMs
    for (const [key, { monotonicMs }] of this.#known) {
      if (monotonicMs >= oldestMs) return
      this.#known.delete(key)
    }
  }
}

function ratesOf(
  { counts = {} }: PollingClient,
  { client, monotonicMs }: Known,
  nowMs: number,
): Readonly<Record<string, number>> {
  const ms = nowMs - monotonicMs
  if (ms < ratesAfterMs) return client.perSecond
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => {
      const more = count - (client.counts?.[name] ?? 0)
      // Less than before is a client that began anew.
      return [name, Math.round((Math.max(0, more) * 1e6) / ms) / 1000]
    }),
  )
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
