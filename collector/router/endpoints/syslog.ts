// syslog of RFC 5424 over UDP, TCP (counted, RFC 6587) or TLS (RFC 5425).
import { ATTR_HOST_NAME, ATTR_PROCESS_PID } from '@wayward/semconv'
import { hostname } from 'node:os'
import { type Endpoint, sent } from '../endpoint.ts'
import { syslogSeverityOf, timeTextOf } from '../item-text.ts'
import { createLineConnection, readTarget } from '../line-connection.ts'
import { templateOf } from '../line-format.ts'
import { nameOf, resourceOf, type RoutedItem } from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

/** The facilities of syslog, in the order of their numbers. */
export const facilities = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const

/** The parts of a message of syslog that are not of the item itself. */
export interface SyslogHead {
  readonly facility: number
  readonly severity: number
  readonly app: string
  readonly text: string
}

/** What RFC 5426 wants every receiver to take; most take more. */
const bytesMaxUsual = 8_192

/** Makes the endpoint: `address`, `protocol`, `ca`, `facility`, `app`, `format`, `bytesMax`. */
export function createSyslogEndpoint(settings: SettingReader): Endpoint {
  const facility = facilities.indexOf(settings.choice('facility', facilities, 'user'))
  const toApp = templateOf(settings, 'app', settings.text('app', '{service}'))
  const toText = templateOf(settings, 'format', settings.text('format', '{body}'))
  return createSyslogSender(settings, (item) => ({
    facility,
    severity: syslogSeverityOf(item),
    app: toApp(item),
    text: toText(item),
  }))
}

/** Makes an endpoint of what stands in each message. */
export function createSyslogSender(
  settings: SettingReader,
  toHead: (item: RoutedItem) => SyslogHead,
): Endpoint {
  const target = readTarget(settings, '127.0.0.1:514', 'udp')
  const bytesMax = settings.number('bytesMax', bytesMaxUsual, 480, 60_000)
  const connection = createLineConnection(target)
  const toMessage = (item: RoutedItem): string => messageOf(item, toHead(item), bytesMax)
  return {
    render: (items) => items.map(toMessage).join('\n'),
    async send(items, signal) {
      const messages = items.map(toMessage)
      const isUdp = target.protocol === 'udp'
      const pieces = isUdp
        ? messages
        : messages.map((message) => `${Buffer.byteLength(message)} ${message}`)
      await connection.send(pieces, signal)
      return sent
    },
    close: () => connection.close(),
  }
}

function messageOf(item: RoutedItem, head: SyslogHead, bytesMax: number): string {
  const { app, facility, severity, text } = head
  const time = `${timeTextOf(item).slice(0, 26)}Z`
  const host = resourceOf(item, ATTR_HOST_NAME) || hostname()
  const pid = resourceOf(item, ATTR_PROCESS_PID)
  const fields = [word(host, 255), word(app, 48), word(pid, 128), word(nameOf(item), 32)]
  const message = `<${facility * 8 + severity}>1 ${time} ${fields.join(' ')} - ${oneLine(text)}`
  return cut(message, bytesMax)
}

/** A word of the head: printable signs of ASCII, or a dash. */
function word(text: string, lengthMax: number): string {
  const printable = text.replace(/[^\x21-\x7E]/g, '_').slice(0, lengthMax)
  return printable === '' ? '-' : printable
}

/** No item can begin a message of its own. */
function oneLine(text: string): string {
  return text.replace(/\r?\n|\r/g, '\\n').replace(/\p{Cc}/gu, ' ')
}

/** At most so many bytes, and no half of a sign. */
function cut(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= bytesMax) return text
  let end = bytesMax
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString()
}
