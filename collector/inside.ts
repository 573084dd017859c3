// What other addresses on the listener of the API may use of the collector.
import type { Access } from '@wayward/base'
import type { ConsumeOutcome, ExportRequest } from './consumer.ts'
import type { TogetherConsumer } from './jobs/clickhouse-store.ts'
import { archiveReceiver } from './listeners.ts'
import { consumeRequest } from './receivers/receiver.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

/** A request out of an archive. */
export type ArchivedExport = Pick<ExportRequest, 'signal' | 'encoding' | 'body' | 'nonce'>

/** The inside of a collector. */
export interface CollectorInside {
  /** Who gets through the listener's door. */
  readonly access: Access
  /** Resolves when ClickHouse has everything that was accepted before. */
  readonly whenInserted: () => Promise<void>
  /** Takes a request out of an archive by the way of all data. Never rejects. */
  readonly takeArchived: (request: ArchivedExport) => Promise<ConsumeOutcome>
}

/** Puts it together. */
export function createInside(parts: {
  readonly access: Access
  readonly consumer: TogetherConsumer
  readonly telemetry: Telemetry
}): CollectorInside {
  const { access, consumer } = parts
  const sender = { receiver: archiveReceiver, address: '', agent: '', identity: '' } as const
  return {
    access,
    whenInserted: () => consumer.whenInserted(),
    takeArchived: (request) => consumeRequest(parts, { ...request, sender }),
  }
}
