// Asks a collector for what is set of this client. Only where the application wants it: nothing
// listens here, and nobody but the named address is asked. What was told holds until something else
// is; a collector that is away changes nothing.
import type { IncomingMessage } from 'node:http'
import { randomUUID } from 'node:crypto'
import type { ClientCounts } from '../client/client-settings.ts'
import type { ControlSettings } from './control-settings.ts'

/** What a client says of itself. */
interface TellingClient {
  readonly logger: string
  readonly severity: number
  readonly disabledTimers: readonly string[]
  counts(): ClientCounts
}

/** What a poller works with. */
export interface ControlPollerParts {
  readonly version: string
  readonly hostname: () => string
  readonly client: TellingClient
  /** Told what is set, each time that it is something else. */
  readonly onTold: (settings: unknown) => void
  /** Told why an answer cannot be had. */
  readonly onProblem: (problem: string) => void
}

const firstIntervalMs = 15_000
const intervalMsMin = 100
const intervalMsMax = 3_600_000
const timeoutMs = 5_000
const answerBytesMax = 1024 * 1024
/** The share by which intervals differ, so that clients that began together come apart. */
const jitter = 0.2

/** Asks until it is stopped, and keeps no process alive. */
export interface ControlPoller {
  stop(): void
}

/** Starts to ask, at once. */
export function startControlPoller(
  settings: ControlSettings,
  parts: ControlPollerParts,
): ControlPoller {
  return new Poller(settings, parts)
}

interface Answer {
  readonly revision?: unknown
  readonly pollAfterMs?: unknown
  readonly settings?: unknown
}

class Poller implements ControlPoller {
  readonly #settings: ControlSettings
  readonly #parts: ControlPollerParts
  readonly #id = randomUUID()
  readonly #end = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #revision = ''
  #intervalMs: number

  constructor(settings: ControlSettings, parts: ControlPollerParts) {
    this.#settings = settings
    this.#parts = parts
    this.#intervalMs = settings.intervalMs ?? firstIntervalMs
    this.#schedule(0)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#end.abort()
  }

  #schedule(ms: number): void {
    if (this.#end.signal.aborted) return
    // It never rejects.
    this.#timer = setTimeout(() => void this.#poll(), ms).unref()
  }

  async #poll(): Promise<void> {
    try {
      this.#take(await this.#ask())
    } catch (error) {
      if (this.#end.signal.aborted) return
      const why = error instanceof Error ? error.message : String(error)
      this.#parts.onProblem(`Cannot ask ${this.#settings.url} for settings: ${why}`)
    }
    this.#schedule(this.#intervalMs * (1 + jitter * (Math.random() - 0.5)))
  }

  #take({ pollAfterMs, revision, settings }: Answer): void {
    if (this.#end.signal.aborted) return
    if (this.#settings.intervalMs === undefined && typeof pollAfterMs === 'number') {
      this.#intervalMs = Math.min(Math.max(pollAfterMs, intervalMsMin), intervalMsMax)
    }
    if (typeof revision !== 'string' || revision === this.#revision || settings === undefined) {
      return
    }
    this.#revision = revision
    this.#parts.onTold(settings)
  }

  async #ask(): Promise<Answer> {
    const url = new URL('/api/control/poll', this.#settings.url)
    const { request } = await import(url.protocol === 'https:' ? 'node:https' : 'node:http')
    const { client, hostname, version } = this.#parts
    const { disabledTimers, logger, severity } = client
    const { dropped, ...counts } = client.counts()
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
    const body = JSON.stringify({
      id: this.#id,
      kind: 'metlog',
      name: logger.slice(0, 512),
      version,
      host: hostname().slice(0, 255),
      pid: process.pid,
      severity: Math.min(Math.max(Math.trunc(severity), 0), 7),
      disabledTimers: disabledTimers.slice(0, 20).map((one) => one.slice(0, 200)),
      revision: this.#revision,
      counts: { ...counts, dropped: lost },
    })
    const { ca, token } = this.#settings
    const options = {
      method: 'POST',
      agent: false,
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(ca === undefined ? {} : { ca }),
      signal: this.#end.signal,
    }
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request(url, options, (response: IncomingMessage) => {
        readAnswer(response).then(resolve, reject)
      })
      sent.setTimeout(timeoutMs, () =>
        sent.destroy(new Error(`it has not answered for ${timeoutMs} ms`)),
      )
      // A question that is under way keeps no process alive.
      sent.on('socket', (socket: { unref(): void }) => socket.unref())
      sent.on('error', reject)
      sent.end(body)
    })
    const answer: unknown = JSON.parse(text)
    return typeof answer === 'object' && answer !== null ? answer : {}
  }
}

async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > answerBytesMax) throw new Error(`its answer has more than ${answerBytesMax} bytes`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  if (response.statusCode === 200) return text
  throw new Error(`it answers with status ${response.statusCode}: ${text.slice(0, 200)}`)
}
