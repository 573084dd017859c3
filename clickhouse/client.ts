import { Readable } from 'node:stream'
import {
  ClickHouseError,
  type ClickHouseClient,
  type ClickHouseSettings,
  type DataFormat,
  type ExecResult,
} from '@clickhouse/client'
import { connect } from './connection.ts'
import { errorCodes } from './error-codes.ts'
import { toInsertError } from './insert-error.ts'
import { createInsertSettings } from './insert-settings.ts'
import { onCluster } from './schema/cluster.ts'
import { type KeepLimits, type KeptRows, readKept, toForm } from './kept-rows.ts'
import { isRetryable, StoreError, toStoreErrorCode } from './store-error.ts'
import { insertStatements } from './tables.ts'
import type { InsertOutcome, QueryParameters, RawAnswer, Store, StoreSettings } from './store.ts'

/** Rows that are sent along with a query, by the names by which it reads them. */
type Tables = Readonly<Record<string, KeptRows>>

interface Asked {
  readonly parameters: QueryParameters
  readonly signal: AbortSignal | undefined
  readonly tables: Tables
}

const createDatabase = 'CREATE DATABASE IF NOT EXISTS {database:Identifier}'

/**
 * Connects to a ClickHouse HTTP interface; nothing is sent before the first operation.
 *
 * @throws StoreError if the URL is not valid
 */
export function createStore(settings: StoreSettings): Store {
  return new HttpStore(settings)
}

class HttpStore implements Store {
  readonly #settings: StoreSettings
  readonly #client: ClickHouseClient
  readonly #insertSettings = createInsertSettings()
  // Some servers let a reading user change no setting at all; then we ask without.
  #querySettings: ClickHouseSettings
  #lossyTables: ReadonlySet<string> = new Set()

