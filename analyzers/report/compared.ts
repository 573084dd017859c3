// Two answers to one question side by side, such as those of two sessions: what each says of a
// lock, queue or job, and by how much it has changed.
import type { Column } from '../analyzer.ts'
import type { Report } from '../run.ts'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'
import { alignOf, formatValue, headingOf } from './value.ts'

type Side = Pick<Report, 'columns' | 'headline' | 'rows'>
type Row = Side['rows'][number]

/** Columns of which it can be said by how much they have changed. */
const comparedTypes: ReadonlySet<string> = new Set([
  'count',
  'duration',
  'fraction',
  'number',
  'rate',
])

/** A table with three lines for each name: the one, the other and the change. */
export function comparedTable(
  [first, second]: readonly [Side, Side],
  width: number,
  style: Style,
): string {
  const columns = first.headline.flatMap(
    (name) => first.columns.find((column) => column.name === name) ?? [],
  )
  const [nameColumn, ...others] = columns
  if (nameColumn === undefined) return ''
  const numbers = others.filter(({ type }) => comparedTypes.has(type))
  const rows = pairsOf(first.rows, second.rows, nameColumn.name).flatMap(({ key, one, other }) => [
    [key, lineOf('first', one), ...cellsOf(numbers, one)],
    ['', lineOf('second', other), ...cellsOf(numbers, other)],
    ['', 'change', ...numbers.map((column) => changeOf(column, one, other))],
  ])
  const heads = numbers.map((column) => ({ heading: headingOf(column), align: alignOf(column) }))
  return renderTable(
    {
      columns: [
        { heading: headingOf(nameColumn), align: 'left' },
        { heading: 'session', align: 'left', isWhole: true },
        ...heads,
      ],
      rows,
    },
    width,
    style,
  )
}

function lineOf(name: string, row: Row | undefined): string {
  return row === undefined ? `${name}: not there` : name
}

function cellsOf(columns: readonly Column[], row: Row | undefined): readonly string[] {
  return columns.map((column) => (row === undefined ? '' : formatValue(column, row[column.name])))
}

/** As a share of the first; empty where nothing has changed or one of them is not there. */
function changeOf({ name }: Column, one: Row | undefined, other: Row | undefined): string {
  const [before, now] = [Number(one?.[name]), Number(other?.[name])]
  if (!Number.isFinite(now - before) || now === before) return ''
  if (before === 0) return 'new'
  const share = (100 * (now - before)) / Math.abs(before)
  return `${share > 0 ? '+' : ''}${share.toFixed(Math.abs(share) < 10 ? 1 : 0)} %`
}

interface Pair {
  readonly key: string
  readonly one: Row | undefined
  readonly other: Row | undefined
}

/** By name and service, in the order of the first, then what only the second has. */
function pairsOf(first: readonly Row[], second: readonly Row[], name: string): readonly Pair[] {
  const services = new Set([...first, ...second].map((row) => row['service']))
  const keyOf = (row: Row): string => {
    const service = services.size > 1 && name !== 'service' ? ` · ${String(row['service'])}` : ''
    return `${String(row[name])}${service}`
  }
  const [ones, others] = [byKey(first, keyOf), byKey(second, keyOf)]
  const keys = new Set([...ones.keys(), ...others.keys()])
  return [...keys].map((key) => ({ key, one: ones.get(key), other: others.get(key) }))
}

/** Of rows of one name the first, which is the worst. */
function byKey(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, Row> {
  return new Map(rows.toReversed().map((row) => [keyOf(row), row]))
}
