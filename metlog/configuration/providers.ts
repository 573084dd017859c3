// What a configuration can name, listed once.
import type { MetlogClient } from '../client/metlog-client.ts'
import {
  type MetlogFilter,
  severityMaxFilter,
  typeBlacklistFilter,
  typeSeverityMaxFilter,
  typeWhitelistFilter,
} from '../filters/filters.ts'
import { createLoggerSender } from '../bridges/logger-sender.ts'
import { createCef, type CefSettings } from '../plugins/cef.ts'
import { createProcinfo } from '../plugins/procinfo.ts'
import { createRaven } from '../plugins/raven.ts'
import { createCaptureSender } from '../senders/capture.ts'
import { createFileSender } from '../senders/file.ts'
import { createNoSender } from '../senders/none.ts'
import { createOtlpSender } from '../senders/otlp.ts'
import type { MetlogSender } from '../senders/sender.ts'
import { createStdoutSender } from '../senders/stream.ts'
import { createUdpSender } from '../senders/udp.ts'
import { createZeroMqSender, type ZeroMqSettings } from '../senders/zeromq.ts'
import { MetlogConfigurationError } from './ini.ts'

/** Makes a named thing from the options that a configuration gives it. */
export type Provider<Made> = (options: Readonly<Record<string, unknown>>) => Made

/** A method that is added to a client. */
export interface Plugin {
  readonly name: string
  // Whatever the method takes after the client is for whoever calls it.
  readonly method: (client: MetlogClient, ...args: never[]) => unknown
}

/** The senders by name. */
export const senderProviders: Readonly<Record<string, Provider<MetlogSender>>> = {
  udp: (options) => createUdpSender(options),
  stdOut: () => createStdoutSender(),
  stdout: () => createStdoutSender(),
  file: (options) => {
    const path = options['path'] ?? options['filepath']
    return createFileSender({ path: mustBeText('sender "file"', 'path', path) })
  },
  debugCapture: () => createCaptureSender(),
  capture: () => createCaptureSender(),
  noSend: () => createNoSender(),
  none: () => createNoSender(),
  console: () => createLoggerSender(console),
  otlp: (options) => createOtlpSender(options),
  zmqPub: (options) => createZeroMqSender(toZeroMq(options)),
  zmqHandshakePub: (options) => createZeroMqSender(toZeroMq(options)),
  zeromq: (options) => createZeroMqSender(toZeroMq(options)),
}

/** The original's words for what is set of ZeroMQ. */
function toZeroMq(options: Readonly<Record<string, unknown>>): ZeroMqSettings {
  const { bindstrs, connectBind, connect_bind, handshakeBind, handshake_bind, ...rest } = options
  const connect = rest['connect'] ?? bindstrs ?? connectBind ?? connect_bind
  const handshake = rest['handshake'] ?? handshakeBind ?? handshake_bind
  const queue = rest['queueItemsMax'] ?? rest['queueLength'] ?? rest['queue_length'] ?? rest['hwm']
  return {
    ...rest,
    connect: connect as string | readonly string[],
    ...(queue === undefined ? {} : { queueItemsMax: Number(queue) }),
    ...(handshake === undefined ? {} : { handshake: handshake as string }),
  }
}

/** The filters by name. */
export const filterProviders: Readonly<Record<string, Provider<MetlogFilter>>> = {
  severityMax: ({ severity }) => severityMaxFilter(Number(severity)),
  typeBlacklist: ({ types }) => typeBlacklistFilter(toTypes(types)),
  typeWhitelist: ({ types }) => typeWhitelistFilter(toTypes(types)),
  typeSeverityMax: ({ types }) =>
    typeSeverityMaxFilter(types as Readonly<Record<string, { readonly severity: number }>>),
}

/** A list, one name, or an object keyed by type, as the original's clients had them. */
function toTypes(types: unknown): readonly string[] {
  if (typeof types === 'string') return [types]
  if (Array.isArray(types)) return types.map(String)
  return typeof types === 'object' && types !== null ? Object.keys(types) : []
}

/** The plugins by name. */
export const pluginProviders: Readonly<Record<string, Provider<Plugin>>> = {
  raven: (options) => ({ name: 'raven', method: createRaven(options) }),
  cef: (options) => ({ name: 'cef', method: createCef(options as unknown as CefSettings) }),
  procinfo: () => ({ name: 'procinfo', method: createProcinfo() }),
  psutils: () => ({ name: 'procinfo', method: createProcinfo() }),
}

function mustBeText(of: string, key: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new MetlogConfigurationError(`The ${of} has no ${key}, wanted a text`)
}
