// The stats files that this process has written, and those of others that live.
import { readdirSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { readStatsFile } from '../read/stats-reader.ts'
import { isHeldBy, processState, type Writer, writerOf } from '../tools/process-state.ts'

/** Starts of processes and of files are told by clocks that differ by less. */
const clockSlackSeconds = 2

/**
 * The path, or the same with a number where there is a file whose process lives, be it this one: a
 * second model or another thread may have it.
 */
export function freePath(path: string): string {
  const ending = extname(path)
  const stem = path.slice(0, path.length - ending.length)
  for (let number = 2; ; number++) {
    const candidate = number === 2 ? path : `${stem}-${number - 1}${ending}`
    if (!isTaken(candidate)) return candidate
  }
}

/** The files beside this one that this process has written. */
export function filesOfProcess(path: string): readonly string[] {
  const ending = extname(path)
  return readdirSync(dirname(path))
    .filter((name) => extname(name) === ending && !name.startsWith('.'))
    .map((name) => join(dirname(path), name))
    .filter((other) => other !== path && isOwn(other, writerAt(other)))
}

/** Whether a live process, as far as the file says, writes it. */
function isTaken(path: string): boolean {
  const writer = writerAt(path)
  if (writer?.pid === undefined) return false
  if (writer.pid === process.pid) return isOwn(path, writer)
  const state = processState(writer, path)
  return state === 'alive' || state === 'foreign'
}

/** Whether a file is of this process, and not of an earlier one that had its pid. */
function isOwn(path: string, writer: Writer | undefined): boolean {
  if (writer?.pid !== process.pid) return false
  const processStart = Date.now() / 1000 - process.uptime() - clockSlackSeconds
  return (writer.created ?? 0) >= processStart || isHeldBy(process.pid, path)
}

/** Who writes a file; undefined where it is not there, not ours to read, or not a file. */
function writerAt(path: string): Writer | undefined {
  try {
    return writerOf(readStatsFile(path).stats)
  } catch {
    return undefined
  }
}
