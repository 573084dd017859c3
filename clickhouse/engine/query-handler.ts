import { type ByteBudget, createByteBudget, type HeldBytes, holdBytes } from '@wayward/base'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Account } from './account.ts'
import { checkAddress, decodedBody, readPrefix, readText, spool, statementText } from './body.ts'
import type { NativeResult } from './chdb.ts'
import { framesUndone } from './compressed-frames.ts'
import type { Database } from './database.ts'
import { ClickhouseException } from './exception.ts'
import { externalTables } from './external-tables.ts'
import { type Form, readFormData } from './form-data.ts'
import type { InsertFiles } from './insert-files.ts'
import type { InsertSync } from './insert-sync.ts'
import type { EngineLimits } from './limits.ts'
import {
  type Asked,
  createQueryRunner,
  formatOf,
  type QueryRunner,
  type Statement,
} from './query-runner.ts'
import { isFormData, parseQueryRequest, type QueryRequest } from './request.ts'
import { type ServerIdentity, sendResult } from './response.ts'
import { liftSettings } from './settings-clause.ts'
import { quoteString } from './sql-text.ts'
import { type InsertHead, parseInsertHead } from './statement-head.ts'
import { firstWord, isWord, tokensOf } from './statement-tokens.ts'

/** Runs what requests ask for. */
export interface QueryHandler {
  /** Answers the request. @throws ClickhouseException, and whatever the engine threw */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    account: Account,
    parameters: URLSearchParams,
    queryId: string,
  ): Promise<void>
  /** Statements that are under way. */
  readonly running: number
  /** Stops all of them. */
  stopAll(): void
  /** Ends all sessions; no statement may be under way. */
  close(): Promise<void>
}

export interface QueryHandlerSettings {
  readonly database: Database
  readonly insertFiles: InsertFiles
  /** Absent where inserts need not survive a power cut. */
  readonly insertSync: InsertSync | undefined
  readonly limits: EngineLimits
  readonly identity: ServerIdentity
}

/** What a statement begins with that answers with rows. */
const rows = /^(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS|CHECK|VALUES|FROM|KILL)$/i

export function createQueryHandler(settings: QueryHandlerSettings): QueryHandler {
  return new EngineQueryHandler(settings)
}

class EngineQueryHandler implements QueryHandler {
  readonly #settings: QueryHandlerSettings
  readonly #runner: QueryRunner
  readonly #externalBytes: ByteBudget
  readonly #controllers = new Set<AbortController>()
  #unsentBytes = 0

  constructor(settings: QueryHandlerSettings) {
    const { limits } = settings
    this.#settings = settings
    this.#externalBytes = createByteBudget(limits.externalBytesTotalMax)
    this.#runner = createQueryRunner(settings)
  }

  get running(): number {
    return this.#controllers.size
  }

  stopAll(): void {
    for (const controller of this.#controllers) controller.abort()
  }

  async close(): Promise<void> {
    await this.#runner.close()
  }

  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    account: Account,
    parameters: URLSearchParams,
    queryId: string,
  ): Promise<void> {
    checkAddress(request.url ?? '')
    const held = holdBytes(this.#externalBytes)
    try {
      const form = await this.#readForm(request, parameters, held)
      const external = externalTables(form.files, form.parameters)
      const asked = parseQueryRequest(request, form.parameters, queryId)
      await this.#answer(request, response, account, { ...asked, external })
    } finally {
      held.release()
    }
  }

  async #readForm(
    request: IncomingMessage,
    parameters: URLSearchParams,
    held: HeldBytes,
  ): Promise<Form> {
    const { headers } = request
    if (!isFormData(headers)) return { parameters, files: [] }
    const encoding = (headers['content-encoding'] ?? 'identity').toLowerCase()
    const body = decodedBody(request, encoding)
    return await readFormData(request, body, parameters, this.#settings.limits, held)
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    account: Account,
    whole: Asked,
  ): Promise<void> {
    let asked = whole
    const encoding = asked.contentEncoding
    const body = asked.isBodyFramed ? this.#unframed(request, encoding, account) : request
    const controller = new AbortController()
    const stop = (): void => controller.abort()
    this.#controllers.add(controller)
    response.once('close', stop)
    let statement: Statement | undefined
    try {
      statement = await this.#statement(body, asked, account)
      refuseInput(statement.sql)
      if (account === 'reading') ({ statement, asked } = withLiftedSettings(statement, asked))
      const query = { statement, asked, account }
      const { result, types } = await this.#runner.run(query, controller.signal)
      if (statement.insertPath !== undefined) await this.#settings.insertSync?.sync()
      this.#refuseLargeResult(result)
      this.#holdUntilSent(result.bytes.length, response)
      await sendResult(response, this.#settings.identity, asked, {
        format: formatOf(statement, asked),
        result,
        types,
        isInsert: statement.insertPath !== undefined,
        hasRows: statement.insertPath === undefined && rows.test(firstWord(statement.sql)),
      })
    } catch (error) {
      throw withoutPath(error, statement?.insertPath)
    } finally {
      response.off('close', stop)
      this.#controllers.delete(controller)
      if (statement?.insertPath !== undefined) {
        await this.#settings.insertFiles.release(statement.insertPath)
      }
    }
  }

