/**
 * What is kept between the requests of one `session_id`: the database of USE, what SET has set,
 * and, once a temporary table is made, the connection that has it. Settings are kept as text and
 * said to a new connection each time, so a session without such a table costs next to nothing.
 */
import type { Account } from './account.ts'
import type { Connection } from './database.ts'
import { ClickhouseException } from './exception.ts'
import type { EngineLimits } from './limits.ts'
import type { SessionRequest } from './request.ts'
import type { SessionChange } from './session-statement.ts'

/** A session that one request uses, and no other at the same time. */
export interface Session {
  readonly database: string | undefined
  readonly settings: ReadonlyMap<string, string>
  readonly parameters: ReadonlyMap<string, string>
  /** There when a temporary table is. */
  readonly connection: Connection | undefined
  /** Settings that earlier requests have given that connection for themselves. */
  readonly staleSettings: ReadonlySet<string>
  /** @throws ClickhouseException when it would be too much */
  change(change: SessionChange): void
  /** @throws ClickhouseException when too many are kept */
  checkRoom(): void
  /** Keeps a connection that was prepared with these. */
  keep(connection: Connection, given: Given): void
  /**
   * Says what its connection is given now.
   *
   * @throws ClickhouseException when the statement would use a parameter of an earlier request
   */
  reuse(given: Given, sql: string): void
  leave(): Promise<void>
}

/** What a request gives its connection. */
export interface Given {
  readonly settings: ReadonlyMap<string, string>
  readonly parameters: ReadonlyMap<string, string>
}

export interface Sessions {
  /** @throws ClickhouseException */
  enter(account: Account, request: SessionRequest): Promise<Session>
  close(): Promise<void>
}

type SessionLimits = Pick<EngineLimits, 'sessionsMax' | 'sessionConnectionsMax' | 'sessionBytesMax'>

export function createSessions(limits: SessionLimits): Sessions {
  const sessions = new Map<string, KeptSession>()
  const forget = async (session: KeptSession): Promise<void> => {
    sessions.delete(session.key)
    await session.end()
  }
  const checkConnections = (): void => {
    const kept = [...sessions.values()].filter(({ connection }) => connection !== undefined)
    if (kept.length < limits.sessionConnectionsMax) return
    throw new ClickhouseException(
      'TOO_MANY_SIMULTANEOUS_QUERIES',
      `${kept.length} sessions have temporary tables: end one with close_session=1, or wait for its session_timeout`,
    )
  }
  return {
    async enter(account, request) {
      const key = `${account} ${request.id}`
      let session = sessions.get(key)
      if (session === undefined) {
        if (request.mustExist) throw notFound(request.id)
        // Each account has its own: what everybody may open must not end those of the writing one.
        const own = [...sessions.values()].filter((kept) => kept.account === account)
        if (own.length >= limits.sessionsMax) await forget(leastUsed(own))
        session = new KeptSession(key, account, limits, { checkConnections, forget })
      }
      session.take(request)
      // The last one used is the last one in the order of the map.
      sessions.delete(key)
      sessions.set(key, session)
      return session
    },
    async close() {
      for (const session of sessions.values()) await forget(session)
    },
  }
}

/** What a session asks of all. */
interface SessionKeeper {
  readonly checkConnections: () => void
  readonly forget: (session: KeptSession) => Promise<void>
}

class KeptSession implements Session {
  readonly key: string
  readonly account: Account
  readonly staleSettings = new Set<string>()
  readonly checkRoom: () => void
  readonly #bytesMax: number
  readonly #forget: (session: KeptSession) => Promise<void>
  readonly #settings = new Map<string, string>()
  readonly #parameters = new Map<string, string>()
  readonly #staleParameters = new Set<string>()
  #database: string | undefined
  #connection: Connection | undefined
  #request: SessionRequest | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(key: string, account: Account, limits: SessionLimits, keeper: SessionKeeper) {
    this.key = key
    this.account = account
    this.#bytesMax = limits.sessionBytesMax
    this.checkRoom = keeper.checkConnections
    this.#forget = keeper.forget
  }

  get database(): string | undefined {
    return this.#database
  }

  get settings(): ReadonlyMap<string, string> {
    return this.#settings
  }

  get parameters(): ReadonlyMap<string, string> {
    return this.#parameters
  }

  get connection(): Connection | undefined {
    return this.#connection
  }

  get isBusy(): boolean {
    return this.#request !== undefined
  }

  take(request: SessionRequest): void {
    if (this.isBusy) throw locked(request.id)
    clearTimeout(this.#timer)
    this.#request = request
  }

  change({ database, settings, parameters }: SessionChange): void {
    const merged = [...this.#settings, ...settings, ...this.#parameters, ...parameters]
    const bytes = merged.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    if (bytes > this.#bytesMax) {
      throw new ClickhouseException(
        'LIMIT_EXCEEDED',
        `What the session has set is larger than ${this.#bytesMax} bytes: set less, or begin a new session`,
      )
    }
    this.#database = database ?? this.#database
    for (const [name, value] of settings) this.#settings.set(name, value)
    for (const [name, value] of parameters) this.#parameters.set(name, value)
  }

  keep(connection: Connection, given: Given): void {
    this.#connection = connection
    this.reuse(given, '')
  }

  reuse({ settings, parameters }: Given, sql: string): void {
    for (const name of this.#staleParameters) {
      // It cannot be taken back from the connection, so it must not be used.
      if (!parameters.has(name) && usesParameter(sql, name)) throw parameterNotSet(name)
    }
    for (const name of settings.keys()) this.staleSettings.add(name)
    for (const name of parameters.keys()) this.#staleParameters.add(name)
  }

  async leave(): Promise<void> {
    const request = this.#request
    this.#request = undefined
    if (request === undefined) return
    if (request.closes) return await this.#forget(this)
    this.#timer = setTimeout(() => void this.#forget(this), request.timeoutMs)
    this.#timer.unref()
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#connection?.close()
    this.#connection = undefined
  }
}

/** Rather one that has no table. @throws ClickhouseException when all are in use */
function leastUsed(sessions: readonly KeptSession[]): KeptSession {
  const idle = sessions.filter(({ isBusy }) => !isBusy)
  const session = idle.find(({ connection }) => connection === undefined) ?? idle[0]
  if (session !== undefined) return session
  throw new ClickhouseException(
    'TOO_MANY_SIMULTANEOUS_QUERIES',
    `${sessions.length} sessions are in use; try again later`,
  )
}

function usesParameter(sql: string, name: string): boolean {
  const quoted = name.replaceAll(/[$.]/g, (sign) => `\\${sign}`)
  return new RegExp(`\\{\\s*${quoted}\\s*:`).test(sql)
}

function parameterNotSet(name: string): ClickhouseException {
  return new ClickhouseException(
    'UNKNOWN_QUERY_PARAMETER',
    `Query parameter '${name}' was not set: give param_${name}`,
  )
}

function notFound(id: string): ClickhouseException {
  return new ClickhouseException(
    'SESSION_NOT_FOUND',
    `Session ${id} not found: it has not begun, or its session_timeout is over`,
    404,
  )
}

function locked(id: string): ClickhouseException {
  return new ClickhouseException(
    'SESSION_IS_LOCKED',
    `Session ${id} is locked by a concurrent client: wait for its query, or use another session_id`,
  )
}
