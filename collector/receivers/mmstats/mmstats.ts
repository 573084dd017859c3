// The receiver of stats files: it goes to them, and hands on what they hold as any request.
import type { Logger } from '@wayward/base'
import type { Sender } from '../../consumer.ts'
import { statsReceiver } from '../../listeners.ts'
import { consumeRequest, type ReceiverParts } from '../receiver.ts'
import { createStatsWatch, type StatsWatch, type StatsWatchSettings } from './stats-watch.ts'

const sender: Sender = { receiver: statsReceiver, address: '', agent: '', identity: '' }

/** Makes the receiver; it reads nothing before its start. */
export function createStatsReceiver(
  settings: StatsWatchSettings,
  parts: ReceiverParts,
  logger: Logger,
): StatsWatch {
  return createStatsWatch(settings, {
    send: async (signal, body) => {
      const request = { signal, encoding: 'protobuf', body, sender } as const
      const outcome = await consumeRequest(parts, request)
      if (outcome.status === 'accepted') {
        return { status: 'taken', message: outcome.rejectedItems > 0 ? outcome.message : undefined }
      }
      // What is malformed today is malformed tomorrow.
      const status = outcome.status === 'malformed' ? 'refused' : 'unavailable'
      return { status, message: outcome.message }
    },
    tell: (message, file) => logger.warn(message, { file }),
    wallMs: parts.time.wallMs,
  })
}