  /** The body without ClickHouse's compression, which lies within that of HTTP. */
  #unframed(request: IncomingMessage, encoding: string, account: Account): Readable {
    if (engineEncodings.has(encoding)) {
      throw new ClickhouseException(
        'NOT_IMPLEMENTED',
        `decompress=1 within the Content-Encoding "${encoding}" is not supported: use one of both`,
      )
    }
    const { insertBytesMax, queryBytesMax } = this.#settings.limits
    const bytesMax = account === 'writing' ? insertBytesMax : 2 * queryBytesMax
    const frames = framesUndone(decodedBody(request, encoding), bytesMax)
    return Readable.from(frames, { objectMode: false })
  }

  /** Reads the statement; of an insert with data only its head, the data go into a file. */
  async #statement(request: Readable, asked: QueryRequest, account: Account): Promise<Statement> {
    const { queryBytesMax } = this.#settings.limits
    if (asked.isFormData) return this.#formStatement(asked)
    if (Buffer.byteLength(asked.urlQuery) > queryBytesMax) throw queryTooLarge(queryBytesMax)
    compressionOf(asked.contentEncoding)
    const urlHead = parseInsertHead(asked.urlQuery)
    if (urlHead !== undefined) {
      refuseReadingInsert(account, asked)
      const first = Buffer.from(asked.urlQuery.slice(urlHead.dataStart))
      return this.#insert(urlHead, first, request, asked.contentEncoding)
    }
    if (asked.urlQuery.trim() !== '') {
      const body = decodedBody(request, asked.contentEncoding)
      const text = await readText(body, queryBytesMax)
      return {
        sql: text === '' ? asked.urlQuery : `${asked.urlQuery}\n${text}`,
        insertPath: undefined,
      }
    }
    if (engineEncodings.has(asked.contentEncoding))
      return this.#encodedStatement(request, asked, account)
    return this.#bodyStatement(decodedBody(request, asked.contentEncoding), asked, account)
  }

  /** The form was the body, and all of it are parameters now. */
  #formStatement({ urlQuery }: QueryRequest): Statement {
    const { queryBytesMax } = this.#settings.limits
    if (Buffer.byteLength(urlQuery) > queryBytesMax) throw queryTooLarge(queryBytesMax)
    if (parseInsertHead(urlQuery) !== undefined) {
      throw new ClickhouseException(
        'NOT_IMPLEMENTED',
        'An insert with its data in a form is not supported here: send the data as the body',
      )
    }
    return { sql: urlQuery, insertPath: undefined }
  }

  async #bodyStatement(body: Readable, asked: QueryRequest, account: Account): Promise<Statement> {
    const { queryBytesMax } = this.#settings.limits
    const { bytes, isWhole } = await readPrefix(body, queryBytesMax + 1)
    // One byte is one character here, so that the head's length in characters is its length in
    // bytes.
    const latin = bytes.toString('latin1', 0, queryBytesMax)
    const head = parseInsertHead(latin)
    if (head !== undefined) {
      refuseReadingInsert(account, asked)
      return this.#insert(
        fromLatin(head),
        bytes.subarray(head.dataStart),
        isWhole ? undefined : body,
        'identity',
      )
    }
    if (!isWhole || bytes.length > queryBytesMax) throw queryTooLarge(queryBytesMax)
    return { sql: statementText(bytes), insertPath: undefined }
  }

  /**
   * The head of an insert inside an encoding that only the engine knows: it decodes the file for
   * us.
   */
  async #encodedStatement(
    request: Readable,
    asked: QueryRequest,
    account: Account,
  ): Promise<Statement> {
    const { database, insertFiles, limits } = this.#settings
    if (account === 'reading') throw encodedStatement(asked.contentEncoding)
    refuseReadingInsert(account, asked)
    const path = insertFiles.take()
    const connection = database.connect()
    try {
      await spool(Buffer.alloc(0), request, path, limits.insertBytesMax)
      await connection.run(`SET max_memory_usage = ${limits.insertBytesMax * 3}`)
      const { bytes } = await connection.run(
        `SELECT * FROM file(${quoteString(path)}, 'RawBLOB', 'body String', ${quoteString(compressionOf(asked.contentEncoding))})`,
        'RawBLOB',
      )
      const head = parseInsertHead(bytes.toString('latin1', 0, limits.queryBytesMax))
      if (head === undefined) return { sql: statementText(bytes), insertPath: undefined }
      return await this.#insert(
        fromLatin(head),
        bytes.subarray(head.dataStart),
        undefined,
        'identity',
      )
    } finally {
      await connection.close()
      await insertFiles.release(path)
    }
  }

  async #insert(
    head: InsertHead,
    first: Buffer,
    rest: Readable | undefined,
    contentEncoding: string,
  ): Promise<Statement> {
    const { insertFiles, limits } = this.#settings
    const insertPath = insertFiles.take()
    try {
      await spool(first, rest, insertPath, limits.insertBytesMax)
    } catch (error) {
      await insertFiles.release(insertPath)
      throw error
    }
    const file = `FROM INFILE ${quoteString(insertPath)} COMPRESSION ${quoteString(compressionOf(contentEncoding))}`
    return { sql: `${head.target} ${file} ${head.settings} FORMAT ${head.format}`, insertPath }
  }

  /** Slow clients must not be able to fill the memory with results. */
  #holdUntilSent(bytes: number, response: ServerResponse): void {
    // Its 'close' has been and would not come again.
    if (response.destroyed) throw new ClickhouseException('NETWORK_ERROR', 'The client has gone')
    this.#unsentBytes += bytes
    response.once('close', () => {
      this.#unsentBytes -= bytes
    })
    response.setTimeout(this.#settings.limits.unsentMsMax, () => response.destroy())
  }

  #refuseLargeResult(result: NativeResult): void {
    const { resultBytesMax, unsentBytesMax } = this.#settings.limits
    // First what no patience helps against.
    if (result.bytes.length > resultBytesMax) {
      throw new ClickhouseException(
        'TOO_MANY_ROWS_OR_BYTES',
        `Limit for result exceeded, max bytes: ${resultBytesMax}, current bytes: ${result.bytes.length}`,
      )
    }
    if (this.#unsentBytes + result.bytes.length > unsentBytesMax) {
      throw new ClickhouseException(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Results of ${this.#unsentBytes} bytes wait for their clients; try again later`,
      )
    }
  }
}

