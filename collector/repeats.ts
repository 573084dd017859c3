// An exporter whose answer was lost sends its request again, byte by byte the same: the collector was killed, the
// connection broke, or the answer came after the deadline. It must not be stored twice. OTLP has no request id (its
// specification accepts duplicates), so the bytes themselves are the id.
//
// Every request is remembered, not only those whose sender was seen to go: when an answer has left for a connection that
// looks well, nobody can tell whether it was read.
import { hash } from 'node:crypto'
import type { Encoding, ExportRequest, Signal } from './consumer.ts'
import { createDigestSet, DIGEST_BYTES, type DigestSet } from './digest-set.ts'

/** SHA-1 of a request; 20 bytes. It identifies repeats, and protects from nothing. */
export type RequestDigest = Uint8Array

export interface Repeats {
  /** Remembers a request that is stored, from now on. */
  remember(digest: RequestDigest): void
  /** Whether a request was stored a short time ago. */
  has(digest: RequestDigest): boolean
  /** All that are remembered, oldest first, several in each array. */
  digests(): Uint8Array[]
  readonly size: number
}

export interface RepeatsSettings {
  /** Most requests that are remembered; the oldest are forgotten first. */
  readonly requestsMax: number
  /** Milliseconds for which a request is remembered, or up to a quarter longer; 0 for not at all. */
  readonly rememberMs: number
}

/** Requests of about the same time, which are forgotten together. */
interface Generation {
  readonly set: DigestSet
  /** When it takes no more. */
  readonly endMs: number
}

const GENERATIONS = 4

/** @param known digests of requests that were stored shortly before the collector's last end, several in each array */
export function createRepeats(settings: RepeatsSettings, known: readonly Uint8Array[]): Repeats {
  const { rememberMs, requestsMax } = settings
  const generationMs = rememberMs / GENERATIONS
  const generations: Generation[] = []

  function sizeOfAll(): number {
    return generations.reduce((sum, { set }) => sum + set.size, 0)
  }

  function prune(): void {
    const nowMs = performance.now()
    while (generations.length > 0) {
      const isOld = (generations[0]?.endMs ?? 0) + rememberMs <= nowMs
      if (!isOld && sizeOfAll() <= requestsMax) return
      generations.shift()
    }
  }

  function remember(digests: Uint8Array): void {
    const nowMs = performance.now()
    let current = generations.at(-1)
    const isFull = current !== undefined && current.set.size >= requestsMax / GENERATIONS
    if (current === undefined || isFull || current.endMs <= nowMs) {
      current = { set: createDigestSet(), endMs: nowMs + generationMs }
      generations.push(current)
    }
    current.set.add(digests)
    prune()
  }

  for (const digests of known) {
    const step = Math.max(1, Math.floor(requestsMax / GENERATIONS)) * DIGEST_BYTES
    for (let at = 0; at < digests.byteLength; at += step) remember(digests.subarray(at, at + step))
  }

  return {
    remember,
    has(digest) {
      prune()
      return generations.some(({ set }) => set.has(digest))
    },
    digests() {
      prune()
      return generations.map(({ set }) => set.packed())
    },
    get size() {
      return sizeOfAll()
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
