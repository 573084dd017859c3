// How a reading command gets at the data: a ClickHouse server that was named, else the service that
// runs on the data folder, else the data folder itself, opened for the time of the command.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '@wayward/base'
import {
  createEngine,
  createStore,
  defaultEngineLimits,
  type Engine,
  EngineError,
  errorCodes,
  migrate,
  type Store,
  StoreError,
  type StoreTls,
} from '@wayward/clickhouse'
import { CommandError, exitCodes } from './command-error.ts'
import type { storeFields } from './configuration/fields.ts'
import type { Resolved } from './configuration/resolve.ts'
import { isAlive, isAnswering, readEndpoints } from './endpoints.ts'
import type { Terminal } from './terminal.ts'

export type StoreValues = Resolved<typeof storeFields>

/** The longest that a command waits for an answer; the engine's own limit is far below. */
export const readTimeoutMs = 300_000
/** The service itself waits a little less. */
const insertedWaitMs = 6_000
/** How long another short command may hold the data folder before we give up. */
const folderWaitMs = 10_000
const folderRetryMs = 200
/** A store that is refused this often is broken, and not in use. */
const failedStartsMax = 3
const engineShutdownMs = 4_000
const engineDatabase = 'wayward'
/** What a command's own engine may take: it reads only. */
const engineMemoryBytesMax = 2 ** 30

export interface OpenedStore {
  readonly store: Store
  close(): Promise<void>
}

/** Runs `work` with a store and closes it. */
export async function withStore<T>(
  terminal: Terminal,
  values: StoreValues,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const opened = await openStore(terminal, values)
  try {
    return await work(opened.store)
  } finally {
    await opened.close()
  }
}

async function openStore(terminal: Terminal, values: StoreValues): Promise<OpenedStore> {
  const named = namedServer(values)
  if (named !== undefined) return await connect(named)
  const deadline = Date.now() + folderWaitMs
  let failedStarts = 0
  for (;;) {
    try {
      return (await openRunning(terminal, values)) ?? (await openFolder(terminal, values.dataDir))
    } catch (error) {
      const code = isCoded(error) ? error.code : ''
      // The other process may be gone before the engine can tell that it was there.
      const isUnclear = code === 'start_failed' && ++failedStarts < failedStartsMax
      const isBusy = code === 'data_dir_in_use' || isUnreachable(error)
      if (!isBusy && !isUnclear) throw toCommandError(error)
      if (Date.now() > deadline) throw busyError(values, error)
      // A service that is just starting, or another command that will be done in a moment.
      await sleep(folderRetryMs)
    }
  }
}

/** Where a ClickHouse server is and who asks; what stands in the URL wins. */
export interface Server {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database: string
  readonly tls?: StoreTls | undefined
  readonly isCluster?: boolean
}

export function namedServer(values: StoreValues): Server | undefined {
  const url = values.clickhouseUrl
  if (url === undefined) return undefined
  return {
    url: url.origin,
    user: url.username === '' ? values.clickhouseUser : decodeURIComponent(url.username),
    password:
      url.password === '' ? (values.clickhousePassword ?? '') : decodeURIComponent(url.password),
    database: databaseOf(values),
    ...connectionOf(values),
  }
}

/** Where the tables are: what the server's address names, else the setting. */
export function databaseOf({ clickhouseUrl, clickhouseDatabase }: StoreValues): string {
  // The embedded engine has one.
  if (clickhouseUrl === undefined) return engineDatabase
  const named = decodeURIComponent(clickhouseUrl.pathname.replaceAll(/^\/|\/$/g, ''))
  return named === '' ? clickhouseDatabase : named
}

/** How to reach the server, whoever named it. */
function connectionOf(values: StoreValues): Pick<Server, 'tls' | 'isCluster'> {
  const { clickhouseCa: caPath, clickhouseCert: certPath, clickhouseKey: keyPath } = values
  const isPlain = caPath === undefined && certPath === undefined && keyPath === undefined
  if ((certPath === undefined) !== (keyPath === undefined)) {
    const missing = certPath === undefined ? 'clickhouse-cert' : 'clickhouse-key'
    throw new CommandError(
      exitCodes.usage,
      `A certificate for ClickHouse needs its private key, and the other way round; name the file with --${missing}`,
      { page: 'server.md' },
    )
  }
  return {
    tls: isPlain ? undefined : { caPath, certPath, keyPath },
    isCluster: values.clickhouseCluster !== undefined,
  }
}

export async function connect(server: Server): Promise<OpenedStore> {
  const store = createStore({ ...server, requestTimeoutMs: readTimeoutMs })
  try {
    await store.query('SELECT 1')
  } catch (error) {
    await store.close()
    throw toCommandError(error)
  }
  return { store, close: () => store.close() }
}

/**
 * The running service's store, or undefined if none runs. Throws while the service lives and its
 * engine does not.
 */
