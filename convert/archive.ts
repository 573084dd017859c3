// The form of an archive of sessions: lines of JSON, compressed with gzip; docs/sessions.md.
//
//   {"wayward":{"archive":2,"sessions":[…]}}         head: whose, and until when
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

/**
 * The version of the form that is written. The first has members of items also where they are
 * empty; a version of Wayward that knows that one only would not see that items are the same.
 */
export const archiveVersion = 2
/** Those that are read. */
export const archiveVersions: readonly number[] = [1, 2]

/** An archive that is not what it should be. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}
