// The stats files that this process has written.
import { readdirSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import type { StatsContent } from '../format/stat.ts'
import { readStatsFile } from '../read/stats-reader.ts'
import { processState, writerOf } from '../tools/process-state.ts'

/** Starts of processes and of files are told by clocks that differ by less. */
const clockSlackSeconds = 2

/**
 * The path, or the same with a number where there is a file whose process lives, be it this one: a
 * second model or another thread may have it.
 */
export function freePath(path: string, prefix: string): string {
  const ending = extname(path)
  const stem = path.slice(0, path.length - ending.length)
  for (let number = 2; ; number++) {
    const candidate = number === 2 ? path : `${stem}-${number - 1}${ending}`
    if (!isTaken(candidate, prefix)) return candidate
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

/** Whether a live process, as far as the file says, writes it. */
function isTaken(path: string, prefix: string): boolean {
  const content = readQuietly(path)
  if (content === undefined) return false
  if (isOwn(path, prefix)) return true
  const writer = writerOf(content.stats)
  if (writer.pid === undefined || writer.pid === process.pid) return false
  const state = processState(writer, path)
  return state === 'alive' || state === 'foreign'
}

/** Whether a file is of this process, and not of an earlier one that had its pid. */
function isOwn(path: string, prefix: string): boolean {
  const content = readQuietly(path)
  if (content === undefined) return false
  const values = new Map(content.stats.map((stat) => [stat.label, stat.value]))
  const find = (label: string): unknown => values.get(prefix + label) ?? values.get(label)
  const processStart = Date.now() / 1000 - process.uptime() - clockSlackSeconds
  return find('sys.pid') === process.pid && Number(find('sys.created')) >= processStart
}

/** Undefined where it is not there, not ours to read, or not a file. */
function readQuietly(path: string): StatsContent | undefined {
  try {
    return readStatsFile(path)
  } catch {
    return undefined
  }
}