export async function openRunning(
  terminal: Terminal,
  values: StoreValues,
): Promise<OpenedStore | undefined> {
  const endpoints = readEndpoints(values.dataDir)
  if (endpoints === undefined || !isAlive(endpoints.pid)) return undefined
  const password = values.clickhousePassword ?? ''
  try {
    const opened = await connect({ ...endpoints.clickhouse, password, ...connectionOf(values) })
    // What was acknowledged a moment ago is to be part of the answer.
    if (!(await isAnswering(endpoints.api, '/inserted', insertedWaitMs))) {
      terminal.note('Not everything that the service has received is in ClickHouse yet')
    }
    return opened
  } catch (error) {
    // The process id may belong to somebody else by now; then the folder is free. A service that is
    // alive starts its engine again, and would find its folder taken.
    if (isUnreachable(error) && !(await isAnswering(endpoints.api, '/healthz'))) return undefined
    throw error
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CommandError && isCoded(error.cause) && error.cause.code === 'unreachable'
}

async function openFolder(terminal: Terminal, dataDir: string): Promise<OpenedStore> {
  const opened = await openEngine(terminal, dataDir)
  try {
    // A folder that an older version wrote lacks the newest tables.
    await migrate(opened.writer)
  } catch (error) {
    await opened.close()
    throw error
  }
  return opened
}

/**
 * The data folder's engine, for the time of a command, as the reading and as the writing account
 * see it.
 */
export async function openEngine(
  terminal: Terminal,
  dataDir: string,
): Promise<OpenedStore & { readonly writer: Store }> {
  const engineDir = join(dataDir, 'clickhouse')
  if (!existsSync(engineDir)) {
    throw new CommandError(
      exitCodes.store,
      `Nothing has been recorded in "${dataDir}" yet; start the service with "wayward serve" and point an application at it, or name the right folder with --data-dir or a ClickHouse server with --url`,
      { page: 'send-data.md' },
    )
  }
  const writerToken = randomUUID()
  const logger = createLogger(
    { write: (line) => terminal.note(line.trimEnd()) },
    { level: 'error' },
  )
  const engine: Engine = createEngine({
    dataDir: engineDir,
    listen: { host: '127.0.0.1', port: 0 },
    writerToken,
    memoryBytesMax: engineMemoryBytesMax,
    limits: defaultEngineLimits,
    logger,
  })
  const { url } = await engine.start()
  const settings = { url, database: engineDatabase, requestTimeoutMs: readTimeoutMs }
  const writer = createStore({ ...settings, user: 'wayward_writer', password: writerToken })
  const store = createStore({ ...settings, user: 'default', password: '' })
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), writer.close()])
    await engine.shutdown(engineShutdownMs)
  }
  return { store, writer, close }
}

function busyError(values: StoreValues, cause: unknown): CommandError {
  const pid = readEndpoints(values.dataDir)?.pid
  const who =
    pid !== undefined && isAlive(pid)
      ? `the service with process id ${pid} has it open but does not answer; look at its log, or stop it`
      : 'another process has it open (a service that is starting, or another command); try again, or stop it'
  return new CommandError(exitCodes.store, `Cannot read the data in "${values.dataDir}": ${who}`, {
    cause,
  })
}

/**
 * Errors of the engine and the store in the command's terms; others are bugs and stay as they are.
 */
export function toCommandError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error instanceof StoreError) {
    if (error.clickhouse?.code === errorCodes.ACCESS_DENIED) {
      // The user is welcome, the statement is not: nothing is wrong with the password.
      const said = error.cause instanceof Error ? error.cause.message.trim() : error.message
      return new CommandError(exitCodes.usage, `ClickHouse does not allow it: ${said}`, {
        cause: error,
        page: 'query.md',
      })
    }
    const exitCode = error.code === 'query' ? exitCodes.usage : exitCodes.store
    const page = error.code === 'query' ? 'query.md' : 'server.md'
    return new CommandError(exitCode, shortenExpected(error.message), { cause: error, page })
  }
  if (error instanceof EngineError) {
    return new CommandError(exitCodes.store, error.message, {
      cause: error,
      page: 'configuration.md',
    })
  }
  return error
}

/**
 * The same for our own statements: if ClickHouse refuses them, it is not the person's statement
 * that is wrong.
 */
export function toAnswerError(error: unknown): unknown {
  if (!(error instanceof StoreError) || error.code !== 'query') {
    return toCommandError(error)
  }
  const isWithoutTables = error.clickhouse?.code === errorCodes.UNKNOWN_TABLE
  const message = isWithoutTables
    ? `This database has no tables of Wayward yet; start "wayward serve" on it once (ClickHouse: ${error.message})`
    : `ClickHouse could not answer: ${error.message}`
  return new CommandError(exitCodes.store, message, { cause: error })
}

/** A syntax error lists everything that could stand there, up to some hundred things. */
function shortenExpected(message: string): string {
  return message.replace(/(Expected one of: (?:[^,]+, ){6})[^]*( \([A-Z_]+, code \d+\))$/, '$1…$2')
}

function isCoded(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
