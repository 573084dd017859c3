// An exporter whose answer was lost sends its request again, byte by byte the same: the collector was killed, the
// connection broke, or the answer came after the deadline. It must not be stored twice. OTLP has no request id (its
// specification accepts duplicates), so the bytes themselves are the id.
//
// Every request is remembered, not only those whose sender was seen to go: when an answer has left for a connection that
// looks well, nobody can tell whether it was read.
import { hash } from 'node:crypto'
import type { Encoding, ExportRequest, Signal } from './consumer.ts'

/** SHA-1 of a request; 20 bytes. It identifies repeats, and protects from nothing. */
export type RequestDigest = Uint8Array

export interface Repeats {
  /** Remembers a request that is stored, from now on. */
  remember(key: string): void
  /** Whether a request was stored a short time ago. */
  has(key: string): boolean
  /** All that are remembered, oldest first. */
  digests(): RequestDigest[]
  readonly size: number
}

export interface RepeatsSettings {
  /** Most requests that are remembered; the oldest are forgotten first. */
  readonly requestsMax: number
  /** Milliseconds that a request is remembered. */
  readonly rememberMs: number
}

/** @param known digests, as hex digits, of requests that were stored shortly before the collector's last end */
export function createRepeats(settings: RepeatsSettings, known: Iterable<string>): Repeats {
  /** When to forget each; in the order of that time. */
  const expiries = new Map<string, number>()

  function prune(): void {
    const nowMs = performance.now()
    for (const [key, expiryMs] of expiries) {
      if (expiryMs > nowMs && expiries.size <= settings.requestsMax) return
      expiries.delete(key)
    }
  }

  function remember(key: string): void {
    expiries.delete(key)
    expiries.set(key, performance.now() + settings.rememberMs)
    prune()
  }

  for (const key of known) remember(key)

  return {
    remember,
    has(key) {
      prune()
      return expiries.has(key)
    },
    digests() {
      prune()
      return Array.from(expiries.keys(), (key) => Buffer.from(key, 'hex'))
    },
    get size() {
      return expiries.size
    },
  }
}

/** The same bytes as another signal or in another encoding are another request. */
export function digestOf({ signal, encoding, body }: ExportRequest): RequestDigest {
  // One call makes no object; the digest is a Buffer of its own.
  const digest = hash('sha1', body, 'buffer')
  digest[0] = (digest[0] ?? 0) ^ KIND_BYTES[`${signal} ${encoding}`]
  return digest
}

const KIND_BYTES: Readonly<Record<`${Signal} ${Encoding}`, number>> = {
  'traces protobuf': 0,
  'traces json': 1,
  'logs protobuf': 2,
  'logs json': 3,
  'metrics protobuf': 4,
  'metrics json': 5,
}

export function toKey(digest: RequestDigest): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('hex')
}
