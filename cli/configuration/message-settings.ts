// From the settings to what the collector's receivers of small messages take.
import { checkMessageSettings, type MessageSettings } from '@wayward/collector'
import { messageListeners, type MessageSetting } from '@wayward/collector/listeners'
import { readFileSync } from 'node:fs'
import { CommandError, exitCodes } from '../command-error.ts'
import type { messageFields } from './message-fields.ts'
import type { Resolved } from './resolve.ts'

/**
 * What is set of the receivers of messages.
 *
 * @throws CommandError where the file of keys cannot be used
 * @throws CollectorError where anybody could send
 */
export function toMessageSettings(values: Resolved<typeof messageFields>): MessageSettings {
  const { allowSenders, metlogHttp, metlogKeyFile } = values
  const settings = Object.keys(messageListeners) as readonly MessageSetting[]
  const given = settings.flatMap((setting) => {
    const address = values[setting]
    return address === undefined ? [] : [[setting, address] as const]
  })
  const messages: MessageSettings = {
    addresses: Object.fromEntries(given),
    ...(allowSenders === undefined ? {} : { allowedSenders: allowSenders }),
    ...(metlogKeyFile === undefined ? {} : { keys: readKeys(metlogKeyFile) }),
    isHttpServed: metlogHttp === 'yes',
  }
  checkMessageSettings(messages)
  return messages
}

function readKeys(path: string): Readonly<Record<string, string>> {
  const keys: [string, string][] = []
  for (const [index, line] of readText(path).split(/\r?\n/).entries()) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const colon = text.indexOf(':')
    const signer = text.slice(0, Math.max(0, colon)).trim()
    const key = text.slice(colon + 1).trim()
    if (signer === '' || key.length < 16) {
      const wanted = '"signer: key" with a key of at least 16 characters'
      throw refused(path, `line ${index + 1} is not ${wanted}`)
    }
    keys.push([signer, key])
  }
  if (keys.length === 0) throw refused(path, 'it has no keys, and then nobody could send')
  return Object.fromEntries(keys)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw refused(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function refused(path: string, why: string, cause?: unknown): CommandError {
  const message = `Cannot use "${path}" for --metlog-key-file: ${why}`
  return new CommandError(exitCodes.usage, message, { cause, page: 'metlog.md' })
}
