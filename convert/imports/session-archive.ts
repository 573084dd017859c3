// Archives of sessions, read: first as a whole, so that one that was cut is found before anything
// of it is sent.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import {
  ArchiveError,
  archiveVersions,
  type ArchiveEnd,
  type ArchiveHead,
  type ArchivedSession,
} from '../archive.ts'
import { linesOf } from '../lines.ts'

/** A request of OTLP/JSON. */
export interface ArchivedRequest {
  readonly signal: 'traces' | 'logs' | 'metrics'
  /** In UTF-8. */
  readonly body: Buffer
}

const lineEnd = Buffer.from('\n')
const nothing = 'The file is empty; wanted an archive of sessions'
/** What an archive is allowed to have: exports have far less. */
const sessionsMax = 10_000

const signals = {
  '{"resourceSpans":': 'traces',
  '{"resourceLogs":': 'logs',
  '{"resourceMetrics":': 'metrics',
} as const

/**
 * Reads an archive to its end and says what it has.
 *
 * @throws ArchiveError where it is cut, changed, of another version or no archive
 */
export async function verifyArchive(
  path: string,
): Promise<{ readonly head: ArchiveHead; readonly end: ArchiveEnd }> {
  const hash = createHash('sha256')
  let head: ArchiveHead | undefined
  let end: ArchiveEnd | undefined
  let lines = 0
  for await (const line of linesIn(path)) {
    lines++
    if (end !== undefined)
      throw new ArchiveError(`Line ${lines} comes after the end of the archive`)
    if (head === undefined) head = toHead(line.toString())
    else if (isOwn(line)) end = toEnd(line.toString(), lines)
    else toSignal(line, lines)
    if (end === undefined) hash.update(line).update(lineEnd)
  }
  if (head === undefined) throw new ArchiveError(nothing)
  if (end === undefined) {
    throw new ArchiveError(
      `The archive is cut: its last line is missing (it has ${lines}); export or copy it again`,
    )
  }
  if (end.sha256 !== hash.digest('hex')) {
    throw new ArchiveError(
      'The archive was changed: its lines do not have the SHA-256 that its end tells; export or copy it again',
    )
  }
  return { head, end }
}

/** The first line of an archive, before the rest is looked at. @throws ArchiveError */
export async function readHead(path: string): Promise<ArchiveHead> {
  for await (const line of linesIn(path)) return toHead(line.toString())
  throw new ArchiveError(nothing)
}

/** The requests of an archive that was found whole, in their order. */
export async function* readArchive(path: string): AsyncGenerator<ArchivedRequest> {
  let lines = 0
  for await (const line of linesIn(path)) {
    lines++
    if (lines === 1 || isOwn(line)) continue
    yield { signal: toSignal(line, lines), body: line }
  }
}

async function* linesIn(path: string): AsyncGenerator<Buffer> {
  const unzipped = createGunzip({ chunkSize: unzippedBytes })
  const file = createReadStream(path)
  file.on('error', (error) => unzipped.destroy(error)).pipe(unzipped)
  try {
    for await (const lines of linesOf(unzipped)) yield* lines
  } catch (error) {
    throw toArchiveError(error)
  } finally {
    file.destroy()
    unzipped.destroy()
  }
}

function toArchiveError(error: unknown): unknown {
  if (error instanceof RangeError) return new ArchiveError(`${error.message}; that is no archive`)
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  if (code === 'Z_BUF_ERROR') {
    return new ArchiveError('The archive is cut: its compressed data have no end; copy it again')
  }
  if (code.startsWith('Z_')) {
    return new ArchiveError(
      `The file is not compressed with gzip, as archives are (${error.message})`,
    )
  }
  return error
}

/** What is unzipped at a time: about a request. */
const unzippedBytes = 256 * 1024
/** Characters of a line that are looked at, and shown where they are not what is wanted. */
const beginningMax = 20

/** Whether it is the archive's own, the head or the end. */
function isOwn(line: Buffer): boolean {
  return line.subarray(0, beginningMax).toString().startsWith('{"wayward":')
}

function toSignal(line: Buffer, number: number): ArchivedRequest['signal'] {
  const start = line.subarray(0, beginningMax).toString()
  for (const [beginning, signal] of Object.entries(signals)) {
    if (start.startsWith(beginning)) return signal
  }
  throw new ArchiveError(
    `Line ${number} begins with ${JSON.stringify(start)}; wanted a request of OTLP/JSON (resourceSpans, resourceLogs or resourceMetrics)`,
  )
}

function toHead(line: string): ArchiveHead {
  const head: Partial<ArchiveHead> | undefined = partOf(line, 1)
  if (head?.archive === undefined) {
    throw new ArchiveError('The first line is no head of an archive; "sessions export" makes one')
  }
  if (!archiveVersions.includes(head.archive)) {
    throw new ArchiveError(
      `The archive has version ${JSON.stringify(head.archive)}; this version of Wayward reads ${archiveVersions.join(' and ')}`,
    )
  }
  const { sessions, createdAt } = head
  if (!Array.isArray(sessions) || sessions.length > sessionsMax || !sessions.every(isSession)) {
    throw new ArchiveError(
      `The head of the archive lists no sessions; wanted 1 to ${sessionsMax} with service and session`,
    )
  }
  return { archive: head.archive, createdAt: String(createdAt), sessions }
}

function toEnd(line: string, number: number): ArchiveEnd {
  const end: Partial<ArchiveEnd> | undefined = partOf(line, number)
  const { sessions, sha256 } = end ?? {}
  if (!Array.isArray(sessions) || !sessions.every(isCounted) || typeof sha256 !== 'string') {
    throw new ArchiveError(`Line ${number} is no end of an archive: wanted sessions and sha256`)
  }
  return { end: true, sessions, sha256 }
}

function partOf(line: string, number: number): object | undefined {
  try {
    const { wayward } = JSON.parse(line) as { wayward?: unknown }
    return typeof wayward === 'object' && wayward !== null ? wayward : undefined
  } catch {
    throw new ArchiveError(
      `Line ${number} begins with ${JSON.stringify(line.slice(0, 20))}; wanted JSON`,
    )
  }
}

function isSession(value: unknown): value is ArchivedSession {
  const { service, session } = (value ?? {}) as Partial<ArchivedSession>
  return typeof service === 'string' && typeof session === 'string'
}

function isCounted(value: unknown): value is ArchiveEnd['sessions'][number] {
  const counts = (value ?? {}) as Readonly<Record<string, unknown>>
  return (
    isSession(value) &&
    ['spans', 'logs', 'points'].every((name) => Number.isSafeInteger(counts[name]))
  )
}