  constructor(settings: StoreSettings) {
    this.#settings = settings
    this.#client = connect(settings, settings.database)
    this.#querySettings = {
      output_format_json_quote_64bit_integers: 1,
      // Of servers in other zones, too: the stock tables have columns without a zone.
      session_timezone: 'UTC',
      // Steps that a question uses twice are evaluated once, where the server can.
      enable_materialized_cte: 1,
      // Our tables are Distributed ones there, and questions join them.
      ...(settings.isCluster === true ? { distributed_product_mode: 'global' } : {}),
    }
  }

  async query<Row>(
    sql: string,
    parameters: QueryParameters = {},
    signal?: AbortSignal,
    tables: Tables = {},
  ): Promise<Row[]> {
    if (Object.keys(tables).length > 0)
      return await this.#queryWith(tables, sql, parameters, signal)
    return await this.#read(async (clickhouseSettings) => {
      const result = await this.#client.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: { ...parameters },
        clickhouse_settings: clickhouseSettings,
        ...(signal === undefined ? {} : { abort_signal: signal }),
      })
      return await result.json<Row>()
    })
  }

  async #queryWith<Row>(
    tables: Tables,
    sql: string,
    parameters: QueryParameters,
    signal: AbortSignal | undefined,
  ): Promise<Row[]> {
    const { stream } = await this.#ask(sql, 'JSONEachRow', { parameters, signal, tables })
    const lines = (await readAll(this.#bytes(stream))).toString('utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row)
  }

  async keep(
    sql: string,
    { rowsMax, bytesMax }: KeepLimits,
    parameters: QueryParameters = {},
    signal?: AbortSignal,
    tables: Tables = {},
  ): Promise<KeptRows | undefined> {
    const { stream } = await this.#ask(sql, 'Native', { parameters, signal, tables })
    const bytes = await readAll(this.#bytes(stream), bytesMax)
    const kept = bytes.length > bytesMax ? undefined : readKept(bytes)
    return kept === undefined || kept.rows > rowsMax ? undefined : kept
  }

  async queryRaw(
    sql: string,
    format: string,
    parameters: QueryParameters = {},
    signal?: AbortSignal,
  ): Promise<RawAnswer> {
    const { stream, response_headers: headers } = await this.#ask(sql, format, {
      parameters,
      signal,
      tables: {},
    })
    const seen = headers['x-clickhouse-format']
    const bytes = this.#bytes(stream)
    return {
      format: typeof seen === 'string' ? seen : undefined,
      [Symbol.asyncIterator]: () => bytes[Symbol.asyncIterator](),
    }
  }

  /** Tables go as a form, which the client has not: its insert sends any bytes as they are. */
  async #ask(
    sql: string,
    format: string,
    { parameters, signal, tables }: Asked,
  ): Promise<ExecResult<Readable>> {
    const { contentType, body, settings } = toForm(tables)
    return await this.#read(async (clickhouseSettings) => {
      const asked = {
        query: sql,
        query_params: { ...parameters },
        clickhouse_settings: {
          ...clickhouseSettings,
          ...settings,
          // A parameter of the request and not a clause: the text may bring a FORMAT or end in a
          // comment. ClickHouse knows more formats than the client's type lists, and says so if it
          // does not.
          default_format: format as DataFormat,
          // An error after the first rows must be an error, and not a text among them.
          wait_end_of_query: 1 as const,
        },
        ignore_error_response: true,
        ...(signal === undefined ? {} : { abort_signal: signal }),
      }
      const result =
        body.length === 0
          ? await this.#client.exec(asked)
          : await this.#client.exec({
              ...asked,
              values: Readable.from(body, { objectMode: false }),
              http_headers: { 'Content-Type': contentType },
            })
      if ((result.http_status_code ?? 200) >= 400) throw await readException(result.stream)
      return result
    })
  }

  async command(sql: string, parameters: QueryParameters = {}): Promise<void> {
    await this.#convert(
      this.#client.command({
        query: sql,
        query_params: { ...parameters },
        // A row that remembers something must be there when the command is done.
        ...(this.#settings.isCluster === true
          ? { clickhouse_settings: { distributed_foreground_insert: 1 } }
          : {}),
      }),
    )
  }

  async insertNative(
    table: string,
    chunks: readonly Uint8Array[],
    token: string,
  ): Promise<InsertOutcome> {
    const query = insertStatements.get(table)
    if (query === undefined) {
      const known = [...insertStatements.keys()].join(', ')
      const error = new Error(`Cannot insert into table "${table}"; wanted one of ${known}`)
      return { status: 'failed', error }
    }
    for (;;) {
      try {
        await this.#insert(
          query,
          chunks,
          this.#insertSettings.of(token, this.#lossyTables.has(table)),
        )
        return { status: 'inserted' }
      } catch (thrown) {
        const error = this.#toStoreError(thrown)
        const isUnknownSetting = error.clickhouse?.code === errorCodes.UNKNOWN_SETTING
        if (isUnknownSetting && this.#insertSettings.leaveOut(error.message)) continue
        return {
          status: isRetryable(error) ? 'retryable' : 'failed',
          error: toInsertError(table, error),
        }
      }
    }
  }

  async #insert(
    query: string,
    chunks: readonly Uint8Array[],
    settings: ClickHouseSettings,
  ): Promise<void> {
    const values = Readable.from(chunks, { objectMode: false })
    const result = await this.#client.exec({ query, values, clickhouse_settings: settings })
    const said = await readStart(result.stream)
    if (said !== '' || !isFromClickhouse(result.response_headers)) {
      throw new Error(`the answer to an insert is not ClickHouse's: "${said}"`)
    }
  }

  leaveOutColumns(tables: Iterable<string>): void {
    this.#lossyTables = new Set(tables)
  }

  async createDatabase(cluster?: string): Promise<void> {
    // A request that names a missing database is refused whatever it asks for, hence a connection
    // without.
    const client = connect(this.#settings, undefined)
    try {
      await this.#convert(
        client.command({
          query: cluster === undefined ? createDatabase : `${createDatabase} ${onCluster(cluster)}`,
          query_params: { database: this.#settings.database },
        }),
      )
    } finally {
      await client.close()
    }
  }

  async ping(): Promise<boolean> {
    return (await this.#client.ping()).success
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  /**
   * Asks with our settings: without those that an older server does not know, and without any where
   * the user may not change them.
   */
  async #read<T>(ask: (settings: ClickHouseSettings) => Promise<T>): Promise<T> {
    try {
      return await ask(this.#querySettings)
    } catch (thrown) {
      const error = this.#toStoreError(thrown)
      const fewer = this.#fewerSettings(error.clickhouse?.code)
      if (fewer === undefined) throw error
      const answer = await this.#convert(ask(fewer))
      this.#querySettings = fewer
      return answer
    }
  }

  #fewerSettings(code: number | undefined): ClickHouseSettings | undefined {
    if (Object.keys(this.#querySettings).length === 0) return undefined
    if (code === errorCodes.READONLY) return {}
    const { enable_materialized_cte: newest, ...others } = this.#querySettings
    return code === errorCodes.UNKNOWN_SETTING && newest !== undefined ? others : undefined
  }

  async *#bytes(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      yield* stream
    } catch (thrown) {
      throw this.#toStoreError(thrown)
    }
  }

  async #convert<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation
    } catch (thrown) {
      throw this.#toStoreError(thrown)
    }
  }

  #toStoreError(thrown: unknown): StoreError {
    if (thrown instanceof StoreError) return thrown
    const { url, user } = this.#settings
    if (thrown instanceof ClickHouseError) {
      const clickhouse = { code: Number(thrown.code), type: thrown.type ?? '' }
      const code = toStoreErrorCode(clickhouse.code)
      const said = `${thrown.message.trim()} (${clickhouse.type}, code ${clickhouse.code})`
      const message =
        code === 'refused'
          ? `ClickHouse at ${url} refuses user "${user}": ${said}; check the user, the password and the user's rights`
          : said
      return new StoreError(code, message, { cause: thrown, clickhouse })
    }
    // A proxy answers with a whole page.
    const said =
      reasonOf(thrown).replace(/\s+/g, ' ').trim().slice(0, reasonCharacters) ||
      'an error without a text'
    const message = `Cannot reach ClickHouse at ${url}: ${said}; check that it runs and that the URL is right`
    return new StoreError('unreachable', message, { cause: thrown })
  }
}

