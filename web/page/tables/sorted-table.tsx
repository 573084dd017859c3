// A table of the API that can be sorted by any column; how it is sorted stands in the address.
import { useState } from 'preact/hooks'
import { Sql } from '../answered.tsx'
import type { ColumnOfTable, Row, Table } from '../ask.ts'
import { adjust, state } from '../view-state.ts'
import { cellText, isNumeric, sortValue, titleOfColumn } from './cell.ts'

/** What is shown. */
export interface SortedTableParts {
  readonly table: Table
  /** Columns to show first; all others wait behind "all columns". */
  readonly headline?: readonly string[]
  /** What a press on the first column does. */
  readonly open?: (row: Row) => void
  readonly name?: string
}

/** Rows shown at once; a longer table is cut, and says so. */
const shownMax = 1000

/** The table. */
export function SortedTable({ headline, name, open, table }: SortedTableParts) {
  const [isWhole, setWhole] = useState(false)
  const { sort } = state.value
  const columns = columnsOf(table, isWhole ? undefined : headline)
  const rows = sortRows(table, sort)
  const first = columns[0]
  return (
    <>
      <div class="wide">
        <table class="sorted" aria-label={name}>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head column={column} sort={sort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shownMax).map((row) => (
              <tr>
                {columns.map((column) => (
                  <td class={isNumeric(column) ? 'number' : column.type === 'time' ? 'time' : ''}>
                    {column === first && open !== undefined ? (
                      <button type="button" class="link" onClick={() => open(row)}>
                        {cellText(row[column.name], column) || '(no name)'}
                      </button>
                    ) : (
                      cellText(row[column.name], column)
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="tools">
        {rows.length > shownMax && (
          <span class="quiet">
            The first {shownMax} of {rows.length} rows; the SQL has all.
          </span>
        )}
        {headline !== undefined && headline.length < table.columns.length && (
          <button type="button" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? 'fewer columns' : `all ${table.columns.length} columns`}
          </button>
        )}
        <button
          type="button"
          onClick={() => void navigator.clipboard.writeText(toMarkdown(columns, rows))}
        >
          Copy as Markdown
        </button>
      </p>
      <Sql sql={table.sql} />
    </>
  )
}

function Head({ column, sort }: { readonly column: ColumnOfTable; readonly sort: string }) {
  const { name, description = '', unit } = column
  const isDown = sort === `-${name}`
  const isUp = sort === name
  return (
    <th
      class={isNumeric(column) ? 'number' : ''}
      aria-sort={isDown ? 'descending' : isUp ? 'ascending' : 'none'}
    >
      <button
        type="button"
        class="head"
        title={`${description}${unit === '' ? '' : ` (${unit})`}`}
        onClick={() => adjust({ sort: isDown ? name : isUp ? '' : `-${name}` })}
      >
        {titleOfColumn(column)}
        {isDown ? ' ↓' : isUp ? ' ↑' : ''}
      </button>
    </th>
  )
}

/** The headline's columns in its order; all in the order of the answer where there is none. */
export function columnsOf(table: Table, headline?: readonly string[]): readonly ColumnOfTable[] {
  if (headline === undefined) return table.columns
  return headline.flatMap((name) => table.columns.find((column) => column.name === name) ?? [])
}

/** Sorted by a column's name, with a minus the largest first; as they came where there is none. */
export function sortRows({ columns, rows }: Table, sort: string): readonly Row[] {
  const column = columns.find(({ name }) => name === sort.replace(/^-/, ''))
  if (column === undefined) return rows
  const sign = sort.startsWith('-') ? -1 : 1
  return rows.toSorted((a, b) => {
    const [left, right] = [sortValue(a[column.name], column), sortValue(b[column.name], column)]
    return left < right ? -sign : left > right ? sign : 0
  })
}

/** A table for a chat or an issue; what would be markup there is escaped. */
function toMarkdown(columns: readonly ColumnOfTable[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const escaped = (text: string): string => text.replaceAll(/[\\|`*_<>[\]#]/g, String.raw`\$&`)
  return [
    line(columns.map(({ name }) => escaped(name))),
    line(columns.map((column) => (isNumeric(column) ? '--:' : '---'))),
    ...rows
      .slice(0, 100)
      .map((row) => line(columns.map((column) => escaped(cellText(row[column.name], column))))),
  ].join('\n')
}
