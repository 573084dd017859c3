// The seam between what is reported and how it goes out.
//
//   report/ ──begin, end, event──▶ Emitter ──┬─▶ span-emitter.ts: OpenTelemetry spans and log records
//   (state only)                             └─▶ any other: what is state needs no span to be written
//
// Rules for an emitter: it is called on the application's path, so it does no I/O and waits for
// nobody. It may throw: the door that the application came in by keeps that from it. `begin` is
// called once for each operation, `end` once for each that ends; one that is abandoned has none. It
// may keep what it needs in the `mark` of an operation or of a subject; after `end` it keeps no
// reference to the operation.
import type { Context, Span } from '@opentelemetry/api'
import type { Operation, ReportedEvent } from '../report/operation.ts'

/** How what is reported goes out. */
export interface Emitter {
  /** It has begun, at its `startSeconds` and `startNs`. */
  begin(operation: Operation): void
  /** It has ended at this time; how, stands in the operation. */
  end(operation: Operation, seconds: number, ns: number): void
  /** It has happened. */
  event(event: ReportedEvent): void
  /** The operation's span, where it has one that can be added to. */
  spanOf(operation: Operation): Span | undefined
  /** The context whose active span is the operation's: what is made in it becomes its child. */
  contextOf(operation: Operation): Context
}
