// What a process and its children took, from /proc. Where there is none (not Linux) it is unknown.
//
// CPU time and bytes of children that have ended are counted by the kernel with us, when we learn
// of their end: after minus before is exact. The most memory at a time is looked at now and then.
import { readFileSync } from 'node:fs'

/** What was taken. */
export interface Usage {
  readonly cpuNs?: number
  readonly memoryBytes?: number
  readonly readBytes?: number
  readonly writtenBytes?: number
}

/** Watches what a child takes. */
export interface UsageWatch {
  /** To be called as soon as it runs. */
  follow(pid: number): void
  /** To be called after its end. */
  stop(): Usage
}

/** The kernel shows times to programs in hundredths of a second, whatever it counts in. */
const nsPerTick = 10_000_000
const lookMsFirst = 5
const lookMsMax = 1_000
const processesMax = 1_000

/** Begins to watch; to be called before the child is started. */
export function watchUsage(): UsageWatch {
  const before = readTotals()
  let memoryBytes = 0
  let timer: NodeJS.Timeout | undefined
  return {
    follow(pid) {
      let lookMs = lookMsFirst
      const look = (): void => {
        memoryBytes = Math.max(memoryBytes, treeMemory(pid))
        lookMs = Math.min(lookMs * 2, lookMsMax)
        timer = setTimeout(look, lookMs)
        timer.unref()
      }
      look()
    },
    stop() {
      clearTimeout(timer)
      const after = readTotals()
      if (before === undefined || after === undefined) return {}
      return {
        cpuNs: (after.childTicks - before.childTicks) * nsPerTick,
        ...(memoryBytes === 0 ? {} : { memoryBytes }),
        ...(before.readBytes === undefined || after.readBytes === undefined
          ? {}
          : { readBytes: Math.max(0, after.readBytes - before.readBytes) }),
        ...(before.writtenBytes === undefined || after.writtenBytes === undefined
          ? {}
          : { writtenBytes: Math.max(0, after.writtenBytes - before.writtenBytes) }),
      }
    },
  }
}

interface Totals {
  readonly childTicks: number
  readonly readBytes: number | undefined
  readonly writtenBytes: number | undefined
}

function readTotals(): Totals | undefined {
  const stat = read('/proc/self/stat')
  if (stat === undefined) return undefined
  // The command may hold anything, also spaces: the fields begin after its bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const io = read('/proc/self/io') ?? ''
  return {
    childTicks: Number(fields[13]) + Number(fields[14]),
    readBytes: numberIn(io, /^read_bytes: (\d+)/m),
    writtenBytes: numberIn(io, /^write_bytes: (\d+)/m),
  }
}

/** Bytes that a process and all below it have resident. */
function treeMemory(pid: number): number {
  const waiting = [pid]
  let bytes = 0
  for (let seen = 0; seen < processesMax; seen++) {
    const one = waiting.pop()
    if (one === undefined) break
    bytes += (numberIn(read(`/proc/${one}/status`) ?? '', /^VmRSS:\s+(\d+)/m) ?? 0) * 1024
    const children = read(`/proc/${one}/task/${one}/children`) ?? ''
    for (const child of children.split(' ')) if (child !== '') waiting.push(Number(child))
  }
  return bytes
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not there, not ours, or gone.
    return undefined
  }
}
