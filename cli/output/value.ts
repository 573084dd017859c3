import { type Column, formatDuration, formatFraction, type Value } from '@wayward/analyzers'
import type { TableColumn } from './table.ts'

/** A value of a report as a person reads it. */
export function formatValue(column: Column, value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'object') return value.join(' ')
  switch (column.type) {
    case 'text':
      return String(value)
    case 'time':
      return formatTimestamp(String(value))
    case 'duration':
      return formatNumeric(value, formatDuration)
    case 'fraction':
      return formatNumeric(value, formatFraction)
    case 'rate':
    case 'number':
      return formatNumeric(value, (number) => `${formatNumber(number)} ${column.unit}`.trimEnd())
    case 'hour':
      return formatNumeric(value, (hour) => `${String(hour).padStart(2, '0')}:00`)
    case 'count':
    case 'counts':
      // Process ids are numbers that nobody counts with.
      return column.name.endsWith('_pid') ? String(value) : formatNumeric(value, formatNumber)
  }
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

/** A quantile of nothing is NaN, and is shown as nothing. */
function formatNumeric(value: string | number, format: (value: number) => string): string {
  const number = Number(value)
  return Number.isFinite(number) ? format(number) : '–'
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
