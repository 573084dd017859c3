// Whether the process that wrote a file still lives.
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import type { Stat } from '../format/stat.ts'

/** `reused`: the pid is alive, but of a process that began after the file was made. */
export type ProcessState = 'alive' | 'foreign' | 'reused' | 'dead'

/** What a file says about its writer. */
export interface Writer {
  readonly pid: number | undefined
  /** Seconds since 1970. */
  readonly created: number | undefined
}

/** Clocks that tell a process's start and a file's birth differ by less. */
const slackSeconds = 5

/** Finds the writer in a file's fields, whatever their prefix. */
export function writerOf(stats: readonly Stat[]): Writer {
  const find = (label: string): Stat['value'] | undefined =>
    stats.find((stat) => stat.label.endsWith(label))?.value
  const pid = Number(find('sys.pid'))
  const created = Number(find('sys.created'))
  return {
    pid: Number.isSafeInteger(pid) && pid > 0 ? pid : undefined,
    created: Number.isFinite(created) && created > 0 ? created : undefined,
  }
}

/**
 * Asks the system about the writer of a file.
 *
 * @param path - the file: a process that holds it is its writer, whatever the clocks say, which may
 *   have been set since
 */
export function processState({ pid, created }: Writer, path?: string): ProcessState {
  if (pid === undefined) return 'dead'
  const isForeign = isOwnedByOther(pid)
  if (isForeign === undefined || isEnded(pid)) return 'dead'
  const start = processStart(pid)
  const isLater = start !== undefined && created !== undefined && start > created + slackSeconds
  if (isLater && (path === undefined || !isHeldBy(pid, path))) return 'reused'
  return isForeign ? 'foreign' : 'alive'
}

/** The fields of /proc's line after the command, which may hold spaces and brackets. */
function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Whether it has ended, and only its parent has not asked for how. Known on Linux only. */
function isEnded(pid: number): boolean {
  try {
    return ['Z', 'X'].includes(statFields(pid)[0] ?? '')
  } catch {
    return false
  }
}

/** Whether a process has mapped a file, or has it open. Of what may not be looked at: no. */
export function isHeldBy(pid: number, path: string): boolean {
  try {
    const real = realpathSync(path)
    if (readFileSync(`/proc/${pid}/maps`, 'utf8').includes(` ${real}\n`)) return true
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some((name) => isLinkTo(`${folder}/${name}`, real))
  } catch {
    return false
  }
}

function isLinkTo(link: string, path: string): boolean {
  try {
    return readlinkSync(link) === path
  } catch {
    // Closed in the meantime.
    return false
  }
}

/** Undefined where there is no such process. */
function isOwnedByOther(pid: number): boolean | undefined {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? true : undefined
  }
}

/** When a process began, in seconds since 1970; known on Linux only. */
export function processStart(pid: number): number | undefined {
  try {
    const ticks = Number(statFields(pid)[19])
    const boot = Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1])
    // The kernel tells ticks of 1/100 s on all its platforms of today.
    const start = boot + ticks / 100
    return Number.isFinite(start) ? start : undefined
  } catch {
    return undefined
  }
}
