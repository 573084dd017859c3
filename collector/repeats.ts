// Requests that are stored although their sender does not know it: it hung up before the answer, or the collector was
// killed before it could answer. An exporter sends such a request again, byte by byte the same; it must not be stored
// twice. OTLP has no request id (its specification accepts duplicates), so the bytes themselves are the id.
//
// Requests that were answered are not remembered: somebody who sends the same bytes twice, on purpose, has them twice.
import { hash } from 'node:crypto'
import type { Encoding, ExportRequest, Signal } from './consumer.ts'

/** SHA-1 of a request; 20 bytes. It identifies repeats, and protects from nothing. */
export type RequestDigest = Uint8Array

export interface Repeats {
  /** Remembers that the sender of a stored request may send it again. */
  remember(digest: RequestDigest): void
  /** Whether a request is such a repeat. */
  has(digest: RequestDigest): boolean
  /** To be called when the sender has its answer after all. */
  forget(digest: RequestDigest): void
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

  function add(key: string): void {
    expiries.delete(key)
    expiries.set(key, performance.now() + settings.rememberMs)
    prune()
  }

  for (const key of known) add(key)

  return {
    remember: (digest) => add(toKey(digest)),
    has(digest) {
      if (expiries.size === 0) return false
      prune()
      return expiries.has(toKey(digest))
    },
    forget(digest) {
      if (expiries.size > 0) expiries.delete(toKey(digest))
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
