import { createTurns } from '@wayward/base'
import type { Chdb, Handle, NativeResult, StatementAnalysis } from './chdb.ts'
import { quoteIdentifier, quoteString } from './sql-text.ts'

/** The database of everything that Wayward stores. chDB's own `default` is not an Atomic one. */
export const databaseName = 'wayward'

/**
 * System tables that nobody may read here. Reading them needs no grant in ClickHouse's rules for
 * its own database, so they are taken away. `models` starts a program and waits 30 s for it,
 * without a way to stop it; the others tell of the process itself, or could hold secrets.
 */
const hiddenSystemTables: readonly string[] = [
  'models',
  'stack_trace',
  'symbols',
  'jemalloc_profile_text',
  'named_collections',
  'certificates',
  'user_directories',
]

/**
 * One connection, used for one request and closed after it: settings of one request cannot reach
 * another.
 */
export interface Connection {
  run(sql: string, format?: string): Promise<NativeResult>
  analyze(sql: string): Promise<StatementAnalysis>
  /** Waits for the operation that still runs: closing under it would abort the whole engine. */
  close(): Promise<void>
}

/** The open store. */
export interface Database {
  readonly version: string
  readonly timezone: string
  connect(): Connection
  /** Runs a statement of the engine's own, one after the other. */
  control(sql: string): Promise<NativeResult>
  /** Stops the query whose connection carries this mark as its log_comment. */
  kill(mark: string): Promise<void>
  close(): Promise<void>
}

/** @param first the connection that opened the data folder; it stays open as long as the store */
export async function createDatabase(
  chdb: Chdb,
  first: Handle,
  dataPath: string,
): Promise<Database> {
  const controlConnection = connectionOf(chdb, first)
  const killConnection = connectionOf(chdb, chdb.CreateConnection(dataPath))
  const control = inTurn((sql) => controlConnection.run(sql, 'TSVRaw'))
  const kill = inTurn((sql) => killConnection.run(sql))
  await control(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(databaseName)} ENGINE = Atomic`)
  for (const table of hiddenSystemTables) {
    await control(`DETACH TABLE IF EXISTS system.${quoteIdentifier(table)}`)
  }
  const [version = '', timezone = ''] = (await control('SELECT version(), timezone()')).bytes
    .toString()
    .trim()
    .split('\t')
  return {
    version,
    timezone,
    connect: () => connectionOf(chdb, chdb.CreateConnection(dataPath)),
    control,
    async kill(mark) {
      await kill(`KILL QUERY WHERE Settings['log_comment'] = ${quoteString(mark)} ASYNC`)
    },
    async close() {
      await killConnection.close()
      await controlConnection.close()
    },
  }
}

function connectionOf(chdb: Chdb, handle: Handle): Connection {
  let last: Promise<unknown> = Promise.resolve()
  let isClosed = false
  const track = <T>(operation: Promise<T>): Promise<T> => {
    last = operation.catch(() => undefined)
    return operation
  }
  return {
    run: (sql, format = 'TabSeparated') => track(chdb.QueryAsyncConnection(handle, sql, format)),
    analyze: (sql) => track(chdb.DurableClassifyAsync(handle, sql, databaseName)),
    async close() {
      if (isClosed) return
      isClosed = true
      await last
      chdb.CloseConnection(handle)
    },
  }
}

/** A connection runs one statement at a time; callers share it by taking turns. */
function inTurn(
  run: (sql: string) => Promise<NativeResult>,
): (sql: string) => Promise<NativeResult> {
  const turns = createTurns()
  return (sql) => turns.take(() => run(sql))
}
