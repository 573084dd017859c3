// Runs that ended, and reports that had an id, of all jobs: so that one that comes again long
// afterwards is known. A state has its last runs itself; this has many more, of each a number.
//
//   run that ended ──▶ hash of job and id ──▶ when, and as what      (the oldest are forgotten)
import type { Logger, Time } from '@wayward/base'
import { hash } from 'node:crypto'
import type { RunResult } from './job-state.ts'

/** A run that ended, or a report that had an id, or both. */
export interface ReportMark {
  readonly service: string
  readonly name: string
  readonly runId?: string | undefined
  /** How the run ended; undefined where it did not with this. */
  readonly result?: RunResult | undefined
  readonly reportId?: string | undefined
  /** When it arrived. */
  readonly receivedMs: number
}

/** Which job is asked about. */
export interface MarkedJob {
  readonly service: string
  readonly name: string
}

/** What is known of former reports. */
export interface KnownReports {
  add(mark: ReportMark): void
  /** How a run of this id ended; undefined where none is known. */
  endOf(job: MarkedJob, runId: string): RunResult | undefined
  hasReport(job: MarkedJob, reportId: string): boolean
  readonly size: number
}

/** How long what came is to be known: as long as senders keep what they could not send. */
export const knownForMs = 7 * 86_400_000
const results: readonly RunResult[] = [
  'success',
  'failure',
  'error',
  'timeout',
  'cancellation',
  'skip',
  'lost',
]
const codesPerSecond = 16
const reportCode = 15
const tellAgainMs = 3_600_000

export interface KnownReportsParts {
  /** Of runs and reports together. */
  readonly knownMax: number
  readonly time: Time
  readonly logger: Logger
}

/** Makes it, with nothing. */
export function createKnownReports(parts: KnownReportsParts): KnownReports {
  return new HashedReports(parts)
}

class HashedReports implements KnownReports {
  readonly #parts: KnownReportsParts
  /** Seconds since 1970 with a code, by hash; the oldest first. */
  readonly #marks = new Map<number, number>()
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(parts: KnownReportsParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#marks.size
  }

  add({ name, receivedMs, reportId, result, runId, service }: ReportMark): void {
    const second = Math.max(0, Math.floor(receivedMs / 1000)) * codesPerSecond
    if (runId !== undefined && runId !== '' && result !== undefined) {
      const code = results.indexOf(result)
      if (code >= 0) this.#marks.set(hashOf('run', { service, name }, runId), second + code)
    }
    if (reportId !== undefined && reportId !== '') {
      this.#marks.set(hashOf('report', { service, name }, reportId), second + reportCode)
    }
    while (this.#marks.size > this.#parts.knownMax) this.#forgetOldest()
  }

  endOf(job: MarkedJob, runId: string): RunResult | undefined {
    const mark = this.#marks.get(hashOf('run', job, runId))
    return mark === undefined ? undefined : results[mark % codesPerSecond]
  }

  hasReport(job: MarkedJob, reportId: string): boolean {
    return this.#marks.has(hashOf('report', job, reportId))
  }

  #forgetOldest(): void {
    for (const [key, mark] of this.#marks) {
      this.#marks.delete(key)
      this.#tell(Math.floor(mark / codesPerSecond) * 1000)
      return
    }
  }

  /** What is forgotten too early is told, at most once an hour. */
  #tell(receivedMs: number): void {
    const { knownMax, logger, time } = this.#parts
    const ageMs = time.wallMs() - receivedMs
    const nowMs = time.monotonicMs()
    if (ageMs >= knownForMs || nowMs - this.#toldMs < tellAgainMs) return
    this.#toldMs = nowMs
    const text =
      'More runs of jobs end than are remembered: a report of one that ended earlier, and is sent once more, counts as new where its job has had 20 others since (limit job-reports-known-max)'
    logger.warn(text, { knownMax, rememberedSeconds: Math.round(ageMs / 1000) })
  }
}

/** 52 bits: of a million, two are alike once in ten thousand such memories. */
function hashOf(kind: 'run' | 'report', { name, service }: MarkedJob, id: string): number {
  const digest = hash('sha1', `${kind}\0${service}\0${name}\0${id}`, 'buffer')
  return digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) & 15)
}
