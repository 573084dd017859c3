/**
 * Runs a statement on a connection of its own, or on its session's: with the tables that came with
 * it, its settings, and the guard, and stops it when its client goes away.
 */
import { randomUUID } from 'node:crypto'
import type { Account } from './account.ts'
import type { NativeResult } from './chdb.ts'
import type { Connection, Database } from './database.ts'
import { describedTypes } from './described-types.ts'
import { ClickhouseException } from './exception.ts'
import { createExternalTables, dropExternalTables, type ExternalTable } from './external-tables.ts'
import { createGate, type Gate } from './gate.ts'
import type { InsertFiles } from './insert-files.ts'
import type { EngineLimits } from './limits.ts'
import { mayLackZones } from './native-revision.ts'
import { externalSettings, insertPins, preparation, resetText } from './query-settings.ts'
import type { QueryRequest } from './request.ts'
import { isForRevision } from './response.ts'
import { makesTemporaryTable, type SessionChange, sessionChange } from './session-statement.ts'
import { createSessions, type Session, type Sessions } from './sessions.ts'
import { guardReading, guardSingle } from './statement-guard.ts'
import { formatClause } from './statement-head.ts'

/** What a request is about to run: a text, or an insert whose data lie in a file. */
export interface Statement {
  readonly sql: string
  readonly insertPath: string | undefined
}

/** A request with the tables that it brings. */
export interface Asked extends QueryRequest {
  readonly external: readonly ExternalTable[]
}

export interface Query {
  readonly statement: Statement
  readonly asked: Asked
  readonly account: Account
}

export interface QueryResult {
  readonly result: NativeResult
  /** The columns' types with their zones, where the engine may have left them out. */
  readonly types: readonly string[]
}

export interface QueryRunner {
  /** @throws ClickhouseException, and whatever the engine threw */
  run(query: Query, signal: AbortSignal): Promise<QueryResult>
  /** Ends all sessions. */
  close(): Promise<void>
}

export interface QueryRunnerSettings {
  readonly database: Database
  readonly insertFiles: InsertFiles
  readonly limits: EngineLimits
}

const killIntervalMs = 100
/**
 * ClickHouse looks at its time limit between blocks; a query that gets to none is killed after
 * this.
 */
const killGraceMs = 2000

const nothing: NativeResult = { bytes: Buffer.alloc(0), elapsed: 0, rowsRead: 0, bytesRead: 0 }

export function createQueryRunner(settings: QueryRunnerSettings): QueryRunner {
  return new EngineQueryRunner(settings)
}

class EngineQueryRunner implements QueryRunner {
  readonly #settings: QueryRunnerSettings
  readonly #gates: Readonly<Record<Account, Gate>>
  readonly #sessions: Sessions

