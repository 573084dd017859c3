// The form of an archive of sessions: lines of JSON, compressed with gzip; docs/sessions.md.
//
//   {"wayward":{"archive":1,"sessions":[…]}}         head: whose, and until when
//   {"resourceSpans":[…]} …                          requests of OTLP/JSON
//   {"wayward":{"end":true,"sessions":[…],…}}        end: what a whole archive has
//
// There are no paths in it, so none can climb; a cut archive has no end.

/** How much of each signal. */
export interface Counts {
  readonly spans: number
  readonly logs: number
  /** Data points of metrics. */
  readonly points: number
}

/** A session in an archive. */
export interface ArchivedSession {
  readonly service: string
  readonly session: string
  /** Name that a person gave to the run, or empty. */
  readonly name: string
  /** ISO 8601, UTC. */
  readonly firstAt: string
  /** What was reported later than this is not in the archive. */
  readonly until: string
}

/** The first line. */
export interface ArchiveHead {
  readonly archive: number
  readonly createdAt: string
  readonly sessions: readonly ArchivedSession[]
}

/** The last line. */
export interface ArchiveEnd {
  readonly end: true
  readonly sessions: readonly (Counts & Pick<ArchivedSession, 'service' | 'session'>)[]
  /** Of all lines before, each with its line feed. */
  readonly sha256: string
}

/** The version of the form that is written, and the only one that is read. */
export const archiveVersion = 1

/** An archive that is not what it should be. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}
