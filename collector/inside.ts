// What other addresses on the listener of the API may use of the collector.
import type { Access } from '@wayward/base'
import type { TogetherConsumer } from './jobs/clickhouse-store.ts'

/** The inside of a collector. */
export interface CollectorInside {
  /** Who gets through the listener's door. */
  readonly access: Access
  /** The way of all data; it refuses before the start and after the end. */
  readonly consumer: TogetherConsumer
}
