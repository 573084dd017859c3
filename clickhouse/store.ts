import type { KeepLimits, KeptRows } from './kept-rows.ts'

/** The bytes of an answer as they come. */
export interface RawAnswer extends AsyncIterable<Uint8Array> {
  /** The format that they are in, where ClickHouse says so: a statement may have one of its own. */
  readonly format: string | undefined
}

/** How ClickHouse is reached. */
export interface StoreSettings {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database: string
  readonly requestTimeoutMs: number
  /** For an `https` URL: files in PEM form. @default the certificate authorities that Node knows */
  readonly tls?: StoreTls | undefined
  /** Whether the tables are Distributed ones over a cluster. @default false */
  readonly isCluster?: boolean
}

/** How the store shows who it is, and knows who ClickHouse is. */
export interface StoreTls {
  /** Certificates of the authorities that may have signed ClickHouse's. */
  readonly caPath?: string | undefined
  /** Our certificate. Without a password it is also what ClickHouse knows the user by. */
  readonly certPath?: string | undefined
  readonly keyPath?: string | undefined
}

/**
 * What became of an insert.
 *
 * - `inserted`: ClickHouse has the rows.
 * - `retryable`: it may work later (down, overloaded, too many parts, disk full); or it is unknown
 *   whether it has them.
 * - `failed`: it will not take these rows until a person changes something (unknown table, wrong
 *   type, refused password); the error says what.
 */
export type InsertOutcome =
  | { readonly status: 'inserted' }
  | { readonly status: 'retryable'; readonly error: Error }
  | { readonly status: 'failed'; readonly error: Error }

/** Values of a query's parameters, `{name:Type}` in its text. */
export type QueryParameters = Readonly<
  Record<string, string | number | bigint | boolean | Date | readonly string[] | null>
>

/** Who asks questions, and nothing more. */
export interface Reader {
  /**
   * Rows of a query as objects. 64-bit integers come as strings.
   *
   * @param signal ends the query, in ClickHouse as well
   * @param tables rows that are sent along, by the names by which the query reads them
   * @throws StoreError
   */
  query<Row>(
    sql: string,
    parameters?: QueryParameters,
    signal?: AbortSignal,
    tables?: Readonly<Record<string, KeptRows>>,
  ): Promise<Row[]>
  /**
   * Rows of a query that other queries are to have as a table. A reader without this asks each
   * query as a whole.
   *
   * @returns undefined where they are too many
   * @throws StoreError
   */
  keep?(
    sql: string,
    limits: KeepLimits,
    parameters?: QueryParameters,
    signal?: AbortSignal,
    tables?: Readonly<Record<string, KeptRows>>,
  ): Promise<KeptRows | undefined>
}

/** The one way to ClickHouse: the embedded engine, a server and a cluster look alike from here. */
export interface Store extends Reader {
  /**
   * The bytes of a query's answer in any ClickHouse format.
   *
   * @param signal ends the query, in ClickHouse as well
   * @throws StoreError
   */
  queryRaw(
    sql: string,
    format: string,
    parameters?: QueryParameters,
    signal?: AbortSignal,
  ): Promise<RawAnswer>
  /** Runs a statement that has no result (DDL). @throws StoreError */
  command(sql: string, parameters?: QueryParameters): Promise<void>
  /**
   * Inserts Native blocks, one after the other in the chunks, as one insert block: one part per
   * partition, all rows or none of a partition. Never rejects.
   *
   * @param chunks no block without rows: ClickHouse refuses it
   * @param token the deduplication token, the same at every try. Into a partition that has had a
   *   block of this token nothing is inserted, whatever rows the blocks have
   */
  insertNative(table: string, chunks: readonly Uint8Array[], token: string): Promise<InsertOutcome>
  /**
   * Lets inserts into these tables leave out columns that they lack; into all others that is an
   * error.
   */
  leaveOutColumns(tables: Iterable<string>): void
  /**
   * Makes the store's database if it is missing, on every server of a cluster if one is named.
   * @throws StoreError
   */
  createDatabase(cluster?: string): Promise<void>
  /** Whether ClickHouse answers within the time-out. */
  ping(): Promise<boolean>
  close(): Promise<void>
}
