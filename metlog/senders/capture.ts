import type { MetlogMessage } from '../envelope/message.ts'
import { toJson } from '../envelope/encoder.ts'
import type { MetlogSender } from './sender.ts'

/** A sender that keeps what it was given, for tests. */
export interface CaptureSender extends MetlogSender {
  /** The last messages, oldest first, as they were when they were sent. */
  readonly messages: readonly MetlogMessage[]
  /** Forgets them. */
  clear(): void
}

/**
 * Makes a sender that keeps the last messages.
 *
 * @param messagesMax @default 100
 * @example
 * const sender = createCaptureSender()
 * createMetlogClient({ sender }).incr('hits')
 * console.log(sender.messages[0]?.payload) // 1
 */
export function createCaptureSender(messagesMax = 100): CaptureSender {
  const messages: MetlogMessage[] = []
  return {
    messages,
    send(message) {
      if (messages.length >= messagesMax) messages.shift()
      messages.push(JSON.parse(toJson(message)) as MetlogMessage)
    },
    clear() {
      messages.length = 0
    },
  }
}
