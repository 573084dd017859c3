import type { Column, ColumnType, Value } from '../analyzer.ts'
import { formatDuration, formatFraction } from '../quantity.ts'
import type { TableColumn } from './table.ts'

const formats: Readonly<Record<ColumnType, (value: number, column: Column) => string>> = {
  text: String,
  time: String,
  duration: formatDuration,
  fraction: formatFraction,
  rate: (value, { unit }) => `${formatNumber(value)} ${unit}`.trimEnd(),
  number: formatNumber,
  hour: (value) => `${String(value).padStart(2, '0')}:00`,
  // Process ids are numbers that nobody counts with; 0 is unknown.
  count: (value, { name }) =>
    name.endsWith('_pid') ? String(value === 0 ? '–' : value) : formatNumber(value),
  counts: formatNumber,
  json: String,
}

/** A value of a report as a person reads it. */
export function formatValue(column: Column, value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'object') return value.join(' ')
  if (column.type === 'time') return formatTimestamp(String(value))
  if (typeof value === 'string') return value
  // A quantile of nothing is NaN, and is shown as nothing.
  return Number.isFinite(value) ? formats[column.type](value, column) : '–'
}

/** Texts and lists stand left; what is compared by its size stands right. */
export function alignOf(column: Column): TableColumn['align'] {
  return column.type === 'text' || column.type === 'time' || column.type === 'counts'
    ? 'left'
    : 'right'
}

/** `wait_p95_ns` → `wait p95`: the unit stands with the value. */
export function headingOf(column: Column): string {
  const name = column.type === 'duration' ? column.name.replace(/_ns$/, '') : column.name
  return name.replaceAll('_', ' ')
}

/** `1,234,567`, or three digits of what has a fraction. */
function formatNumber(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) {
    return Math.round(value).toLocaleString('en-US')
  }
  return String(Number(value.toPrecision(3)))
}

/** Seconds are enough for eyes; ClickHouse's zero time means "never". */
function formatTimestamp(text: string): string {
  return text.startsWith('1970-01-01 00:00:00') ? '–' : text.slice(0, 19)
}
