// A stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
import type { Time, Timer } from '@wayward/base'
import type { ServerResponse } from 'node:http'
import type { CollectorLimits } from '../limits.ts'
import type { LiveGap, LiveSink } from './live-streams.ts'

/** Bytes that are written at once. */
const chunkBytes = 64 * 1024
/** A sign of life, so that both ends and what is between know that the other is there. */
const heartbeatMs = 15_000
/** After which time a client connects again, as the specification lets us say. */
const retryMs = 1_000

export interface EventStreamParts {
  readonly limits: CollectorLimits
  readonly time: Time
}

/** The stream of one who watches. What he does not take in time is dropped, the oldest first. */
export class EventStream implements LiveSink {
  readonly #response: ServerResponse
  readonly #parts: EventStreamParts
  /** Items that wait; what the stream says of itself is never dropped. */
  #queue: string[] = []
  #queueBytes = 0
  #notes = ''
  #dropped = 0
  #missed = 0
  #isBlocked = false
  #isScheduled = false
  #heartbeat: Timer | undefined
  #stall: Timer | undefined

  constructor(response: ServerResponse, parts: EventStreamParts) {
    this.#response = response
    this.#parts = parts
  }

  /** Begins the answer. @param leave called once, when the client has gone */
  open(leave: () => void): void {
    const response = this.#response
    response.once('close', () => {
      this.#heartbeat?.cancel()
      this.#stall?.cancel()
      leave()
    })
    response.on('drain', () => {
      this.#isBlocked = false
      this.#stall?.cancel()
      this.#flush()
    })
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // Proxies that gather answers would hold back what is live.
      'X-Accel-Buffering': 'no',
    })
    response.write(`retry: ${retryMs}\n\n`)
    this.#beat()
    this.#schedule()
  }

  item(id: string, text: string): void {
    const event = `id: ${id}\ndata: ${text}\n\n`
    this.#queue.push(event)
    this.#queueBytes += event.length
    while (this.#queueBytes > this.#parts.limits.liveQueueBytesMax && this.#queue.length > 1) {
      this.#queueBytes -= this.#queue.shift()?.length ?? 0
      this.#dropped++
    }
    this.#schedule()
  }

  missed(rows: number): void {
    this.#missed += rows
    this.#schedule()
  }

  gap({ reason, sinceMs }: LiveGap): void {
    const since = sinceMs === undefined ? undefined : new Date(sinceMs)
    // An id of somebody else's may be any number.
    const isTime = since !== undefined && !Number.isNaN(since.getTime())
    this.#notes += eventOf('gap', { reason, ...(isTime ? { since: since.toISOString() } : {}) })
    this.#schedule()
  }

  end(): void {
    this.#flush()
    this.#response.end(eventOf('end', {}))
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isBlocked || !this.#response.headersSent) return
    this.#isScheduled = true
    // What comes in the same turn goes out together.
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    while (!this.#isBlocked && !this.#response.destroyed) {
      let chunk = this.#takeNotes()
      let taken = 0
      for (const event of this.#queue) {
        if (chunk.length >= chunkBytes) break
        chunk += event
        this.#queueBytes -= event.length
        taken++
      }
      if (chunk === '') return
      this.#queue.splice(0, taken)
      if (!this.#response.write(chunk)) this.#block()
    }
  }

  /** What the stream has to say of itself, before the items that come behind. */
  #takeNotes(): string {
    let notes = this.#notes
    if (this.#missed > 0) notes += eventOf('missed', { rows: this.#missed })
    if (this.#dropped > 0) notes += eventOf('dropped', { items: this.#dropped })
    this.#notes = ''
    this.#missed = 0
    this.#dropped = 0
    return notes
  }

  #block(): void {
    const { limits, time } = this.#parts
    this.#isBlocked = true
    this.#stall = time.after(limits.liveStalledMsMax, () => this.#response.destroy()).unref()
  }

  #beat(): void {
    this.#heartbeat = this.#parts.time
      .after(heartbeatMs, () => {
        if (!this.#isBlocked) this.#response.write(': still here\n\n')
        this.#beat()
      })
      .unref()
  }
}

function eventOf(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
