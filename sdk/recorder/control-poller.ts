// Asks a collector how much is to be told of which class. Only where the application wants it: no
// port is opened here, and nobody but the named address is asked. It runs where the drain does, so
// nothing of it is on the application's path. What was told holds until something else is.
import type { IncomingMessage, RequestOptions } from 'node:http'
import { hostname } from 'node:os'
import { diag } from '@opentelemetry/api'
import { type Details, isDetail } from './detail.ts'

/** Where to ask for settings. */
export interface ControlOptions {
  /** Address of the collector's API, `http://127.0.0.1:4320` as a rule. */
  readonly url: string
  /** A token of the collector; goes before `WAYWARD_API_TOKEN`. */
  readonly token?: string
  /** How often to ask, in milliseconds; the collector says so by default. */
  readonly intervalMs?: number
  /** The authority of the collector's certificate, in PEM, where it is your own. */
  readonly ca?: string
}

/** What the one who asks says of itself. */
export interface ControlSettings extends ControlOptions {
  readonly id: string
  readonly serviceName: string
  readonly version: string
}

/** What has been counted since the start. */
export interface ControlCounts {
  /** What was told one by one. */
  readonly sent: number
  /** What others stand for. */
  readonly thinned: number
  readonly dropped: number
}

const firstIntervalMs = 15_000
const intervalMsMin = 100
const intervalMsMax = 3_600_000
const timeoutMs = 5000
const answerBytesMax = 1024 * 1024
/** The share by which intervals differ, so that processes that began together come apart. */
const jitter = 0.2

interface Answer {
  readonly revision?: unknown
  readonly pollAfterMs?: unknown
  readonly settings?: unknown
}

/** Asks until it is stopped, and keeps no process alive. */
export class ControlPoller {
  readonly #settings: ControlSettings
  readonly #count: () => ControlCounts
  readonly #onTold: (details: Details) => void
  readonly #end = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #revision = ''
  #intervalMs: number
  #isWarned = false

  constructor(
    settings: ControlSettings,
    count: () => ControlCounts,
    onTold: (details: Details) => void,
  ) {
    this.#settings = settings
    this.#count = count
    this.#onTold = onTold
    this.#intervalMs = settings.intervalMs ?? firstIntervalMs
  }

  start(): void {
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
      this.#isWarned = false
    } catch (error) {
      if (!this.#end.signal.aborted) this.#warn(error)
    }
    this.#schedule(this.#intervalMs * (1 + jitter * (Math.random() - 0.5)))
  }

  /** Once, until it is answered again. */
  #warn(error: unknown): void {
    if (this.#isWarned) return
    this.#isWarned = true
    diag.warn(`Cannot ask ${this.#settings.url} for settings; what was told last holds`, error)
  }

  #take({ pollAfterMs, revision, settings }: Answer): void {
    if (this.#end.signal.aborted) return
    if (this.#settings.intervalMs === undefined && typeof pollAfterMs === 'number') {
      this.#intervalMs = Math.min(Math.max(pollAfterMs, intervalMsMin), intervalMsMax)
    }
    if (typeof revision !== 'string' || revision === this.#revision || !Array.isArray(settings)) {
      return
    }
    this.#onTold(detailsOf(settings))
    this.#revision = revision
  }

  async #ask(): Promise<Answer> {
    const { ca, id, serviceName, token, url, version } = this.#settings
    const body = JSON.stringify({
      id,
      kind: 'sdk',
      name: serviceName.slice(0, 512),
      version,
      host: hostname().slice(0, 255),
      pid: process.pid,
      revision: this.#revision,
      counts: this.#count(),
    })
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    }
    const options = { method: 'POST', headers, ...(ca === undefined ? {} : { ca }) }
    const text = await send(new URL('/api/control/poll', url), body, {
      ...options,
      signal: this.#end.signal,
    })
    const answer: unknown = JSON.parse(text)
    return typeof answer === 'object' && answer !== null ? answer : {}
  }
}

async function send(url: URL, body: string, options: RequestOptions): Promise<string> {
  // Bundlers follow what is named only.
  const isSecure = url.protocol === 'https:'
  const { request } = isSecure ? await import('node:https') : await import('node:http')
  return await new Promise<string>((resolve, reject) => {
    const sent = request(url, { ...options, agent: false }, (response: IncomingMessage) => {
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

/** In the order in which they were set; what is not understood is passed over. */
function detailsOf(settings: readonly unknown[]): Details {
  const details = new Map<string, string>()
  for (const one of settings) {
    const { setting, name, value } = (one ?? {}) as Readonly<Record<string, unknown>>
    if (setting !== 'detail' || typeof name !== 'string' || !isDetail(value)) continue
    details.delete(name)
    details.set(name, value)
  }
  return Object.fromEntries(details)
}
