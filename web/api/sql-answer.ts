// Any question in SQL, as the reading account: what the SQL door gives, on the page's own address.
// The bytes go through as ClickHouse sends them.
import type { Refusal } from '@wayward/base'
import type { Question, StreamAnswer } from './endpoint.ts'
import type { JsonSchema } from './json-schema.ts'

interface Format {
  readonly name: string
  readonly contentType: string
}

/** By the names that the parameter has. */
const sqlFormats: Readonly<Record<string, Format>> = {
  table: { name: 'JSONCompact', contentType: 'application/json' },
  csv: { name: 'CSVWithNames', contentType: 'text/csv; charset=utf-8' },
  json: { name: 'JSONEachRow', contentType: 'application/x-ndjson' },
  parquet: { name: 'Parquet', contentType: 'application/vnd.apache.parquet' },
  arrow: { name: 'Arrow', contentType: 'application/vnd.apache.arrow.file' },
}

/** `GET /api/v1/sql?sql=…&format=…`. */
export async function answerSql({ asker, given }: Question): Promise<StreamAnswer | Refusal> {
  const { format: wanted = 'table', sql = '' } = given
  const format = sqlFormats[wanted]
  if (sql.trim() === '' || format === undefined) {
    return { code: 'malformed', message: 'sql is empty; wanted a statement such as SELECT 1' }
  }
  const { contentType, name } = format
  const chunks = await asker.store.queryRaw(sql, name, {}, asker.signal)
  const isFile = wanted !== 'table'
  return { contentType, chunks, ...(isFile ? { fileName: `wayward.${wanted}` } : {}) }
}

/** Of the answer as a table; other formats have none. */
export function sqlAnswerSchema(): Promise<JsonSchema> {
  return Promise.resolve({ type: 'object', description: "ClickHouse's JSONCompact" })
}
