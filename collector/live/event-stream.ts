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
  #queue: string[] = []
  #queueBytes = 0
  #dropped = 0
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
    this.#push(`id: ${id}\ndata: ${text}\n\n`, true)
  }

  missed(rows: number): void {
    this.#push(eventOf('missed', { rows }), false)
  }

  gap({ reason, sinceMs }: LiveGap): void {
    const since = sinceMs === undefined ? undefined : new Date(sinceMs)
    // An id of somebody else's may be any number.
    const isTime = since !== undefined && !Number.isNaN(since.getTime())
    this.#push(eventOf('gap', { reason, ...(isTime ? { since: since.toISOString() } : {}) }), false)
  }

  end(): void {
    this.#push(eventOf('end', {}), false)
    this.#flush()
    this.#response.end()
  }

  #push(text: string, isItem: boolean): void {
    this.#queue.push(text)
    this.#queueBytes += text.length
    while (this.#queueBytes > this.#parts.limits.liveQueueBytesMax && this.#queue.length > 1) {
      const oldest = this.#queue.shift() ?? ''
      this.#queueBytes -= oldest.length
      if (isItem) this.#dropped++
    }
    this.#schedule()
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
    while (!this.#isBlocked && this.#queue.length > 0 && !this.#response.destroyed) {
      let chunk = this.#dropped === 0 ? '' : eventOf('dropped', { items: this.#dropped })
      this.#dropped = 0
      let taken = 0
      for (const text of this.#queue) {
        chunk += text
        taken++
        if (chunk.length >= chunkBytes) break
      }
      for (const text of this.#queue.splice(0, taken)) this.#queueBytes -= text.length
      if (!this.#response.write(chunk)) this.#block()
    }
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
