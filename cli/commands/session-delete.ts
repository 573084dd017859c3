// `wayward sessions delete`: by the service where one runs: it has the journal; else in the store.
import {
  deleteSession,
  migrate,
  readSilence,
  runningSilenceMs,
  type SilentSession,
  type Store,
} from '@wayward/clickhouse'
import { CommandError, exitCodes } from '../command-error.ts'
import type { sessionDeleteFields } from '../configuration/session-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { isAlive, readEndpoints } from '../endpoints.ts'
import { connect, namedServer, openEngine, toAnswerError, withStore } from '../open-store.ts'
import { askService, readJson } from '../service-request.ts'
import type { Terminal } from '../terminal.ts'
import { findIds } from '../window.ts'

type DeleteValues = Resolved<typeof sessionDeleteFields>

/** What is to go. */
export interface SessionDeleteCommand {
  readonly sessions: readonly string[]
  readonly values: DeleteValues
  /** Whether also what still runs. */
  readonly isForced: boolean
}

interface Deleted {
  readonly service: string
  readonly session: string
  readonly rows: Readonly<Record<string, number>>
}

/** As long as the service's door keeps who waits for an answer. */
const timeoutMs = 300_000
const page = 'sessions.md'

/** Deletes sessions from every table. */
export async function sessionDelete(
  terminal: Terminal,
  command: SessionDeleteCommand,
): Promise<void> {
  const { values } = command
  for (const { rows, service, session } of await chooseWay(values)(terminal, command)) {
    const count = Object.values(rows).reduce((sum, one) => sum + one, 0)
    const where = `${count} rows of ${Object.keys(rows).length} tables`
    terminal.note(`Deleted session ${session} of ${service}: ${where}`)
  }
}

type Way = (terminal: Terminal, command: SessionDeleteCommand) => Promise<readonly Deleted[]>

function chooseWay({ apiUrl, clickhouseUrl, dataDir }: DeleteValues): Way {
  if (apiUrl !== undefined) return byService
  if (clickhouseUrl !== undefined) return byServer
  const pid = readEndpoints(dataDir)?.pid
  return pid !== undefined && isAlive(pid) ? byService : inFolder
}

async function byService(
  terminal: Terminal,
  { isForced, sessions, values }: SessionDeleteCommand,
): Promise<readonly Deleted[]> {
  // The ids of another machine's service cannot be looked up here.
  const ids =
    values.apiUrl === undefined
      ? await withStore(terminal, values, (store) => findIds(store, sessions))
      : sessions
  const all: Deleted[] = []
  for (const id of ids) {
    const running = isForced ? '?running=delete' : ''
    const path = `/api/v1/sessions/${encodeURIComponent(id)}${running}`
    const response = await askService(values, { method: 'DELETE', path, page, timeoutMs })
    const { deleted } = await readJson<{ readonly deleted: readonly Deleted[] }>(response, page)
    all.push(...deleted)
  }
  return all
}

async function byServer(_: Terminal, command: SessionDeleteCommand): Promise<readonly Deleted[]> {
  const server = namedServer(command.values)
  if (server === undefined) throw new Error('No server is named')
  const opened = await connect(server)
  try {
    return await inStore(opened.store, command)
  } finally {
    await opened.close()
  }
}

async function inFolder(
  terminal: Terminal,
  command: SessionDeleteCommand,
): Promise<readonly Deleted[]> {
  const opened = await openEngine(terminal, command.values.dataDir)
  try {
    // A folder that an older version wrote lacks the newest tables.
    await migrate(opened.writer)
    return await inStore(opened.writer, command)
  } finally {
    await opened.close()
  }
}

async function inStore(store: Store, command: SessionDeleteCommand): Promise<readonly Deleted[]> {
  const { isForced, sessions, values } = command
  try {
    const found = await readSilence(store, await findIds(store, sessions))
    const alive = found.find(({ silentMs }) => silentMs < runningSilenceMs)
    if (alive !== undefined && !isForced) throw stillRuns(alive)
    const all: Deleted[] = []
    for (const { service, session } of found) {
      const key = { service, session }
      const rows = await deleteSession(store, key, { cluster: values.clickhouseCluster })
      all.push({ ...key, rows })
    }
    return all
  } catch (error) {
    throw toAnswerError(error)
  }
}

function stillRuns({ session, silentMs }: SilentSession): CommandError {
  const seconds = Math.max(0, Math.round(silentMs / 1000))
  const message = `The session ${session} still runs, or did ${seconds} s ago: what it reports later would be stored again. End its process and wait until it has been silent for ${runningSilenceMs / 1000} s, or add --even-if-running`
  return new CommandError(exitCodes.usage, message, { page })
}
