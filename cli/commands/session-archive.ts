// `wayward sessions export | replay`: sessions are carried elsewhere.
import { once } from 'node:events'
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGzip, constants } from 'node:zlib'
import {
  ArchiveError,
  exportSessions,
  findSessions,
  paceOf,
  readArchive,
  shiftTimes,
  verifyArchive,
} from '@wayward/convert'
import { CommandError, exitCodes } from '../command-error.ts'
import type { sessionExportFields, sessionReplayFields } from '../configuration/session-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import { createOtlpSender, type OtlpRequest } from '../otlp-sender.ts'
import type { Terminal } from '../terminal.ts'
import { findIds } from '../window.ts'

/** Writes sessions into an archive. */
export async function sessionExport(
  terminal: Terminal,
  {
    sessions,
    values,
  }: {
    readonly sessions: readonly string[]
    readonly values: Resolved<typeof sessionExportFields>
  },
): Promise<void> {
  const { output } = values
  if (output === undefined && terminal.isInteractive) {
    const message = 'An archive is no text for a terminal; name a file with --output, or use a pipe'
    throw new CommandError(exitCodes.usage, message)
  }
  await withStore(terminal, values, async (store) => {
    const found = await findSessions(store, await findIds(store, sessions))
    const gzip = createGzip({ level: constants.Z_BEST_SPEED })
    // Half of an archive is none: it has its name when it is whole.
    const part = `${output}.${process.pid}.part`
    const written = output === undefined ? writeOut(terminal, gzip) : writeFile(gzip, part)
    let failure: unknown
    gzip.on('error', () => undefined)
    written.catch((error: unknown) => {
      failure = error
      gzip.destroy()
    })
    try {
      let requests = 0
      for await (const line of exportSessions(store, found, Date.now())) {
        if (!gzip.write(line)) await Promise.race([once(gzip, 'drain'), written])
        terminal.progress(`${requests++} requests written`)
      }
      gzip.end()
      await written
      if (output !== undefined) renameSync(part, output)
    } catch (error) {
      gzip.destroy()
      if (output !== undefined) rmSync(part, { force: true })
      throw toAnswerError(failure ?? error)
    }
    terminal.progress('')
    for (const { service, session, until } of found) {
      terminal.note(`Session ${session} of ${service}, until ${until}`)
    }
  })
}

async function writeOut(terminal: Terminal, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) await terminal.write(chunk)
}

async function writeFile(gzip: NodeJS.ReadableStream, path: string): Promise<void> {
  try {
    await pipeline(gzip, createWriteStream(path, { mode: 0o600 }))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `Cannot write the archive: ${why}`
    throw new CommandError(exitCodes.output, message, { cause })
  }
}

/** Sends a session to any OTLP endpoint, at a speed. */
export async function sessionReplay(
  terminal: Terminal,
  {
    path,
    values,
  }: { readonly path: string; readonly values: Resolved<typeof sessionReplayFields> },
): Promise<void> {
  const { endpoint, speed, times } = values
  if (endpoint === undefined) {
    const message = 'Name where to send it with --endpoint, such as http://127.0.0.1:4318'
    throw new CommandError(exitCodes.usage, message)
  }
  const { head } = await orSaidOf(path, () => verifyArchive(path))
  const firstMs = Math.min(...head.sessions.map(({ firstAt }) => Date.parse(firstAt)))
  const byNs = times === 'kept' ? 0n : BigInt(Math.round(Date.now() - firstMs)) * 1_000_000n
  await sendAll(terminal, { path, endpoint, speed, byNs })
}

/** One is on the way, others are being stored. */
const requestsAtOnce = 4

interface Sending {
  readonly path: string
  readonly endpoint: URL
  readonly speed: number
  /** How far times are moved, nanoseconds. */
  readonly byNs: bigint
}

async function sendAll(
  terminal: Terminal,
  { byNs, endpoint, path, speed }: Sending,
): Promise<void> {
  const sender = createOtlpSender(endpoint, terminal)
  const pause = paceOf(speed)
  const startMs = performance.now()
  const underWay = new Set<Promise<void>>()
  let [requests, rejected] = [0, 0]
  let why = ''
  let failure: unknown
  const send = async (request: OtlpRequest): Promise<void> => {
    try {
      const sent = await sender.send(request)
      rejected += sent.rejected
      if (sent.rejected > 0) why = sent.message
      terminal.progress(`${++requests} requests sent`)
    } catch (error) {
      failure ??= error
    }
  }
  for await (const { body, signal } of readArchive(path)) {
    const text = body.toString()
    const waitMs = pause(text, performance.now() - startMs)
    if (waitMs > 0) await sleep(waitMs)
    const sending = send({ signal, body: shiftTimes(text, byNs) })
    underWay.add(sending)
    void sending.finally(() => underWay.delete(sending))
    if (underWay.size >= requestsAtOnce) await Promise.race(underWay)
    if (failure !== undefined) break
  }
  await Promise.all(underWay)
  terminal.progress('')
  if (failure !== undefined) throw failure
  if (rejected > 0) {
    const message = `${endpoint.host} did not take ${rejected} items, the last because: ${why}`
    throw new CommandError(exitCodes.store, message)
  }
  await terminal.write(`Sent ${requests} requests to ${endpoint.origin}\n`)
}

/** Errors about the file, in the command's terms. */
export async function orSaidOf<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    const isOfFile = cause instanceof ArchiveError || (cause instanceof Error && 'code' in cause)
    if (!isOfFile) throw cause
    throw new CommandError(exitCodes.usage, `Cannot read "${path}": ${cause.message}`, { cause })
  }
}
