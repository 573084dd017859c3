// What the kinds of points share, and what each brings.
import type { Dictionary, MapColumn } from '@wayward/clickhouse'
import type { MessageShape, WireReader } from '@wayward/otlp'
import type { AttributeList } from './attributes.ts'
import type { RequestTime } from './item-checks.ts'
import type { DecodeLimits } from './limits.ts'
import type { MetricHead } from './metric-head.ts'
import type { RequestReader } from './request-reader.ts'
import type { Tally } from './tally.ts'

/** What the readers of all kinds share. */
export interface PointParts {
  readonly wire: WireReader
  readonly tally: Tally
  readonly time: RequestTime
  readonly limits: DecodeLimits
  readonly request: RequestReader
  /** The metric whose points are read. */
  readonly metric: MetricHead
  /** The dictionaries that the request reader puts keys and service names into. */
  readonly sources: {
    readonly resource: Dictionary
    readonly scope: Dictionary
    readonly service: Dictionary
  }
  readonly list: (place: string, map: MapColumn) => AttributeList
}

/** What makes a kind of points: the fields that others have not, and their columns. */
export interface PointValues {
  readonly shape: MessageShape
  /** Tags of the fields that all kinds have, but not under the same number. */
  readonly tags: {
    readonly attributes: number
    readonly flags: number
    readonly exemplars: number
  }
  begin(): void
  /** Reads a field of a point, or steps over it. @returns the position after it */
  readField(tag: number, p: number, end: number): number
  /** Whether the values fit together. */
  isGood(): boolean
  /** @throws ItemRejection when they do not */
  check(): void
  /** Appends what cannot refuse the point any more. */
  append(flags: number): void
  /** Takes back what `readField` has appended. */
  takeBack(): void
}
