// pollstats: sums of fields over all files, as differences from line to line.
import { openStatsReader, type StatsReader } from '../read/stats-reader.ts'
import type { Stat } from '../format/stat.ts'
import type { ToolOutput } from './slurp.ts'
import { printable } from './stat-text.ts'
import { findFiles } from './stats-glob.ts'

export interface PollSettings {
  /** The fields' labels, without the prefix. */
  readonly fields: readonly string[]
  readonly files: readonly string[]
  readonly prefix?: string
  /** Lines; without it there is no end. */
  readonly count?: number
  /** @default 1 */
  readonly delaySeconds?: number
  /** Lines between headings. @default 20 */
  readonly headerLines?: number
  /** Files are kept that have a label which starts with one of these, or a field `key=value`. */
  readonly filters?: readonly string[]
  /** 1 tells which files are left out. @default 0 */
  readonly verbosity?: number
  readonly isJson?: boolean
  /** Differences are for each second, whatever the delay. */
  readonly isRate?: boolean
  /** Waits; false ends the loop. */
  readonly wait: (milliseconds: number) => Promise<boolean>
}

const columns = 20

/** Prints lines of differences until the count is reached or the wait says so. */
export async function poll(output: ToolOutput, settings: PollSettings): Promise<number> {
  const { prefix = '', delaySeconds = 1, headerLines = 20, verbosity = 0 } = settings
  const { count = Infinity } = settings
  const labels = settings.fields.map((field) => prefix + field)
  const warn = (text: string): void => {
    if (verbosity >= 1) output.error(`${printable(text)}\n`)
  }
  const readers = openFiles(settings, labels, warn)
  if (readers.length === 0) {
    const filters = settings.filters ?? []
    const which = filters.length === 0 ? '' : `, and is as ${printable(filters.join(' and '))}`
    output.error(`No file has one of the fields ${printable(labels.join(', '))}${which}\n`)
    return 1
  }
  let last: readonly Sum[] = labels.map(() => zero)
  const heading = headingText(settings.fields)
  if (settings.isJson !== true) output.write(heading)
  try {
    for (let line = 0; line < count; line++) {
      const isDue = count === Infinity && line > 0 && line % headerLines === 0
      if (isDue && settings.isJson !== true) output.write(heading)
      const sums = sumFields(readers, labels, warn)
      const divisor = settings.isRate === true && line > 0 ? delaySeconds : 1
      const changes = sums.map((sum, index) => change(sum, last[index] ?? zero, divisor))
      output.write(settings.isJson === true ? jsonLine(labels, changes) : lineText(changes))
      last = sums
      if (!(await settings.wait(delaySeconds * 1000))) break
    }
  } finally {
    for (const reader of readers) reader.close()
  }
  return 0
}

function openFiles(
  { files, filters = [] }: PollSettings,
  labels: readonly string[],
  warn: (text: string) => void,
): StatsReader[] {
  const isWanted = fileFilter(labels, filters)
  return findFiles(files).flatMap(({ path, within }) => {
    const reader = openStatsReader(path, { within })
    try {
      const { stats, version } = reader.read()
      if (version !== 1 && version !== 2) warn(`Skipping ${path} - unknown file format`)
      else if (isWanted(stats)) return [reader]
    } catch {
      warn(`Skipping ${path} - unable to open`)
    }
    reader.close()
    return []
  })
}

/**
 * Filters narrow down: a file has one of the fields, and all of `key=value`, and, where there are
 * plain keys, a label that starts with one of them.
 */
function fileFilter(
  labels: readonly string[],
  filters: readonly string[],
): (stats: readonly Stat[]) => boolean {
  const pairs = filters.filter((filter) => filter.includes('='))
  const starts = filters.filter((filter) => !filter.includes('='))
  const hasStart = (stats: readonly Stat[], keys: readonly string[]): boolean =>
    keys.length === 0 || stats.some(({ label }) => keys.some((key) => label.startsWith(key)))
  return (stats) =>
    hasStart(stats, labels) &&
    hasStart(stats, starts) &&
    pairs.every((pair) => stats.some(({ label, value }) => `${label}=${String(value)}` === pair))
}

/** Whole numbers of 64 bits are added up without loss, the others beside them. */
interface Sum {
  readonly whole: bigint
  readonly rest: number
}

const zero: Sum = { whole: 0n, rest: 0 }

function change(sum: Sum, last: Sum, divisor: number): number {
  return (Number(sum.whole - last.whole) + (sum.rest - last.rest)) / divisor
}

/** A field that a file does not have counts as 0 there, as does a file that went away. */
function sumFields(
  readers: readonly StatsReader[],
  labels: readonly string[],
  warn: (text: string) => void,
): Sum[] {
  const sums = new Map(labels.map((label) => [label, zero]))
  for (const reader of readers) {
    try {
      for (const { label, value } of reader.read().stats) {
        const sum = sums.get(label)
        if (sum === undefined) continue
        const number = Number(value)
        if (typeof value === 'bigint') sums.set(label, { ...sum, whole: sum.whole + value })
        else if (Number.isFinite(number)) sums.set(label, { ...sum, rest: sum.rest + number })
      }
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error))
    }
  }
  return labels.map((label) => sums.get(label) ?? zero)
}

function headingText(fields: readonly string[]): string {
  const cells = fields.map(
    (field) => `\u{1b}[1m${center(printable(field).slice(0, columns))}\u{1b}[0;0m`,
  )
  return `${cells.join('|')}\n`
}

/** As Python centres: where the room is odd, the one more is on the left if the width is odd. */
function center(text: string): string {
  const room = columns - text.length
  const left = Math.floor(room / 2) + (room & columns & 1)
  return ' '.repeat(left) + text + ' '.repeat(room - left)
}

function lineText(changes: readonly number[]): string {
  const cells = changes.map(
    (change) => `\u{1b}[1;33m${String(Math.trunc(change)).padStart(columns - 1)}\u{1b}[0;0m `,
  )
  return `${cells.join('|')}\n`
}

function jsonLine(labels: readonly string[], changes: readonly number[]): string {
  return `${JSON.stringify(Object.fromEntries(labels.map((label, index) => [label, changes[index]])))}\n`
}
