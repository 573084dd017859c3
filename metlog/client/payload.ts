// The text of a message.
import { formatMessage } from './format.ts'

/** The text of a message; an error, as the message or at the end, adds its stack. */
export function toPayload(message: unknown, args: readonly unknown[]): string {
  if (message instanceof Error) return stackOf(message)
  const last = args.at(-1)
  const isError = last instanceof Error
  const text = typeof message === 'string' ? message : String(message)
  const formatted = formatMessage(text, isError ? args.slice(0, -1) : args)
  return isError ? `${formatted}\n${stackOf(last)}` : formatted
}

function stackOf(error: Error): string {
  const own = error.stack ?? String(error)
  return error.cause instanceof Error ? `${own}\nCaused by: ${stackOf(error.cause)}` : own
}
