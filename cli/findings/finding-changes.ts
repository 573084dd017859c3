// What changed between two reports: something is wrong that was not, is worse than before, or is
// found no more. What is only somewhat better or worse is no news.
import type { Cause, RankedReport } from '@wayward/analyzers/report/ranked'
import { severityBounds } from '@wayward/analyzers/report/style'
import { createHash } from 'node:crypto'

/** Something that is wrong now. */
export interface OpenFinding {
  /** Its own, from its opening to its close. */
  readonly id: string
  readonly kind: string
  readonly service: string
  readonly subject: string
  readonly analyzer: string
  /** The highest that was told. */
  readonly severity: number
  readonly summary: string
  readonly solution: string
  /** How many reports in a row have not had it. */
  readonly missed: number
}

/** What is told. */
export interface FindingChange {
  readonly type: 'opened' | 'worse' | 'closed'
  readonly finding: OpenFinding
}

/** What is known after a report, and what is to be told. */
export interface Compared {
  readonly open: readonly OpenFinding[]
  readonly changes: readonly FindingChange[]
}

/** What is to be known of a report. */
export interface CompareSettings {
  /** Findings below it are none. */
  readonly severityMin: number
  readonly nowMs: number
}

/** One report without it may be chance; after so many it is closed. */
const missedMax = 2
/** More are not followed: the most severe are. */
const openMax = 500

/** Compares a report with what was known before. */
export function compareFindings(
  before: readonly OpenFinding[],
  { asked, causes, dataQuality }: Pick<RankedReport, 'asked' | 'causes' | 'dataQuality'>,
  { nowMs, severityMin }: CompareSettings,
): Compared {
  const failed = new Set(
    asked.filter(({ status }) => status === 'failed').map(({ analyzer }) => analyzer),
  )
  const known = new Map(before.map((finding) => [keyOf(finding), finding]))
  const open: OpenFinding[] = []
  const changes: FindingChange[] = []
  const seen = new Set<string>()
  for (const cause of [...causes, ...dataQuality].toSorted((a, b) => b.severity - a.severity)) {
    const key = keyOf(cause)
    if (cause.severity < severityMin || seen.has(key) || open.length >= openMax) continue
    seen.add(key)
    const finding = toOpen(cause, known.get(key), nowMs)
    open.push(finding)
    const told = known.get(key)
    if (told === undefined) changes.push({ type: 'opened', finding })
    else if (levelOf(finding.severity) > levelOf(told.severity)) {
      changes.push({ type: 'worse', finding })
    }
  }
  for (const finding of before) {
    if (seen.has(keyOf(finding))) continue
    // Of a question that had no answer nothing is known.
    const missed = failed.has(finding.analyzer) ? finding.missed : finding.missed + 1
    if (missed < missedMax) open.push({ ...finding, missed })
    else changes.push({ type: 'closed', finding })
  }
  return { open, changes }
}

function toOpen(cause: Cause, known: OpenFinding | undefined, nowMs: number): OpenFinding {
  const { analyzer, kind, service, severity, solution, subject, summary } = cause
  const key = `${keyOf(cause)} ${nowMs}`
  const id = known?.id ?? createHash('sha256').update(key).digest('hex').slice(0, 16)
  const highest = Math.max(severity, known?.severity ?? 0)
  return { id, kind, service, subject, analyzer, severity: highest, summary, solution, missed: 0 }
}

/** Which analyzer says most may change from report to report. */
function keyOf({
  kind,
  service,
  subject,
}: Pick<OpenFinding, 'kind' | 'service' | 'subject'>): string {
  return JSON.stringify([kind, service, subject])
}

function levelOf(severity: number): number {
  if (severity >= severityBounds.high) return 2
  return severity >= severityBounds.medium ? 1 : 0
}
