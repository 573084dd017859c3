// Streams: the standard output, and any Writable. A stream that does not take more is not waited
// for: what would wait beyond the bound is dropped and counted.
import type { Writable } from 'node:stream'
import { toJson } from '../envelope/encoder.ts'
import type { MetlogMessage } from '../envelope/message.ts'
import { createDropCounter, type MetlogSender } from './sender.ts'

/** How a message is written as text; without the line end. */
export type MessageFormatter = (message: MetlogMessage) => string

/** What is set of a sender to a stream. */
export interface StreamSettings {
  /** @default JSON, one message a line */
  readonly formatter?: MessageFormatter
  /** Bytes that may wait in the stream. @default 1 MiB */
  readonly waitingBytesMax?: number
}

/** The form of the original's development senders: JSON, indented by four. */
export const indentedFormatter: MessageFormatter = (message) => toJson(message, 4)

/** Makes a sender that writes into a stream, which whoever gave it closes. */
export function createStreamSender(
  stream: Writable,
  { formatter = toJson, waitingBytesMax = 1024 * 1024 }: StreamSettings = {},
): MetlogSender {
  const drops = createDropCounter()
  let isBroken = false
  stream.on('error', () => {
    isBroken = true
  })
  return {
    send(message) {
      if (isBroken || stream.destroyed || stream.writableEnded) return drops.add('stream_closed')
      if (stream.writableLength > waitingBytesMax) return drops.add('queue_full')
      stream.write(`${formatter(message)}\n`)
    },
    drops: () => drops.counts(),
  }
}

/** Makes a sender to the standard output. */
export function createStdoutSender(settings?: StreamSettings): MetlogSender {
  return createStreamSender(process.stdout, settings)
}