/** Makes of a clause what the engine lets the reading account set by the address only. */
function withLiftedSettings(
  statement: Statement,
  asked: Asked,
): { readonly statement: Statement; readonly asked: Asked } {
  const { sql, settings } = liftSettings(statement.sql)
  if (settings.size === 0) return { statement, asked }
  return {
    statement: { ...statement, sql },
    asked: { ...asked, settings: new Map([...asked.settings, ...settings]) },
  }
}

/** A head that was read with one character for each byte. */
function fromLatin(head: InsertHead): InsertHead {
  const text = (latin: string): string => statementText(Buffer.from(latin, 'latin1'))
  return { ...head, target: text(head.target), settings: text(head.settings) }
}

/**
 * Its data would be the body's, which is the statement's here: nothing would be stored, and nobody
 * told.
 */
function refuseInput(sql: string): void {
  if (!/\binput\b/i.test(sql) || !/^INSERT$/i.test(firstWord(sql))) return
  const tokens = tokensOf(sql)
  if (!tokens.some((token, at) => isWord(token, 'INPUT') && tokens[at + 1]?.value === '(')) return
  throw new ClickhouseException(
    'NOT_IMPLEMENTED',
    'INSERT … SELECT … FROM input(…) is not supported here: insert into a table, and select from that',
  )
}

/** Where the body lay is nobody's business, and it is gone by now. */
function withoutPath(error: unknown, path: string | undefined): unknown {
  if (path === undefined || !(error instanceof Error) || !error.message.includes(path)) return error
  const message = error.message
    .replaceAll(`: (in file/uri ${path})`, '')
    .replaceAll(path, 'the body')
  return new Error(message, { cause: error })
}

/** Before its body is read, so that nobody can fill the disk without the token. */
function refuseReadingInsert(account: Account, asked: QueryRequest): void {
  if (account === 'writing' && !asked.mustOnlyRead) return
  throw new ClickhouseException(
    'READONLY',
    account === 'writing'
      ? 'Cannot execute query in readonly mode: an insert needs the method POST'
      : 'Cannot execute query in readonly mode: this account may only read',
  )
}

const engineEncodings: ReadonlyMap<string, string> = new Map([
  ['lz4', 'lz4'],
  ['zstd', 'zstd'],
  ['xz', 'xz'],
  ['bz2', 'bz2'],
  ['snappy', 'snappy'],
])

const compressions: ReadonlyMap<string, string> = new Map([
  ...engineEncodings,
  ['identity', 'none'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'brotli'],
])

/** ClickHouse's name for a Content-Encoding. */
function compressionOf(contentEncoding: string): string {
  const name = compressions.get(contentEncoding)
  if (name !== undefined) return name
  throw new ClickhouseException(
    'NOT_IMPLEMENTED',
    `Unknown Content-Encoding "${contentEncoding}": use one of ${[...compressions.keys()].join(', ')}`,
  )
}

function encodedStatement(encoding: string): ClickhouseException {
  return new ClickhouseException(
    'NOT_IMPLEMENTED',
    `A statement with the Content-Encoding "${encoding}" is taken from the writing account only: ` +
      'send it as it is, or with gzip, deflate or br',
  )
}

function queryTooLarge(bytesMax: number): ClickhouseException {
  return new ClickhouseException(
    'LIMIT_EXCEEDED',
    `The statement is larger than ${bytesMax} bytes: shorten it`,
    413,
  )
}
