// slurpstats: all fields of all files, as text.
import type { Stat } from '../format/stat.ts'
import { readStatsFile } from '../read/stats-reader.ts'
import { type FoundFile, findFiles } from './stats-glob.ts'
import { jsonText, printable, statText } from './stat-text.ts'

/** Where a tool writes to. */
export interface ToolOutput {
  write(text: string): void
  error(text: string): void
}

export interface SlurpSettings {
  /** Files and patterns; none stands for the usual places. */
  readonly files: readonly string[]
  readonly isJson?: boolean
  /** Only fields whose label starts with one of these. */
  readonly labels?: readonly string[]
}

/** Prints the fields of files. @returns the exit code: 1 if a file could not be read in full */
export function slurp(output: ToolOutput, { files, isJson, labels = [] }: SlurpSettings): number {
  let exitCode = 0
  const isWanted = ({ label }: Stat): boolean =>
    labels.length === 0 || labels.some((start) => label.startsWith(start))
  for (const file of findFiles(files)) {
    const fault = slurpFile(output, file, isWanted, isJson === true)
    if (fault === undefined) continue
    exitCode = 1
    output.error(`Error reading: ${printable(file.path)}\n${printable(fault)}\n`)
  }
  return exitCode
}

/** @returns what is wrong with the file */
function slurpFile(
  output: ToolOutput,
  { path, within }: FoundFile,
  isWanted: (stat: Stat) => boolean,
  isJson: boolean,
): string | undefined {
  try {
    const content = readStatsFile(path, { within })
    const stats = content.stats.filter(isWanted)
    if (content.stats.length > 0 || content.problem === undefined) {
      output.write(isJson ? jsonText(path, stats) : slurpText(path, stats))
    }
    return content.problem
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** How many characters the original counts. */
function characters(text: string): number {
  return Array.from(text).length
}

/** A file's part of the output, as the original prints it. */
export function slurpText(path: string, stats: readonly Stat[]): string {
  const labels = stats.map(({ label }) => printable(label))
  const width = labels.reduce((most, label) => Math.max(most, characters(label)), 0)
  const lines = stats.map((stat, index) => {
    const label = labels[index] ?? ''
    return `  ${label}${' '.repeat(width - characters(label))} ${printable(statText(stat))}\n`
  })
  return `==> ${printable(path)}\n${lines.join('')}\n`
}
