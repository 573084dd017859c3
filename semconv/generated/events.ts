// Generated from semconv/registry by `npm run generate`. Do not edit.

/** The wall clock was set while the session ran. Reported when it is seen, and again at an interval. */
export const EVENT_WAYWARD_CLOCK_STEP = 'wayward.clock.step' as const

/** Spans or events of this process were dropped. */
export const EVENT_WAYWARD_EVENTS_DROPPED = 'wayward.events.dropped' as const

/** A question that the service asks by itself found something, or finds it no more. */
export const EVENT_WAYWARD_FINDING_CHANGE = 'wayward.finding.change' as const

/** Something changed in the state of a job that is reported over HTTP, or of one of its runs. */
export const EVENT_WAYWARD_JOB_CHANGE = 'wayward.job.change' as const

/** A lock was used in a way that locks are not made for. Told when a thread does so with a class of locks for the first time, and counted from then on. */
export const EVENT_WAYWARD_LOCK_MISUSE = 'wayward.lock.misuse' as const

/** A class of locks was asked for while another was held. Told when a thread does so for the first time, and counted from then on. */
export const EVENT_WAYWARD_LOCK_ORDER = 'wayward.lock.order' as const

/** The process that wrote a stats file has ended and has not removed it, as after a crash. */
export const EVENT_WAYWARD_MMSTATS_ABANDONED = 'wayward.mmstats.abandoned' as const

/** The end of an operation that was reported as open by `wayward.operation.open`. */
export const EVENT_WAYWARD_OPERATION_ENDED = 'wayward.operation.ended' as const

/** Snapshot of an operation that has been open for longer than a threshold, repeated at a fixed interval. */
export const EVENT_WAYWARD_OPERATION_OPEN = 'wayward.operation.open' as const