// Code: 62. DB::Exception: Syntax error: failed at position 1 (SELEC): … (SYNTAX_ERROR) (version
// 26.7.2.1)
const exceptionText =
  /^Code: (?<code>\d+)\.\s*(?:DB::Exception: )?(?<message>.*?)\s*\((?<type>[A-Z][A-Z0-9_]+)\)(?:\s*\(version [^)]*\)*)?\s*$/s

/** Of what has more bytes than wanted the beginning, which has more, too. */
async function readAll(
  stream: AsyncIterable<Uint8Array>,
  bytesMax = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    length += chunk.length
    if (length > bytesMax) break
  }
  return Buffer.concat(chunks)
}

/** Reads an answer to its end, which frees its connection, and keeps its beginning. */
async function readStart(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    if (text.length < answerCharacters) text += Buffer.from(chunk).toString('utf8')
  }
  return text.slice(0, answerCharacters)
}

const answerCharacters = 200
const reasonCharacters = 300

/** A proxy or another program at this address may answer 200 to everything; that stores nothing. */
function isFromClickhouse(headers: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase().startsWith('x-clickhouse-'))
}

/**
 * Reads an answer that is an error; the client itself takes the first word in capitals for its
 * type.
 */
async function readException(stream: AsyncIterable<Uint8Array>): Promise<Error> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  const { code, message, type } = exceptionText.exec(text)?.groups ?? {}
  if (code === undefined || message === undefined || type === undefined) {
    return new Error(text.trim() === '' ? 'an error without a text' : text.trim())
  }
  return new ClickHouseError({ code, message, type })
}

/**
 * A refused connection to a name with two addresses is an AggregateError without a text of its own.
 */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return thrown.errors.map(reasonOf).join(', ')
  return thrown instanceof Error ? thrown.message : String(thrown)
}
