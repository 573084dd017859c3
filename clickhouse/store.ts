/** Where a ClickHouse HTTP interface is and who asks. */
export interface StoreSettings {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database: string
  readonly requestTimeoutMs: number
}

/**
 * What became of an insert.
 *
 * - `inserted`: ClickHouse has the rows.
 * - `retryable`: it may work later (down, overloaded, too many parts, disk full); or it is unknown whether it has them.
 * - `failed`: it will never take these rows (unknown table, wrong type, refused password).
 */
export type InsertOutcome =
  | { readonly status: 'inserted' }
  | { readonly status: 'retryable'; readonly error: Error }
  | { readonly status: 'failed'; readonly error: Error }

/** Values of a query's parameters, `{name:Type}` in its text. */
export type QueryParameters = Readonly<
  Record<string, string | number | bigint | boolean | Date | readonly string[] | null>
>

/** The one way to ClickHouse: the embedded engine, a server and a cluster look alike from here. */
export interface Store {
  /** Rows of a query as objects. 64-bit integers come as strings. @throws StoreError */
  query<Row>(sql: string, parameters?: QueryParameters): Promise<Row[]>
  /** The bytes of a query's answer in any ClickHouse format. @throws StoreError */
  queryRaw(
    sql: string,
    format: string,
    parameters?: QueryParameters,
  ): Promise<AsyncIterable<Uint8Array>>
  /** Runs a statement that has no result (DDL). @throws StoreError */
  command(sql: string, parameters?: QueryParameters): Promise<void>
  /** Inserts Native blocks. Never rejects. @param token the deduplication token, the same at every try */
  insertNative(table: string, chunks: readonly Uint8Array[], token: string): Promise<InsertOutcome>
  /** Makes the store's database if it is missing. @throws StoreError */
  createDatabase(): Promise<void>
  /** Whether ClickHouse answers within the time-out. */
  ping(): Promise<boolean>
  close(): Promise<void>
}
