import type { ReceiverSetting } from '../listeners.ts'
import { createOtlpGrpcReceiver } from './otlp-grpc.ts'
import { createOtlpHttpReceiver } from './otlp-http.ts'
import { createMessageReceivers, type MessageReceiver } from './messages/message-receivers.ts'
import type { MessageSettings } from './messages/message-settings.ts'
import type { Receiver, ReceiverParts } from './receiver.ts'

/** The makers of the receivers, by the setting of their address. */
const receiverMakers: Readonly<Record<ReceiverSetting, (parts: ReceiverParts) => Receiver>> = {
  otlpGrpc: createOtlpGrpcReceiver,
  otlpHttp: createOtlpHttpReceiver,
}

/** Creates all receivers; none listens yet. */
export function createReceivers(parts: ReceiverParts): Readonly<Record<ReceiverSetting, Receiver>> {
  const made = Object.entries(receiverMakers).map(([setting, make]) => [setting, make(parts)])
  return Object.fromEntries(made) as Record<ReceiverSetting, Receiver>
}

/** Creates the receivers of small messages that are switched on; none listens yet. */
export function createMessageReceiverList(
  settings: MessageSettings | undefined,
  parts: ReceiverParts,
): readonly MessageReceiver[] {
  return settings === undefined ? [] : createMessageReceivers(settings, parts)
}
