// Any question in SQL, as the reading account: what the SQL door gives, on the page's own address.
// The bytes go through as ClickHouse sends them, and stop with the client.
import { problemDetails, type Refusal, type Reply, type Route } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import { safeHeaders, safely } from './endpoint.ts'
import { foreignReply } from './foreign-site.ts'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** What is asked. */
export type RawReader = Pick<Store, 'queryRaw'>

interface Format {
  readonly name: string
  readonly contentType: string
}

/** The formats of answers, by their names in the address. */
export const sqlFormats: Readonly<Record<string, Format>> = {
  table: { name: 'JSONCompact', contentType: 'application/json' },
  csv: { name: 'CSVWithNames', contentType: 'text/csv; charset=utf-8' },
  json: { name: 'JSONEachRow', contentType: 'application/x-ndjson' },
  parquet: { name: 'Parquet', contentType: 'application/vnd.apache.parquet' },
  arrow: { name: 'Arrow', contentType: 'application/vnd.apache.arrow.file' },
}

const sqlLengthMax = 30_000

/** `GET /api/v1/sql?sql=…&format=…`. */
export function createSqlRoute(store: RawReader, toRefusal: (error: unknown) => Refusal): Route {
  return {
    path: '/api/v1/sql',
    methods: ['GET'],
    handle: async ({ query, request, response }) => {
      const foreign = foreignReply(request.headers)
      if (foreign !== undefined) return safely(foreign)
      const sql = query.get('sql') ?? ''
      const wanted = query.get('format') ?? 'table'
      const format = Object.hasOwn(sqlFormats, wanted) ? sqlFormats[wanted] : undefined
      const wrong = format === undefined ? wrongFormat(wanted) : wrongSql(sql)
      if (wrong !== undefined || format === undefined) return refuse(wrong ?? '')
      try {
        const bytes = await store.queryRaw(sql, format.name)
        const isFile = wanted !== 'table'
        response.writeHead(200, {
          ...safeHeaders,
          'Content-Type': format.contentType,
          ...(isFile ? { 'Content-Disposition': `attachment; filename="wayward.${wanted}"` } : {}),
        })
        await send(bytes, response)
        return undefined
      } catch (error) {
        // Nobody is left to read it, or it is too late for another status.
        if (response.headersSent || response.destroyed) response.destroy()
        else return safely(problemDetails(toRefusal(error)))
        return undefined
      }
    },
  }
}

function wrongFormat(seen: string): string {
  return `format is "${seen.slice(0, 100)}"; wanted ${Object.keys(sqlFormats).join(', ')}`
}

function wrongSql(sql: string): string | undefined {
  if (sql.trim() === '') return 'sql is empty; wanted a statement such as SELECT 1'
  if (sql.length <= sqlLengthMax) return undefined
  return `sql has ${sql.length} characters; wanted at most ${sqlLengthMax}`
}

function refuse(message: string): Reply {
  return safely(problemDetails({ code: 'malformed', message }))
}

/** Leaves the loop, which ends the question, when the client has gone. */
async function send(bytes: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  for await (const chunk of bytes) {
    if (response.destroyed) return
    if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal })
  }
  response.end()
}
