// Answers that are tables: a question in SQL whose head declares its columns, as the analyzers'.
import {
  type Column,
  type ColumnType,
  fillSql,
  type FilledParameters,
  readQuestion,
  type Scope,
  type SqlHeader,
} from '@wayward/analyzers'
import { type Reader, type Store, StoreError } from '@wayward/clickhouse'
import { type JsonSchema, objectOf } from './json-schema.ts'

/** Rows, what their columns mean, and the statement that gives them in any ClickHouse client. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly sql: string
}

/** Asks, also for bytes in one of ClickHouse's formats. */
export type RawReader = Reader & Pick<Store, 'queryRaw'>

/** Who asks and where the tables are. */
export interface Asker {
  readonly store: RawReader
  /** Ends what is asked when nobody waits for it any more. */
  readonly signal: AbortSignal
  readonly database: string
}

/** Asks a question. @throws StoreError */
export async function askTable(
  { store, signal, database }: Asker,
  file: URL,
  values: FilledParameters,
  scope?: Scope,
): Promise<Table> {
  const { sql, header } = await readQuestion(file, scope)
  const wanted = Object.fromEntries(header.parameters.map(({ name }) => [name, values[name]]))
  const given = Object.fromEntries(
    Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  ) as FilledParameters
  const rows = await store.query<Readonly<Record<string, unknown>>>(sql, given, signal)
  return toTable(header.columns, rows, fillSql({ sql }, given, database))
}

/** Rows as ClickHouse or an analyzer gives them, in the API's form. */
export function toTable(
  columns: readonly Column[],
  rows: readonly Readonly<Record<string, unknown>>[],
  sql: string,
): Table {
  return {
    columns,
    rows: rows.map((row) =>
      Object.fromEntries(columns.map(({ name, type }) => [name, readCell(row[name], type)])),
    ),
    sql,
  }
}

/** 64-bit integers come as text and times without a `T`; what is no finite number is null. */
function readCell(value: unknown, type: ColumnType): unknown {
  if (type === 'json') return value
  if (type === 'text') return String(value)
  if (type === 'time') return `${String(value).replace(' ', 'T')}Z`
  if (Array.isArray(value)) return value.map((item) => finite(Number(item)))
  return finite(Number(value))
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** The answer's form, from the head of the question. */
export async function tableSchema(file: URL): Promise<JsonSchema> {
  return schemaOfHead((await readQuestion(file)).header)
}

/** The form of an answer with these columns. */
export function schemaOfHead({ columns }: Pick<SqlHeader, 'columns'>): JsonSchema {
  const row = objectOf(Object.fromEntries(columns.map((column) => [column.name, cell(column)])))
  return objectOf({ columns: columnsSchema, rows: { type: 'array', items: row }, sql: sqlSchema })
}

const columnsSchema: JsonSchema = {
  type: 'array',
  description: 'What the members of a row mean',
  items: objectOf({
    name: { type: 'string' },
    type: { type: 'string' },
    unit: { type: 'string' },
    description: { type: 'string' },
  }),
}

/** Of the statement behind an answer. */
export const sqlSchema: JsonSchema = {
  type: 'string',
  description: 'The statement that was asked; it runs as it is in any ClickHouse client',
}

function cell({ type, unit, description }: Column): JsonSchema {
  const text = unit === '' ? description : `${description} (${unit})`
  if (type === 'json') return { description: text }
  if (type === 'text') return { type: 'string', description: text }
  if (type === 'time') return { type: 'string', format: 'date-time', description: text }
  const number: JsonSchema = { type: ['number', 'null'] }
  if (type === 'counts') return { type: 'array', items: number, description: text }
  return { ...number, description: text }
}

/** Whether ClickHouse cannot be asked now, and may be a moment later. */
export function isAway(error: unknown): boolean {
  return error instanceof StoreError && error.code !== 'query'
}
