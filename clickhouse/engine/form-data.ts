// The body of a multipart/form-data request: fields that stand for parameters of the address, and
// files that become tables. Clients switch to it by themselves when their parameters are many or
// long (clickhouse-connect does beyond some kilobytes).
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyHeaders } from '@fastify/busboy'
import { addChunk } from './body.ts'
import type { HeldBytes } from '@wayward/base'
import { ClickhouseException } from './exception.ts'
import type { FormFile } from './external-tables.ts'

/** What bounds a form. */
export interface FormLimits {
  /** Bytes of all fields together, as of a statement. */
  readonly queryBytesMax: number
  /** Bytes of all files together. */
  readonly externalBytesMax: number
}

/** What a form has. */
export interface Form {
  /** The parameters of the address and, after them, those of the form. */
  readonly parameters: URLSearchParams
  readonly files: readonly FormFile[]
}

const fieldsMax = 1000
const filesMax = 20
const fieldNameBytesMax = 100
/** Of a form that is refused. */
const drainedBytesMax = 1024 * 1024

/**
 * Reads a form.
 *
 * @param body the request's body, its encodings undone
 * @param held counts the files' bytes; the caller releases them
 * @throws ClickhouseException where it is too large or malformed
 */
export function readFormData(
  { headers }: Pick<IncomingMessage, 'headers'>,
  body: Readable,
  parameters: URLSearchParams,
  { queryBytesMax, externalBytesMax }: FormLimits,
  held: HeldBytes,
): Promise<Form> {
  const all = new URLSearchParams(parameters)
  const files: FormFile[] = []
  return new Promise((resolve, reject) => {
    let bytes = 0
    let hasFailed = false
    const fail = (error: unknown): void => {
      if (hasFailed) return
      hasFailed = true
      body.unpipe()
      const refusal = error instanceof ClickhouseException ? error : malformed(error)
      // Clients that still write would see a broken connection, and no answer.
      drain(body, () => reject(refusal))
    }
    const parser = createParser(headers, fail)
    if (parser === undefined) return
    let fieldCount = 0
    let fileBytes = 0
    parser.on('file', (name: string | undefined, part, filename: string | undefined) => {
      const isField = filename === undefined
      const chunks: Buffer[] = []
      // A part that is cut off is an error of its own, which nobody else would hear.
      part.on('error', fail)
      part.on('data', (chunk: Buffer) => {
        if (hasFailed) return
        if (isField) bytes += chunk.length
        else fileBytes += chunk.length
        if (bytes > queryBytesMax) fail(tooLarge(queryBytesMax))
        else if (fileBytes > externalBytesMax) fail(filesTooLarge(externalBytesMax))
        else if (!isField && !held.take(chunk.length)) fail(tooManyHeld())
        else addChunk(chunks, chunk)
      })
      if (!name)
        return fail(new Error(isField ? 'a part of it has no name' : 'a file of it has no name'))
      bytes += isField ? Buffer.byteLength(name) : 0
      if (isField) fieldCount += 1
      if (fieldCount > fieldsMax) return fail(tooMany('fields', fieldsMax))
      part.on('end', () => {
        const content = Buffer.concat(chunks)
        if (!isField) files.push({ name, bytes: content })
        else if (isUtf8(content)) all.append(name, content.toString())
        else fail(new Error(`the field "${name}" is not UTF-8`))
        if (files.length > filesMax) fail(tooMany('files', filesMax))
      })
    })
    parser.on('filesLimit', () => fail(tooMany('fields', fieldsMax)))
    parser.on('error', fail)
    parser.on('finish', () => resolve({ parameters: all, files }))
    body.on('error', fail)
    body.on('close', () => {
      // Newer versions of Node close a body that has ended before the parser is done with it: the
      // parser knows its end.
      if (!body.readableEnded) fail(new Error('it ends before its last boundary'))
    })
    body.pipe(parser)
  })
}

/** Reads on to the end, or until there is too much of it. */
function drain(body: Readable, done: () => void): void {
  let bytes = 0
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > drainedBytesMax) done()
  })
  body.once('end', done).once('close', done).once('error', done)
  if (body.readableEnded || body.destroyed) done()
  else body.resume()
}

function createParser(
  headers: IncomingMessage['headers'],
  fail: (error: unknown) => void,
): InstanceType<typeof Busboy> | undefined {
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      limits: { fieldNameSize: fieldNameBytesMax, files: fieldsMax + filesMax },
      // Fields come as bytes, too: as texts, what is not UTF-8 would be another one.
      isPartAFile: () => true,
    })
  } catch (error) {
    fail(error)
    return undefined
  }
}

function malformed(error: unknown): ClickhouseException {
  const reason = error instanceof Error ? error.message : String(error)
  return new ClickhouseException(
    'BAD_ARGUMENTS',
    `The body is no multipart/form-data as its Content-Type says: ${reason}`,
    400,
  )
}

function tooLarge(bytesMax: number): ClickhouseException {
  return new ClickhouseException(
    'LIMIT_EXCEEDED',
    `The fields of the form are larger than ${bytesMax} bytes together: send less at once`,
    413,
  )
}

function tooMany(what: string, most: number): ClickhouseException {
  return new ClickhouseException(
    'LIMIT_EXCEEDED',
    `The form has more than ${most} ${what}: send less at once`,
    413,
  )
}

function filesTooLarge(bytesMax: number): ClickhouseException {
  return new ClickhouseException(
    'LIMIT_EXCEEDED',
    `The files of the form are larger than ${bytesMax} bytes together: send less at once`,
    413,
  )
}

function tooManyHeld(): ClickhouseException {
  return new ClickhouseException(
    'TOO_MANY_SIMULTANEOUS_QUERIES',
    'Other requests hold all the memory that there is for external tables; try again later',
  )
}
