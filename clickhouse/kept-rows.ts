// Rows of one query that are sent along with others, as ClickHouse's external tables: a file of a
// form for each, with its columns in the address.
import { randomUUID } from 'node:crypto'
import type { ClickHouseSettings } from '@clickhouse/client'
import { NativeCursor } from './engine/native-cursor.ts'
import { type ColumnWalker, createColumnWalker } from './engine/native-walker.ts'

/** Rows of a query, to be sent along with another. */
export interface KeptRows {
  readonly rows: number
  /** Names and types of the columns, `a UInt8, b String`. */
  readonly structure: string
  /** In the Native format. */
  readonly bytes: Buffer
}

/** What is kept at most. */
export interface KeepLimits {
  readonly rowsMax: number
  readonly bytesMax: number
}

/**
 * Finds out what an answer in the Native format has.
 *
 * @throws UnwalkableTypeError for states of aggregates, which only ClickHouse can read
 */
export function readKept(bytes: Buffer): KeptRows {
  const cursor = new NativeCursor(bytes)
  const walkers = new Map<string, ColumnWalker>()
  let rows = 0
  let structure = ''
  while (!cursor.isAtEnd) {
    const columns: string[] = []
    const count = cursor.varuint()
    const inBlock = cursor.varuint()
    for (let column = 0; column < count; column++) {
      const name = cursor.text()
      const type = cursor.text()
      columns.push(`\`${name}\` ${type}`)
      const walker = walkers.get(type) ?? createColumnWalker(type)
      walkers.set(type, walker)
      if (inBlock === 0) continue
      walker.prefix(cursor)
      walker.data(cursor, inBlock)
    }
    structure = columns.join(', ')
    rows += inBlock
  }
  return { rows, structure, bytes }
}

/** The tables as a form, without any nothing, and what the address says about them. */
export function toForm(tables: Readonly<Record<string, KeptRows>>): {
  readonly contentType: string
  readonly body: readonly Buffer[]
  readonly settings: ClickHouseSettings
} {
  const boundary = `wayward-${randomUUID()}`
  const body: Buffer[] = []
  const settings: Record<string, string> = {}
  for (const [name, { structure, bytes }] of Object.entries(tables)) {
    const head = `Content-Disposition: form-data; name="${name}"; filename="${name}"`
    const type = 'Content-Type: application/octet-stream'
    body.push(
      Buffer.from(`--${boundary}\r\n${head}\r\n${type}\r\n\r\n`),
      bytes,
      Buffer.from('\r\n'),
    )
    settings[`${name}_format`] = 'Native'
    settings[`${name}_structure`] = structure
  }
  if (body.length > 0) body.push(Buffer.from(`--${boundary}--\r\n`))
  return { contentType: `multipart/form-data; boundary=${boundary}`, body, settings }
}
