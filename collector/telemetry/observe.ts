import type { ValueReader } from './metrics.ts'
import type { observedMetrics } from './self-metrics.ts'

/** The name of a metric whose values are read when they are asked for. */
export type ObservedName = keyof typeof observedMetrics

/**
 * Says where the values of a metric are. Several may bring values of one, with labels of their own.
 */
export type Observe = (name: ObservedName, read: ValueReader) => void
