// What the address for SQL answers, as a table like those of other addresses.
import type { ColumnOfTable, Table } from '../ask.ts'

/** ClickHouse's JSONCompact. */
export interface RawAnswer {
  readonly meta: readonly { readonly name: string; readonly type: string }[]
  readonly data: readonly (readonly unknown[])[]
  readonly rows: number
  readonly statistics: {
    readonly elapsed: number
    readonly rows_read: number
    readonly bytes_read: number
  }
}

/** Whether values of a type of ClickHouse are numbers. */
export function isNumber(type: string): boolean {
  return /^(?:Nullable\(|LowCardinality\()*(?:U?Int|Float|Decimal)/.test(type)
}

/** The table. */
export function toTable({ data, meta }: RawAnswer, sql: string): Table {
  const columns = meta.map(({ name, type }): ColumnOfTable => {
    return { name, type: isNumber(type) ? 'number' : 'text', unit: '', description: type }
  })
  const rows = data.map((values) =>
    Object.fromEntries(
      columns.map(({ name, type }, i) => {
        const value = values[i]
        if (type === 'number') return [name, value === null ? null : Number(value)]
        return [name, typeof value === 'string' ? value : JSON.stringify(value)]
      }),
    ),
  )
  return { columns, rows, sql }
}
