// The receivers of small messages, put together: those that listen, and `POST /metlog`.
import type { Route } from '@wayward/base'
import { createMessageReceiverList } from '../receivers/list.ts'
import type { MessageReceiver } from '../receivers/messages/message-receivers.ts'
import {
  checkMessageSettings,
  type MessageSettings,
} from '../receivers/messages/message-settings.ts'
import { createMetlogDecoder } from '../receivers/messages/metlog-decoder.ts'
import { createMetlogRoute } from '../receivers/messages/metlog-route.ts'
import type { ReceiverParts } from '../receivers/receiver.ts'

/** The receivers that are switched on. */
export interface MessageService {
  readonly receivers: readonly MessageReceiver[]
  /** What stands at the listener of OTLP/HTTP. */
  readonly routes: readonly Route[]
  /** Takes no more, and hands on what was collected. */
  shutdown(deadlineMs: number): Promise<void>
}

/** Makes them; none listens yet. @throws CollectorError where others could send */
export function createMessageService(
  settings: MessageSettings | undefined,
  parts: ReceiverParts,
): MessageService {
  if (settings !== undefined) checkMessageSettings(settings)
  const receivers = createMessageReceiverList(settings, parts)
  const isHttpServed = settings?.isHttpServed === true
  return {
    receivers,
    routes: isHttpServed ? [createMetlogRoute(parts, createMetlogDecoder(settings.keys))] : [],
    async shutdown(deadlineMs) {
      await Promise.all(receivers.map(({ receiver }) => receiver.shutdown(deadlineMs)))
    },
  }
}
