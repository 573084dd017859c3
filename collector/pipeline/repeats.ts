// An exporter whose answer was lost sends its request again, byte by byte the same: the collector
// was killed, the connection broke, or the answer came after the deadline. It must not be stored
// twice. OTLP has no request id (its specification accepts duplicates), so the bytes themselves are
// the id.
//
// Every request is remembered, not only those whose sender was seen to go: when an answer has left
// for a connection that looks well, nobody can tell whether it was read.
import { hash } from 'node:crypto'
import type { Time } from '@wayward/base'
import type { Encoding, ExportRequest, Signal } from '../consumer.ts'
import { createDigestSet, digestByteLength, type DigestSet } from './digest-set.ts'
import type { AgedDigests } from '../journal/frame-time.ts'

/** SHA-1 of a request; 20 bytes. It identifies repeats, and protects from nothing. */
export type RequestDigest = Uint8Array

export interface Repeats {
  /** Remembers a request that is stored, from now on. */
  remember(digest: RequestDigest): void
  /** Whether a request was stored a short time ago. */
  has(digest: RequestDigest): boolean
  /** All that are remembered, oldest first, with their ages. */
  digests(): AgedDigests[]
  readonly size: number
}

export interface RepeatsSettings {
  /** Most requests that are remembered; the oldest are forgotten first. */
  readonly requestsMax: number
  /**
   * Milliseconds for which a request is remembered, or up to a quarter longer; 0 for not at all.
   */
  readonly rememberMs: number
}

/** Requests of about the same time, which are forgotten together. */
interface Generation {
  readonly set: DigestSet
  /**
   * When the first of them was stored, on the clock that never jumps; before that began, it is
   * negative.
   */
  readonly startMs: number
  /** For how long it takes more. */
  readonly openMs: number
}

const generationCount = 4
/** What the journal knows of requests is gathered by so many milliseconds. */
const knownTogetherMs = 1_000

/** @param known digests of requests that were stored shortly before the collector's last end */
export function createRepeats(
  settings: RepeatsSettings,
  known: readonly AgedDigests[],
  time: Time,
): Repeats {
  const { rememberMs, requestsMax } = settings
  const generationMs = rememberMs / generationCount
  const generations: Generation[] = []

  function sizeOfAll(): number {
    return generations.reduce((sum, { set }) => sum + set.size, 0)
  }

  function prune(): void {
    const nowMs = time.monotonicMs()
    while (generations.length > 0) {
      if (!isOld(generations[0], nowMs) && sizeOfAll() <= requestsMax) return
      generations.shift()
    }
  }

  /**
   * The last of a generation is remembered for the whole time, the first for as long as others
   * joined it more.
   */
  function isOld(generation: Generation | undefined, nowMs: number): boolean {
    return (generation?.startMs ?? 0) + generationMs + rememberMs <= nowMs
  }

  function add(digests: Uint8Array, startMs: number, openMs: number): void {
    let current = generations.at(-1)
    const isFull = current !== undefined && current.set.size >= requestsMax / generationCount
    const isOpen =
      current !== undefined &&
      startMs >= current.startMs &&
      startMs < current.startMs + current.openMs
    if (current === undefined || isFull || !isOpen) {
      current = { set: createDigestSet(), startMs, openMs }
      generations.push(current)
    }
    current.set.add(digests)
    prune()
  }

  const oldestFirst = known.toSorted((a, b) => b.ageMs - a.ageMs)
  for (const { digests, ageMs } of oldestFirst) {
    const step = Math.max(1, Math.floor(requestsMax / generationCount)) * digestByteLength
    for (let at = 0; at < digests.byteLength; at += step) {
      const openMs = Math.min(knownTogetherMs, generationMs)
      add(digests.subarray(at, at + step), time.monotonicMs() - ageMs, openMs)
    }
  }

  return {
    remember(digest) {
      add(digest, time.monotonicMs(), generationMs)
    },
    has(digest) {
      prune()
      return generations.some(({ set }) => set.has(digest))
    },
    digests() {
      prune()
      const nowMs = time.monotonicMs()
      return generations.map((one) => ({
        digests: one.set.packed(),
        ageMs: nowMs - one.startMs,
      }))
    },
    get size() {
      return sizeOfAll()
    },
  }
}

/** The same bytes as another signal or in another encoding are another request. */
export function digestOf({ signal, encoding, body, nonce }: ExportRequest): RequestDigest {
  // One call makes no object; the digest is a Buffer of its own.
  const digest = hash('sha1', body, 'buffer')
  if (nonce !== undefined)
    return hash('sha1', Buffer.concat([digest, Buffer.from(nonce)]), 'buffer')
  digest[0] = (digest[0] ?? 0) ^ kindBytes[`${signal} ${encoding}`]
  return digest
}

const kindBytes: Readonly<Record<`${Signal} ${Encoding}`, number>> = {
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