  constructor(settings: QueryRunnerSettings) {
    const { limits } = settings
    this.#settings = settings
    this.#sessions = createSessions(limits)
    this.#gates = {
      reading: createGate(limits.readersMax, limits.waitingMax),
      writing: createGate(limits.writersMax, limits.waitingMax),
    }
  }

  close(): Promise<void> {
    return this.#sessions.close()
  }

  async run(query: Query, signal: AbortSignal): Promise<QueryResult> {
    const { asked, account, statement } = query
    if (asked.session === undefined) return await this.#inTurn(query, undefined, signal)
    const session = await this.#sessions.enter(account, asked.session)
    try {
      const change = statement.insertPath === undefined ? sessionChange(statement.sql) : undefined
      if (account === 'writing' && makesTemporaryTable(statement.sql)) session.checkRoom()
      const inSession = { ...query, asked: withSession(asked, session, change) }
      const result = await this.#inTurn(inSession, session, signal, change)
      if (change !== undefined) session.change(change)
      return result
    } finally {
      await session.leave()
    }
  }

  async #inTurn(
    query: Query,
    session: Session | undefined,
    signal: AbortSignal,
    change?: SessionChange,
  ): Promise<QueryResult> {
    const gate = this.#gates[query.account]
    await gate.enter(signal)
    const kept = session?.connection
    let connection: Connection | undefined
    try {
      connection = kept ?? this.#settings.database.connect()
      const mark = await this.#prepare(connection, query, kept === undefined ? undefined : session)
      if (change !== undefined) return { result: nothing, types: [] }
      const result = await this.#execute(connection, query, mark, signal)
      const makes = query.account === 'writing' && makesTemporaryTable(query.statement.sql)
      if (makes && kept === undefined) session?.keep(connection, query.asked)
      return result
    } finally {
      if (kept !== undefined) await dropExternalTables(kept, query.asked.external)
      if (connection !== session?.connection) await connection?.close()
      gate.leave()
    }
  }

  /** @returns the mark by which the query is found */
  async #prepare(connection: Connection, query: Query, session?: Session): Promise<string> {
    const { insertFiles, limits } = this.#settings
    const { statement, asked, account } = query
    const isKept = session !== undefined
    const mark = randomUUID()
    const prepared = preparation({ ...asked, account, mark, sql: statement.sql, isKept }, limits)
    if (isKept) {
      await connection.run(resetText(session.staleSettings))
      session.reuse(asked, statement.sql)
    }
    if (asked.external.length > 0) {
      await connection.run(externalSettings({ ...asked, account }, limits))
      await createExternalTables(connection, insertFiles, asked.external)
    }
    await connection.run(
      statement.insertPath === undefined ? prepared : `${prepared}; ${insertPins}`,
    )
    return mark
  }

  async #execute(
    connection: Connection,
    { statement, asked, account }: Query,
    mark: string,
    signal: AbortSignal,
  ): Promise<QueryResult> {
    const { database, limits } = this.#settings
    await guard(connection, statement.sql, asked, account)
    if (signal.aborted) throw new ClickhouseException('QUERY_WAS_CANCELLED', 'The client has gone')
    const timeoutMs = account === 'reading' ? limits.readSecondsMax * 1000 + killGraceMs : undefined
    const running = connection.run(statement.sql, asked.format)
    const result = await killedOnAbort(database, running, mark, signal, timeoutMs)
    const isZoned = isForRevision(formatOf(statement, asked), asked) && mayLackZones(result.bytes)
    return { result, types: isZoned ? await describedTypes(connection, statement.sql) : [] }
  }
}

/** The request's own settings go before what the statement sets, and that before the session's. */
function withSession(asked: Asked, session: Session, change: SessionChange | undefined): Asked {
  const { settings = [], parameters = [] } = change ?? {}
  const own = asked.isDatabaseGiven ? asked.database : session.database
  return {
    ...asked,
    database: change?.database ?? own ?? asked.database,
    settings: new Map([...session.settings, ...settings, ...asked.settings]),
    parameters: new Map([...session.parameters, ...parameters, ...asked.parameters]),
  }
}

export function formatOf({ sql }: Statement, { format }: QueryRequest): string {
  return formatClause(sql) ?? format
}

async function guard(
  connection: Connection,
  sql: string,
  asked: QueryRequest,
  account: Account,
): Promise<void> {
  if (account === 'reading') return guardReading(connection, sql, asked.parameters)
  const queryClass = await guardSingle(connection, sql)
  if (asked.mustOnlyRead && queryClass !== 0) {
    throw new ClickhouseException(
      'READONLY',
      'Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries',
    )
  }
}

/** Stops the query when the client goes away. Resolves only when the engine has let go of it. */
async function killedOnAbort(
  database: Database,
  running: Promise<NativeResult>,
  mark: string,
  signal: AbortSignal,
  timeoutMs: number | undefined,
): Promise<NativeResult> {
  let interval: NodeJS.Timeout | undefined
  const kill = (): void => {
    // Again and again, because the query may not be in the list of processes yet.
    interval ??= setInterval(() => void database.kill(mark).catch(() => undefined), killIntervalMs)
    // A failed kill is tried again by the interval.
    void database.kill(mark).catch(() => undefined)
  }
  const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs)
  signal.addEventListener('abort', kill, { once: true })
  try {
    return await running
  } finally {
    signal.removeEventListener('abort', kill)
    clearTimeout(timer)
    clearInterval(interval)
  }
}
