// Values of answers as people read them, by what the API says of their column.
import type { ColumnOfTable } from '../ask.ts'
import { formatCount, formatDuration, formatTime, visible } from '../format.ts'

/** A value as a text. */
export function cellText(value: unknown, { type, unit }: ColumnOfTable): string {
  if (value === null || value === undefined) return '–'
  if (type === 'text') return visible(typeof value === 'string' ? value : JSON.stringify(value))
  if (type === 'time') return formatTime(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return visible(value.join(', '))
  }
  if (type === 'json' || Array.isArray(value)) return visible(JSON.stringify(value))
  const number = Number(value)
  if (type === 'duration') return number === 0 ? '–' : formatDuration(number)
  if (type === 'fraction') return `${(number * 100).toFixed(1)} %`
  if (type === 'hour') return `${number} h`
  if (type === 'count') return formatCount(number)
  return `${Number(number.toPrecision(4)).toLocaleString('en-US')}${unit === '' ? '' : ` ${unit}`}`
}

/** Whether values of it stand at the right. */
export function isNumeric({ type }: ColumnOfTable): boolean {
  return type !== 'text' && type !== 'time' && type !== 'json' && type !== 'counts'
}

/** The name of a column in words. */
export function titleOfColumn({ name }: ColumnOfTable): string {
  return name.replace(/_(?:ns|at)$/, '').replaceAll('_', ' ')
}

/** The value by which a column is sorted. */
export function sortValue(value: unknown, { type }: ColumnOfTable): string | number {
  if (type === 'text' || type === 'time') return String(value)
  return typeof value === 'number' ? value : -Infinity
}
