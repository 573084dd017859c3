// The body of a request about jobs: JSON as a whole, or output of which the beginning is kept.
import type { ByteBudget, Exchange } from '@wayward/base'
import type { CollectorLimits } from '../../limits.ts'
import { JobProblem, fieldProblem } from './job-problem.ts'
import { checkJson, type JsonSchema } from './json-schema.ts'

export interface JobBodyParts {
  readonly limits: Pick<CollectorLimits, 'jobBodyBytesMax' | 'jobOutputBytesMax'>
  readonly requestBytes: ByteBudget
}

/** The beginning of a body. */
interface ReadBody {
  readonly bytes: Buffer
  /** Bytes that it had in all. */
  readonly totalBytes: number
}

/** What a run wrote, up to the limit. Bytes that are no UTF-8 are replaced. */
export async function readOutput(
  exchange: Exchange,
  parts: JobBodyParts,
): Promise<string | undefined> {
  const { jobOutputBytesMax } = parts.limits
  const { bytes } = await read(exchange, parts, jobOutputBytesMax)
  return bytes.length === 0 ? undefined : cutText(bytes.toString('utf8'), jobOutputBytesMax)
}

/** A text cut to a number of bytes, and not within a character. */
export function cutText(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text
  return Buffer.from(text)
    .subarray(0, bytesMax)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
}

/** A body of JSON that is as the schema says. @throws JobProblem */
export async function readJson<Body>(
  exchange: Exchange,
  schema: JsonSchema,
  parts: JobBodyParts,
): Promise<Body> {
  const type = exchange.request.headers['content-type'] ?? ''
  // A script that sends JSON with curl -d names a form.
  if (!/json|^$|x-www-form-urlencoded|text\/plain/i.test(type)) {
    throw new JobProblem(415, 'wrong_type', `Content-Type is "${type}"; send application/json`)
  }
  const encoding = exchange.request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    throw new JobProblem(415, 'wrong_type', `Content-Encoding is "${encoding}"; send none`)
  }
  const { jobBodyBytesMax } = parts.limits
  const { bytes, totalBytes } = await read(exchange, parts, jobBodyBytesMax)
  if (totalBytes > jobBodyBytesMax) throw tooLarge(jobBodyBytesMax)
  const value = parseJson(bytes)
  const errors = checkJson(schema, value)
  if (errors.length > 0) throw fieldProblem(errors)
  return value as Body
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {}
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new JobProblem(400, 'wrong_encoding', 'The body is not UTF-8; send JSON in UTF-8')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new JobProblem(400, 'wrong_json', `The body is not JSON: ${why}; send one JSON object`)
  }
}

function tooLarge(bytesMax: number): JobProblem {
  const message = `The body has more than ${bytesMax} bytes; send less`
  return new JobProblem(413, 'too_large', message)
}

/** Keeps the beginning, and reads on up to the limit of bodies, so that the sender may finish. */
async function read(
  { allowBody, request }: Exchange,
  { limits, requestBytes }: JobBodyParts,
  keptMax: number,
): Promise<ReadBody> {
  allowBody()
  const announced = Number(request.headers['content-length'] ?? keptMax)
  const heldBytes = Math.min(keptMax, announced >= 0 ? announced : keptMax)
  if (!requestBytes.reserve(heldBytes)) {
    const message = 'More bytes arrive than may be held; try again'
    throw new JobProblem(429, 'overloaded', message, { retryAfterMs: 1_000 })
  }
  try {
    return await receive(request, { keptMax, totalMax: limits.jobBodyBytesMax })
  } finally {
    requestBytes.release(heldBytes)
  }
}

/** The rest of a body that is too large is read by the door, so that its sender sees the answer. */
function receive(
  request: Exchange['request'],
  { keptMax, totalMax }: { readonly keptMax: number; readonly totalMax: number },
): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let kept = 0
    let totalBytes = 0
    const finish = (end: () => void): void => {
      request.off('data', take).off('end', done).off('close', abort)
      end()
    }
    const take = (chunk: Buffer): void => {
      totalBytes += chunk.length
      if (totalBytes > totalMax) finish(() => reject(tooLarge(totalMax)))
      else if (kept < keptMax) {
        // A copy: the chunk would keep the whole buffer of the socket.
        const part = Buffer.from(chunk.subarray(0, keptMax - kept))
        chunks.push(part)
        kept += part.length
      }
    }
    const done = (): void => finish(() => resolve({ bytes: Buffer.concat(chunks), totalBytes }))
    const abort = (): void =>
      finish(() => reject(new JobProblem(400, 'aborted', 'The body broke off')))
    request.on('data', take).on('end', done).on('close', abort)
  })
}
