// An archive taken in over the API: received into a file first, because it is read twice, and then
// imported once, whoever else imports it. What becomes of it is told line by line.
import type { Refusal } from '@wayward/base'
import { claimImport, endImport, type ForeignClaim, type SessionKey } from '@wayward/clickhouse'
import { type ArchiveEnd, ArchiveError, importArchive, verifyArchive } from '@wayward/convert'
import { randomUUID } from 'node:crypto'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Changes } from './changes.ts'
import type { Question, StreamAnswer } from './endpoint.ts'
import { type JsonSchema, objectOf } from './json-schema.ts'
import { toTaken } from './taken.ts'

const progressMs = 500

/** `POST /api/v1/archive`. */
export async function answerImport({
  asker,
  changes,
  exchange,
}: Question): Promise<StreamAnswer | Refusal> {
  if (changes === undefined) throw new Error('Nothing can be changed here')
  exchange.allowBody()
  const received = await receive(exchange.request, changes)
  if ('code' in received) return received
  const { path } = received
  const forget = (): void => rmSync(path, { force: true })
  let end: ArchiveEnd
  let sessions: readonly SessionKey[]
  let refused: Refusal | undefined
  try {
    end = (await verifyArchive(path)).end
    sessions = end.sessions.map(({ service, session }) => ({ service, session }))
    refused = await begin(changes, sessions)
  } catch (error) {
    forget()
    if (!(error instanceof ArchiveError)) throw error
    return { code: 'malformed', message: error.message }
  }
  if (refused !== undefined) {
    forget()
    return refused
  }
  const importing = { path, end, sessions, changes, signal: asker.signal, forget }
  return { contentType: 'application/x-ndjson', chunks: tell(importing) }
}

/** The file that the archive was received into. */
async function receive(
  request: IncomingMessage,
  { archives }: Changes,
): Promise<{ readonly path: string } | Refusal> {
  mkdirSync(archives.folder, { recursive: true, mode: 0o700 })
  const path = join(archives.folder, `${randomUUID()}.received`)
  let bytes = 0
  const { bytesMax } = archives
  try {
    await pipeline(
      request,
      async function* bounded(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          bytes += chunk.length
          if (bytes > bytesMax) throw new RangeError('too large')
          yield chunk
        }
      },
      createWriteStream(path, { mode: 0o600 }),
      { end: true },
    )
    return { path }
  } catch (error) {
    rmSync(path, { force: true })
    if (error instanceof RangeError) {
      const message = `The archive has more than ${bytesMax} bytes (limit archive-bytes-max); export fewer sessions into one`
      return { code: 'too_large', message, headers: { Connection: 'close' } }
    }
    if (request.destroyed && !request.complete) {
      return { code: 'aborted', message: 'The sender broke the request off' }
    }
    const message = `The archive cannot be kept: ${error instanceof Error ? error.message : String(error)}`
    return { code: 'unavailable', message }
  }
}

/** Takes the sessions for this import alone: within this service, and in the store. */
async function begin(
  changes: Changes,
  sessions: readonly SessionKey[],
): Promise<Refusal | undefined> {
  const busy = changes.busy.take(sessions)
  if (busy !== undefined) {
    const message = `The session "${busy.session}" is being imported or deleted already; wait for its end, and import again what is missing then`
    return { code: 'conflict', message }
  }
  try {
    const [other] = await claimImport(changes.store, changes.archives.importer, sessions)
    if (other === undefined) return undefined
    changes.busy.release(sessions)
    return { code: 'conflict', message: elsewhere(other) }
  } catch (error) {
    changes.busy.release(sessions)
    throw error
  }
}

function elsewhere({ host, session, since }: ForeignClaim): string {
  return `The session "${session}" is being imported by another service, on ${host}, since ${since}, or that has broken off. Wait for its end, or import it there once more; to begin anew here, delete the session first`
}

interface Importing {
  readonly path: string
  readonly end: ArchiveEnd
  readonly sessions: readonly SessionKey[]
  readonly changes: Changes
  readonly signal: AbortSignal
  readonly forget: () => void
}

/** A line from time to time, and one at the end. */
async function* tell(importing: Importing): AsyncGenerator<string> {
  const { changes, end, forget, path, sessions, signal } = importing
  const nonce = randomUUID()
  let requests = 0
  let number = 0
  const running = importArchive(path, end, {
    store: changes.store,
    whenInserted: changes.whenInserted,
    signal,
    onProgress: (count) => {
      requests = count
    },
    take: (request) => toTaken(changes.archives.take, request, `${nonce}/${number++}`, signal),
  })
  // The file is read until then, and rows may be in the journal.
  const ended = running
    .then(
      () => undefined,
      () => undefined,
    )
    .then(forget)
    .then(changes.whenInserted)
    .then(async () => await endImport(changes.store, changes.archives.importer, sessions))
    // The claim stays, for this service alone: it goes on with the import when it is asked to.
    .catch(() => undefined)
    .finally(() => changes.busy.release(sessions))
  try {
    for (;;) {
      const done = await Promise.race([running, tick()])
      if (done === undefined) {
        yield `${JSON.stringify({ requests })}\n`
        continue
      }
      // Who is told that it is done may import again at once.
      await ended
      yield `${JSON.stringify(done)}\n`
      return
    }
  } catch (error) {
    if (signal.aborted) return
    await ended
    yield `${JSON.stringify({ problem: error instanceof Error ? error.message : String(error) })}\n`
  }
}

function tick(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), progressMs)
  })
}

/** Of the last line. */
export function importSchema(): Promise<JsonSchema> {
  const count: JsonSchema = { type: 'integer' }
  const session = objectOf({
    service: { type: 'string' },
    session: { type: 'string' },
    spans: count,
    logs: count,
    points: count,
  })
  const last = objectOf({
    sessions: { type: 'array', items: session },
    requests: { ...count, description: 'Requests that were stored; 0 where all was there' },
    rejected: { ...count, description: 'Items that were not taken' },
    message: { type: 'string', description: 'Why the last of them was not' },
  })
  const description =
    'A line of JSON from time to time, with requests; the last has all of these, or problem'
  return Promise.resolve({ ...last, description, required: [], additionalProperties: true })
}
