// Bodies that are made while they are sent: no second copy of a large answer is held.
import type { ServerResponse } from 'node:http'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as breathe } from 'node:timers/promises'
import { frameBlockBytes, type FrameMethod, frameOf } from './compressed-frames.ts'
import { nativePieces } from './native-revision.ts'

/** What an answer consists of, before it is compressed. */
export interface AnswerBody {
  readonly length: number
  /** From the beginning at each call. */
  pieces(): Iterable<Buffer>
}

/** What other requests wait for at most, in bytes of a walk. */
const breathBytes = 2 * 1024 * 1024
const chunkBytes = 64 * 1024

export function plainBody(bytes: Buffer): AnswerBody {
  return { length: bytes.length, pieces: () => [bytes] }
}

/**
 * An answer in Native for a revision. It is walked twice: once before its first byte is sent, so
 * that what cannot be walked is still an error with a status of its own.
 *
 * @throws ClickhouseException
 */
export async function nativeBody(
  native: Buffer,
  revision: number,
  types: readonly string[],
): Promise<AnswerBody> {
  const pieces = (): Iterable<Buffer> => nativePieces(native, revision, types)
  let length = 0
  let sinceBreath = 0
  for (const piece of pieces()) {
    length += piece.length
    sinceBreath += piece.length
    if (sinceBreath < breathBytes) continue
    sinceBreath = 0
    await breathe()
  }
  return { length, pieces }
}

/** How the bytes of an answer are changed on their way. */
export interface BodyCoding {
  /** ClickHouse's own compression. */
  readonly frames: FrameMethod | undefined
  /** That of HTTP, around it. */
  readonly encoder: Transform | undefined
}

/** Sends a body, no faster than the client takes it. */
export async function sendBody(
  response: ServerResponse,
  body: AnswerBody,
  { frames, encoder }: BodyCoding,
): Promise<void> {
  const isAsItIs = encoder === undefined && (frames === undefined || body.length === 0)
  if (isAsItIs) response.setHeader('Content-Length', body.length)
  const bytes = frames === undefined ? grouped(body.pieces(), chunkBytes) : framed(body, frames)
  for await (const chunk of encoder === undefined ? bytes : encoded(bytes, encoder)) {
    if (response.destroyed) return
    if (!response.write(chunk)) await taken(response)
  }
  response.end()
}

/** Until the client has taken what was written, or has gone. */
function taken(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle)
      resolve()
    }
    response.on('drain', settle).on('close', settle)
  })
}

async function* encoded(
  bytes: Iterable<Buffer> | AsyncIterable<Buffer>,
  encoder: Transform,
): AsyncGenerator<Buffer> {
  const done = pipeline(Readable.from(bytes, { objectMode: false }), encoder)
  // Told by the encoder, too, which ends with the error.
  done.catch(() => undefined)
  yield* encoder
  await done
}

async function* framed(body: AnswerBody, method: FrameMethod): AsyncGenerator<Buffer> {
  for (const block of grouped(body.pieces(), frameBlockBytes)) yield await frameOf(block, method)
}

/** Many small pieces together, and none larger than that: those are views of the pieces. */
export function* grouped(pieces: Iterable<Buffer>, bytesMax: number): Generator<Buffer> {
  let group = Buffer.allocUnsafe(bytesMax)
  let filled = 0
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const rest = piece.length - at
      if (filled === 0 && rest >= bytesMax) {
        yield piece.subarray(at, at + bytesMax)
        at += bytesMax
        continue
      }
      const taken = piece.copy(group, filled, at, at + Math.min(rest, bytesMax - filled))
      at += taken
      filled += taken
      if (filled < bytesMax) continue
      yield group
      group = Buffer.allocUnsafe(bytesMax)
      filled = 0
    }
  }
  if (filled > 0) yield group.subarray(0, filled)
}
