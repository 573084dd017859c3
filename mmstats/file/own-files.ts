// The stats files that this process has written.
import { readdirSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import type { StatsContent } from '../format/stat.ts'
import { readStatsFile } from '../read/stats-reader.ts'

/** Starts of processes and of files are told by clocks that differ by less. */
const clockSlackSeconds = 2

/**
 * The path, or the same with a number where this process already has a file there, as a second
 * model or another thread may have.
 */
export function freePath(path: string, prefix: string): string {
  const ending = extname(path)
  const stem = path.slice(0, path.length - ending.length)
  for (let number = 2; ; number++) {
    const candidate = number === 2 ? path : `${stem}-${number - 1}${ending}`
    if (!isOwn(candidate, prefix)) return candidate
  }
}

/** The files beside this one that this process has written. */
export function filesOfProcess(path: string, prefix: string): readonly string[] {
  const ending = extname(path)
  return readdirSync(dirname(path))
    .filter((name) => extname(name) === ending && !name.startsWith('.'))
    .map((name) => join(dirname(path), name))
    .filter((other) => other !== path && isOwn(other, prefix))
}

/** Whether a file is of this process, and not of an earlier one that had its pid. */
function isOwn(path: string, prefix: string): boolean {
  let content: StatsContent
  try {
    content = readStatsFile(path)
  } catch {
    // Not there, not ours to read, or not a file.
    return false
  }
  const values = new Map(content.stats.map((stat) => [stat.label, stat.value]))
  const find = (label: string): unknown => values.get(prefix + label) ?? values.get(label)
  const processStart = Date.now() / 1000 - process.uptime() - clockSlackSeconds
  return find('sys.pid') === process.pid && Number(find('sys.created')) >= processStart
}
