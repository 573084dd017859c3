// How a message becomes bytes: JSON or MessagePack, and signed where that is asked for.
import { type Signing, toSignedFrame } from './frame.ts'
import { createJsonWriter } from './json-writer.ts'
import type { MetlogMessage } from './message.ts'
import { toMessagePack } from './msgpack-writer.ts'

/** How messages are written. */
export type MessageFormat = 'json' | 'msgpack'

/** What is set of the writing of messages. */
export interface EncodingSettings {
  /** @default 'json' */
  readonly format?: MessageFormat
  /** Signs every message, in Heka's frame. @default none */
  readonly signing?: Signing
}

/** Writes a message. May throw, such as for a field that refers to itself. */
export type MessageEncoder = (message: MetlogMessage) => Buffer

/**
 * Writes a message as text, which never changes any more; undefined where messages are bytes. Bytes
 * of a text are made when a socket takes them.
 */
export type TextEncoder = (message: MetlogMessage) => string

/** What the router of Metlog takes before a message that is not JSON: 0x00, the format, `::`. */
export const decoderPrefix = Buffer.from('\u0000msgpack::')

/** Makes what writes messages. */
export function createEncoder({ format = 'json', signing }: EncodingSettings = {}): MessageEncoder {
  const encode: MessageEncoder =
    format === 'json'
      ? (message) => Buffer.from(toJson(message))
      : (message) => Buffer.concat([decoderPrefix, toMessagePack(message)])
  return signing === undefined ? encode : (message) => toSignedFrame(encode(message), signing)
}

/** Makes what writes messages as texts; undefined where they are not JSON, or are signed. */
export function createTextEncoder({
  format = 'json',
  signing,
}: EncodingSettings = {}): TextEncoder | undefined {
  if (format !== 'json' || signing !== undefined) return undefined
  const write = createJsonWriter()
  return (message) => {
    try {
      return write(message) ?? toJson(message)
    } catch {
      return toJson(message)
    }
  }
}

/** Writes a message as JSON; integers beyond 2^53 as texts, since JSON has none. */
export function toJson(message: MetlogMessage, indent?: number): string {
  try {
    return JSON.stringify(message, undefined, indent)
  } catch {
    // A bigint, or something that cannot be written at all, which throws again.
    const write = (_: string, one: unknown): unknown => (typeof one === 'bigint' ? `${one}` : one)
    return JSON.stringify(message, write, indent)
  }
}
