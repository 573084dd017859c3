import type { MetlogSender } from './sender.ts'

/** Makes a sender that sends nothing: a client with it makes no messages. */
export function createNoSender(): MetlogSender {
  return { isActive: false, send() {} }
}
