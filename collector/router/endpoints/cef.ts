// Security events in the Common Event Format, in messages of syslog. Messages of Metlog's type
// `cef` are such events already; of others one is made.
import type { Endpoint } from '../endpoint.ts'
import { attributesOf, syslogSeverityOf, viewOf } from '../item-text.ts'
import { bigintAsText, nameOf, type RoutedItem, serviceOf, toObject } from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'
import { createSyslogSender, facilities } from './syslog.ts'

const extensionLengthMax = 1_023
/** Of the names of CEF's extension, those of what is known of every item. */
const keyPattern = /[^\w.-]/g
/** Metlog's words for what syslog numbers. */
const priorities = ['EMERG', 'ALERT', 'CRIT', 'ERR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG']

/** Makes the endpoint: `address`, `protocol`, `ca`, `facility`, `vendor`, `product`, `version`. */
export function createCefEndpoint(settings: SettingReader): Endpoint {
  const facility = facilities.indexOf(settings.choice('facility', facilities, 'local4'))
  const device = [
    settings.text('vendor', 'Wayward'),
    settings.text('product', 'router'),
    settings.text('version', '1'),
  ]
  return createSyslogSender(settings, (item) => {
    const { cef_meta: meta } = toObject(attributesOf(item))
    const given = isObject(meta) ? meta : {}
    const asked = facilities.indexOf(lower(given['syslog_facility']) as (typeof facilities)[number])
    const priority = priorities.indexOf(upper(given['syslog_priority']))
    const ident = given['syslog_ident']
    return {
      facility: asked < 0 ? facility : asked,
      severity: priority < 0 ? syslogSeverityOf(item) : priority,
      app: typeof ident === 'string' ? ident : serviceOf(item),
      text: eventOf(item, device),
    }
  })
}

function eventOf(item: RoutedItem, device: readonly string[]): string {
  const { body, type_: type } = viewOf(item)
  if (body.startsWith('CEF:')) return body
  const name = nameOf(item) || type || 'event'
  // CEF counts from 0 to 10, the worst last.
  const severity = Math.round(((7 - syslogSeverityOf(item)) * 10) / 7)
  const head = ['CEF:0', ...device, type || name, name, String(severity)].map(escapeHead)
  const extension = { ...toObject(attributesOf(item)), ...(body === '' ? {} : { msg: body }) }
  const pairs = Object.entries(extension).flatMap(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value, bigintAsText)
    const isKept = key !== 'cef_meta' && text.length <= extensionLengthMax
    return isKept ? [`${key.replace(keyPattern, '_')}=${escapeValue(text)}`] : []
  })
  return `${head.join('|')}|${pairs.join(' ')}`
}

function escapeHead(text: string): string {
  return text.replace(/[\\|]/g, (sign) => `\\${sign}`).replace(/[\r\n]+/g, ' ')
}

function escapeValue(text: string): string {
  return text.replace(/[\\=]/g, (sign) => `\\${sign}`).replace(/\r?\n|\r/g, '\\n')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function lower(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : ''
}

function upper(value: unknown): string {
  return typeof value === 'string' ? value.toUpperCase() : ''
}
