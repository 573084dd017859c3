// cleanstats: removes the files of processes that have ended.
import { lstatSync, rmSync } from 'node:fs'
import { readStatsFile } from '../read/stats-reader.ts'
import { StatsFileError, systemError } from '../stats-file-error.ts'
import { processState, type Writer, writerOf } from './process-state.ts'
import type { ToolOutput } from './slurp.ts'
import { printable } from './stat-text.ts'
import { type FoundFile, findFiles } from './stats-glob.ts'

export interface CleanSettings {
  /** Files and patterns; none stands for the usual places. */
  readonly files: readonly string[]
  /** Prints what would be removed, and removes nothing. */
  readonly isDryRun?: boolean
}

/** Removes dead files. The original's texts, but files of other users' live processes stay. */
export function clean(output: ToolOutput, { files, isDryRun = false }: CleanSettings): number {
  let alive = 0
  let removed = 0
  for (const file of findFiles(files)) {
    const { path } = file
    const verdict = judge(file)
    if (verdict === 'skip') continue
    if (verdict === 'alive') {
      alive++
      continue
    }
    output.write(`${printable(verdict.text)}\n`)
    if (!verdict.isDead || isDryRun) continue
    try {
      rmSync(path)
      removed++
    } catch (error) {
      output.write(printable(`Could not remove ${path}: ${systemError(error).text}`) + '\n')
    }
  }
  output.write(`Removed ${removed}  -  ${alive} alive\n`)
  return 0
}

interface Verdict {
  readonly text: string
  readonly isDead: boolean
}

function judge({ path, within }: FoundFile): 'skip' | 'alive' | Verdict {
  let writer: Writer
  try {
    if (lstatSync(path).isDirectory()) return 'skip'
    const content = readStatsFile(path, { within })
    if (content.version !== 1 && content.version !== 2) {
      return { text: `Invalid file: ${path}`, isDead: false }
    }
    writer = writerOf(content.stats)
  } catch (error) {
    const code = error instanceof StatsFileError ? error.code : systemError(error).code
    if (code === 'unusable') return { text: systemError(error).text, isDead: false }
    if (code !== 'EACCES') return 'skip'
    return { text: `Permission denied: ${path}`, isDead: false }
  }
  const { pid } = writer
  if (pid === undefined) return { text: `File has no sys.pid entry: ${path}`, isDead: false }
  const state = processState(writer, path)
  if (state === 'alive' || state === 'foreign') return 'alive'
  const reason = state === 'reused' ? 'is another process now' : 'not found'
  return { text: `PID ${pid} ${reason}. Deleting ${path}`, isDead: true }
}
