import { isUtf8 } from 'node:buffer'
import { createWriteStream } from 'node:fs'
import { truncate } from 'node:fs/promises'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { ClickhouseException } from './exception.ts'

/** The request's body with the encodings that Node knows undone. Others stay as they are. */
export function decodedBody(
  request: Readable & { readonly complete?: boolean },
  contentEncoding: string,
): Readable {
  const decoder = decoderOf(contentEncoding)
  if (decoder === undefined) return request
  request.once('error', (error) => decoder.destroy(error))
  request.once('close', () => {
    if (!request.complete) decoder.destroy(clientGone())
  })
  return request.pipe(decoder)
}

function decoderOf(contentEncoding: string): Transform | undefined {
  if (contentEncoding === 'gzip' || contentEncoding === 'x-gzip') return createGunzip()
  if (contentEncoding === 'deflate') return createInflate()
  if (contentEncoding === 'br') return createBrotliDecompress()
  return undefined
}

/** Reads a text that must not be larger than a limit. @throws ClickhouseException */
export async function readText(body: Readable, bytesMax: number): Promise<string> {
  const { bytes, isWhole } = await readPrefix(body, bytesMax + 1)
  if (!isWhole || bytes.length > bytesMax) throw tooLarge('statement', bytesMax)
  return statementText(bytes)
}

/**
 * The text of a statement. @throws ClickhouseException where it is not UTF-8: another text would be
 * run
 */
export function statementText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw notUtf8('statement', 'write bytes as unhex(...) or in an insert')
}

/** @throws ClickhouseException where percent-encoded bytes of an address are not UTF-8 */
export function checkAddress(address: string): void {
  for (const [run] of address.matchAll(/(?:%[89a-f][0-9a-f])+/gi)) {
    if (!isUtf8(Buffer.from(run.replaceAll('%', ''), 'hex'))) {
      throw notUtf8(`part "${run}" of the address`, 'encode text as UTF-8')
    }
  }
}

function notUtf8(what: string, cure: string): ClickhouseException {
  return new ClickhouseException('BAD_ARGUMENTS', `The ${what} is not UTF-8: ${cure}`, 400)
}

/** Reads about as many bytes as are wanted and leaves the rest of the body unread. */
export async function readPrefix(
  body: Readable,
  bytesWanted: number,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    while (length < bytesWanted) {
      const chunk = await nextChunk(body)
      if (chunk === undefined) return { bytes: Buffer.concat(chunks), isWhole: true }
      addChunk(chunks, chunk)
      length += chunk.length
    }
  } catch (error) {
    throw bodyError(error)
  }
  return { bytes: Buffer.concat(chunks), isWhole: false }
}

/**
 * Adds a chunk to those of a body. Small ones are joined: a piece of one byte takes hundreds, and a
 * body may come in nothing else.
 */
export function addChunk(chunks: Buffer[], chunk: Buffer): void {
  const last = chunks.at(-1)
  const isSmall = last !== undefined && last.length + chunk.length <= joinedBytesMax
  if (isSmall) chunks[chunks.length - 1] = Buffer.concat([last, chunk])
  else chunks.push(chunk)
}

const joinedBytesMax = 4096

function nextChunk(body: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      for (const [event, listener] of listeners) body.off(event, listener)
      finish()
    }
    const take = (): void => {
      const chunk = body.read() as Buffer | null
      if (chunk !== null) settle(() => resolve(chunk))
    }
    const listeners: readonly (readonly [string, (error?: Error) => void])[] = [
      ['readable', take],
      ['end', () => settle(() => resolve(undefined))],
      ['error', (error) => settle(() => reject(error))],
      ['close', () => settle(() => reject(clientGone()))],
    ]
    if (body.errored) return reject(body.errored)
    if (body.readableEnded) return resolve(undefined)
    if (body.destroyed) return reject(clientGone())
    for (const [event, listener] of listeners) body.on(event, listener)
    take()
  })
}

/**
 * Writes a body over a file that is there, straight from the socket. Returns its length.
 *
 * @throws ClickhouseException when it is too large, cut off, wrongly encoded, or the disk is full
 */
export async function spool(
  first: Buffer,
  rest: Readable | undefined,
  path: string,
  bytesMax: number,
): Promise<number> {
  const file = createWriteStream(path, { flags: 'r+', highWaterMark: 1024 * 1024 })
  const counter = createCounter(bytesMax)
  try {
    if (first.length > 0) counter.write(first)
    if (rest === undefined) {
      counter.end()
      await pipeline(counter, file)
    } else await pipeline(rest, counter, file)
    await truncate(path, counter.bytes())
  } catch (error) {
    throw bodyError(error)
  }
  return counter.bytes()
}

function createCounter(bytesMax: number): Transform & { bytes(): number } {
  let length = 0
  const counter = new Transform({
    highWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length
      if (length > bytesMax) done(tooLarge('body', bytesMax))
      else done(null, chunk)
    },
  })
  return Object.assign(counter, { bytes: () => length })
}

function tooLarge(what: string, bytesMax: number): ClickhouseException {
  return new ClickhouseException(
    'LIMIT_EXCEEDED',
    `The ${what} of the request is larger than ${bytesMax} bytes: send less at once`,
    413,
  )
}

function clientGone(): ClickhouseException {
  return new ClickhouseException('NETWORK_ERROR', 'The client closed the connection', 400)
}

function bodyError(error: unknown): unknown {
  if (error instanceof ClickhouseException) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ClickhouseException(
      'NOT_ENOUGH_SPACE',
      'There is no space left on the disk for the body of the insert',
    )
  }
  if (code.startsWith('Z_') || code.startsWith('ERR_') || code === 'ERR__ERROR_FORMAT') {
    const isEncoding = code.startsWith('Z_') || code.includes('PADDING') || code.includes('FORMAT')
    return isEncoding
      ? new ClickhouseException(
          'ZLIB_INFLATE_FAILED',
          `The body does not decode as its Content-Encoding says: ${message}`,
          400,
        )
      : clientGone()
  }
  if (code === 'ECONNRESET' || code === 'ABORT_ERR') return clientGone()
  return error
}
