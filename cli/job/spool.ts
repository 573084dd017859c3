// Reports that wait until the service is there again: a file for each run, a line for each report.
// They are known by the run's id when they come twice, so nobody needs to lock anything.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Report, ReportClient } from './report-client.ts'

/** Reports that wait. */
export interface Spool {
  /** Keeps a report of a run on the disk. @returns how many older files gave way to it */
  keep(runKey: string, report: Report): number
  /** Sends what waits, oldest first, until one cannot be sent. */
  send(client: ReportClient, options?: { readonly isStopped?: () => boolean }): Promise<Sent>
}

/** What became of what waited. */
export interface Sent {
  readonly sent: number
  readonly refused: number
  readonly waiting: number
  /** Why the rest waits on, or was refused. */
  readonly message: string
}

/** Enough for thousands of runs; more gives way, the oldest first. */
const spoolBytesMax = 16 * 1024 * 1024
const suffix = '.jsonl'

/** Opens the folder, which is made when it is needed. */
export function openSpool(folder: string): Spool {
  return {
    keep(runKey, report) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      append(join(folder, runKey + suffix), `${JSON.stringify(report)}\n`)
      return makeRoom(folder, runKey + suffix)
    },
    async send(client, { isStopped = () => false } = {}) {
      let sent = 0
      let refused = 0
      let message = ''
      const files = filesOf(folder)
      for (const [index, name] of files.entries()) {
        const waiting = files.length - index
        if (isStopped()) return { sent, refused, waiting, message }
        for (const report of readReports(join(folder, name))) {
          const outcome = await client.send(report)
          if (outcome.status === 'kept') sent++
          else {
            message = outcome.message
            if (outcome.status === 'away') return { sent, refused, waiting, message }
            refused++
          }
        }
        rmSync(join(folder, name), { force: true })
      }
      return { sent, refused, waiting: 0, message }
    },
  }
}

/** The name of a run's file: when it was made, so that the oldest come first. */
export function runKeyOf(startMs: number, runId: string): string {
  return `${String(startMs).padStart(15, '0')}-${encodeURIComponent(runId).slice(0, 150)}`
}

function append(path: string, line: string): void {
  const file = openSync(path, 'a', 0o600)
  try {
    writeSync(file, line)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(suffix))
      .toSorted()
  } catch {
    // Nothing has ever waited here.
    return []
  }
}

/** A line that was cut off by a crash was never told to be kept. */
function readReports(path: string): readonly Report[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line): Report[] => {
        try {
          const report = JSON.parse(line) as Partial<Report>
          return isReport(report) ? [report] : []
        } catch {
          return []
        }
      })
  } catch {
    // Another has sent it meanwhile.
    return []
  }
}

function isReport(value: Partial<Report>): value is Report {
  return (
    (value.method === 'POST' || value.method === 'PATCH') &&
    typeof value.path === 'string' &&
    value.path.startsWith('/api/jobs/') &&
    typeof value.body === 'object'
  )
}

function makeRoom(folder: string, own: string): number {
  const sized = filesOf(folder).flatMap((name) => {
    try {
      return [{ name, bytes: statSync(join(folder, name)).size }]
    } catch {
      return []
    }
  })
  let bytes = sized.reduce((sum, file) => sum + file.bytes, 0)
  let dropped = 0
  for (const file of sized) {
    if (bytes <= spoolBytesMax) break
    if (file.name === own) continue
    rmSync(join(folder, file.name), { force: true })
    bytes -= file.bytes
    dropped++
  }
  return dropped
}
