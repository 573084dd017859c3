import { ATTR_WAYWARD_KIND } from '@wayward/semconv'

/**
 * How the values of a column are to be read. `counts` is a list of numbers, `json` is whatever JSON
 * can say, as its text; the others are one value.
 */
export type ColumnType =
  | 'text'
  | 'count'
  | 'duration'
  | 'fraction'
  | 'rate'
  | 'number'
  | 'time'
  | 'hour'
  | 'counts'
  | 'json'

/** A column of a report, as the head of the analyzer's SQL declares it. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** `ns` for durations, `items/s` and the like for rates, else often empty. */
  readonly unit: string
  readonly description: string
}

/**
 * A value of a row: numbers for every type but `text` and `time`. Times are `YYYY-MM-DD
 * hh:mm:ss.nnnnnnnnn`, UTC.
 */
export type Value = string | number | readonly number[]

/** A span to look at. */
export interface Exemplar {
  /** What it is an example of. */
  readonly label: string
  readonly traceId: string
  readonly spanId: string
}

/** Something worth doing about, found by an analyzer. */
export interface Finding {
  /** From 0 (harmless) to 100 (nothing else matters). */
  readonly severity: number
  /** What it is about: the name of the lock, queue or job. */
  readonly subject: string
  readonly service: string
  /**
   * Names of what it is about, for a report that does not say one cause twice. @default the subject
   * alone
   */
  readonly about?: readonly string[]
  /** One sentence with the names and the numbers. */
  readonly summary: string
  /** How the numbers come about. */
  readonly explanation: string
  /** The way out. */
  readonly solution: string
  readonly exemplars: readonly Exemplar[]
}

/** What an analyzer looks at; `session` is for what is wrong with the data themselves. */
export type SubjectKind = 'lock' | 'queue' | 'job' | 'logger' | 'session'

/** What an analyzer's findings say about the thing that they are about. */
export type Telling = 'cause' | 'matter' | 'detail'

/** A question and how its answer is read. */
export interface Analyzer<Row> {
  readonly name: string
  /** The file of the question, beside the compiled code. */
  readonly sql: URL
  /** What it is about: without it the question cannot be answered. @default 'lock' */
  readonly subject?: SubjectKind
  /** Spans and events without which the question cannot be answered. */
  readonly requires: readonly string[]
  /** Values of parameters that only this question has. */
  readonly parameters: Readonly<Record<string, string | number>>
  /**
   * Whether it has rows only for what is wrong: then no rows mean that all is well, if what it
   * requires is there. @default false, a row for all that was heard of
   */
  readonly isQuietWithoutRows?: boolean
  /** A module that says "Kept where small": where that finds nothing, there are no rows. */
  readonly nothingWithout?: string
  /** What of log records must be there, where the subject is a logger. @default record */
  readonly needs?: 'record' | 'message' | 'user'
  /** Whether it is asked by its name only, and not by a report on everything. @default false */
  readonly isAskedAlone?: boolean
  /**
   * Whether its findings say why (`cause`), what is the matter (`matter`) or more about that
   * (`detail`): of findings about one thing the first is told first. @default 'matter'
   */
  readonly tells?: Telling
  /** What a row means; `undefined` if nothing is wrong with it. */
  toFinding(row: Row): Finding | undefined
}

/** Findings below this severity are not worth a reader's time. */
export const findingSeverityMin = 5

/** The finding, unless it is not severe enough to be one. */
export function worthTelling(finding: Finding): Finding | undefined {
  return finding.severity < findingSeverityMin ? undefined : finding
}

/** Exemplars that point to a span, each span once; the others have nothing to show. */
export function exemplarsOf(candidates: readonly Exemplar[]): readonly Exemplar[] {
  const bySpan = new Map<string, Exemplar>()
  for (const { label, traceId, spanId } of candidates) {
    if (traceId === '' || spanId === '') continue
    const known = bySpan.get(traceId + spanId)
    const labels = known === undefined ? label : `${known.label}, ${label}`
    bySpan.set(traceId + spanId, { label: labels, traceId, spanId })
  }
  return [...bySpan.values()]
}

/** The thing and its service, as summaries begin: `Lock "inventory" of shop`. */
export function nameOf(kind: string, name: string, service: string): string {
  return `${kind} "${name}" of ${service === '' ? 'a service without a name' : service}`
}

/** How a requirement for spans of a kind is told to people. */
export function spansOfKind(kind: string): string {
  return `spans with ${ATTR_WAYWARD_KIND} = ${kind}`
}
