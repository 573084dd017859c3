// What processes take, from /proc. Where there is none (not Linux) all figures are 0.
import { readFileSync } from 'node:fs'

const clockTicksPerSecond = 100

/** Processor time that a process has used, user and system; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after
    // it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond
  } catch {
    return 0
  }
}

/** The first child of a process: of the service, its engine. */
export function childOf(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return Number(children.trim().split(' ')[0]) || undefined
  } catch {
    return undefined
  }
}

/** Highest resident memory since the start of the watch, in MiB. */
export interface MemoryWatch {
  stop(): number
}

const lookMs = 100

/** @param pid asked at every look, because a process may be started again */
export function watchMemory(pid: () => number | undefined): MemoryWatch {
  let highest = 0
  const look = (): void => {
    const now = pid()
    if (now !== undefined) highest = Math.max(highest, residentMib(now))
  }
  look()
  const timer = setInterval(look, lookMs)
  return {
    stop() {
      look()
      clearInterval(timer)
      return highest
    },
  }
}

function residentMib(pid: number): number {
  try {
    return (
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    )
  } catch {
    return 0
  }
}
