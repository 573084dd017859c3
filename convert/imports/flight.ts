// A file of the flight recorder as OTLP: what had not been sent, and what was open when the process
// was last known to run.
import {
  encodeEvent,
  encodeOpen,
  type EventFacts,
  type Flight,
  type FlightThread,
  RecordEncoder,
  type RecordView,
  RequestWriter,
  sequenceOf,
} from '@wayward/record'
import { cell, recordKind } from '@wayward/record'

/** A request in protobuf. */
export interface EncodedRequest {
  readonly signal: 'traces' | 'logs'
  readonly body: Uint8Array<ArrayBuffer>
  readonly items: number
}

/** What a file has for a service. */
export interface FlightRequests {
  readonly requests: readonly EncodedRequest[]
  readonly spans: number
  readonly events: number
  /** Operations that were open. */
  readonly open: number
  /** Records that could not be read. */
  readonly damaged: number
}

const itemsPerRequest = 512

/** What was not sent of a file, to be sent now. */
export function flightRequests(flight: Flight): FlightRequests {
  const encoding = new Encoding(flight)
  for (const thread of flight.threads) encoding.addEnded(thread)
  for (const thread of flight.threads) encoding.addOpen(thread)
  return encoding.toRequests()
}

class Encoding {
  readonly #flight: Flight
  readonly #encoder: RecordEncoder
  readonly #spans: { readonly bytes: Uint8Array }[] = []
  readonly #events: { readonly bytes: Uint8Array }[] = []
  #open = 0
  #damaged = 0
  /** The numbers of what is told now follow those of the process. */
  #sequence = 0

  constructor(flight: Flight) {
    this.#flight = flight
    this.#encoder = new RecordEncoder({ pid: flight.head.pid })
  }

  addEnded(thread: FlightThread): void {
    thread.read(false, (view) => {
      this.#sequence = Math.max(this.#sequence, sequenceOf(view))
    })
    thread.read(true, (view, kind) => {
      if (kind === recordKind.forgotten) return
      this.#try(() => {
        if (kind === recordKind.event)
          this.#events.push({ bytes: encodeEvent(this.#encoder, view) })
        else this.#spans.push({ bytes: this.#encoder.span(view, kind) })
      })
    })
  }

  /** A zone is told when it ends, and by nothing else. */
  addOpen(thread: FlightThread): void {
    const { head } = this.#flight
    for (const view of thread.open()) {
      if (kindOf(view) === recordKind.zone) continue
      this.#try(() => {
        const bytes = encodeOpen(this.#encoder, view, this.#factsOf(view), head.snapshotNs)
        this.#events.push({ bytes })
        this.#open++
      })
    }
  }

  toRequests(): FlightRequests {
    const { resource, scopeName } = this.#flight.head
    const writer = new RequestWriter(Buffer.from(resource, 'base64'), scopeName)
    const requests: EncodedRequest[] = []
    const signals = [
      ['traces', this.#spans],
      ['logs', this.#events],
    ] as const
    for (const [signal, items] of signals) {
      for (let at = 0; at < items.length; at += itemsPerRequest) {
        const some = items.slice(at, at + itemsPerRequest)
        const body = Uint8Array.from(writer.write(some))
        requests.push({ signal, body, items: some.length })
      }
    }
    const open = this.#open
    const events = this.#events.length - open
    return { requests, spans: this.#spans.length, events, open, damaged: this.#damaged }
  }

  #factsOf({ cells, at }: RecordView): EventFacts {
    const { seconds, ns, head } = this.#flight
    const startSeconds = cells[at * 2 + cell.startSeconds] as number
    const startNs = cells[at * 2 + cell.startNs] as number
    const ageNs = Math.max(0, (seconds - startSeconds) * 1e9 + ns - startNs)
    const uptimeNs = Math.max(0, (seconds - Date.parse(head.startedAt) / 1000) * 1e9)
    return { seconds, ns, sequence: ++this.#sequence, ageNs, uptimeNs: Math.round(uptimeNs) || 0 }
  }

  /** One that cannot be read is counted; the others go on. */
  #try(action: () => void): void {
    try {
      action()
    } catch {
      this.#damaged++
    }
  }
}

function kindOf({ cells, at }: RecordView): number {
  return (cells[at * 2 + cell.state] as number) & 0xff
}
