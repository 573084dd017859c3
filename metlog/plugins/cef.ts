// Security events in ArcSight's Common Event Format, as metlog-cef sends them:
//
//   CEF:0|vendor|product|version|signature|name|severity|key=value key=value
import type { MetlogClient } from '../client/metlog-client.ts'

/** Signatures of events that many applications have. */
export const cefSignature = {
  authFailure: 'AuthFail',
  captchaFailure: 'CaptchaFail',
  overrideFailure: 'OverrideFail',
  accountLocked: 'AccountLockout',
  passwordResetClear: 'PasswordResetCodeCleared',
} as const

/** What is set of the plugin. */
export interface CefSettings {
  readonly vendor: string
  readonly product: string
  /** The product's version. */
  readonly version: string
  /** @default 'LOCAL4' */
  readonly syslogFacility?: string
  /** @default 'INFO' */
  readonly syslogPriority?: string
  /** What syslog calls the program. @default none */
  readonly syslogIdent?: string
  /** Options of syslog, such as `PID,CONS`. @default none */
  readonly syslogOptions?: string
}

/** What an event carries. */
export interface CefOptions {
  /** @default 'none' */
  readonly username?: string
  /** @default the name */
  readonly signature?: string
  /** The request, as it stands in the environment of CGI, or its parts by CEF's keys. */
  readonly environ?: Readonly<Record<string, unknown>>
  /** Keys of CEF with their values. */
  readonly extension?: Readonly<Record<string, unknown>>
}

/** Sends a security event: the method `cef`. */
export type Cef = (
  client: MetlogClient,
  name: string,
  severity: number,
  options?: CefOptions,
) => void

const facilities = /^(?:KERN|USER|MAIL|DAEMON|AUTH|LPR|NEWS|UUCP|CRON|LOCAL[0-7])$/
const priorities = /^(?:EMERG|ALERT|CRIT|ERR|WARNING|NOTICE|INFO|DEBUG)$/
const options = /^(?:PID|CONS|NDELAY|NOWAIT|PERROR)(?:,(?:PID|CONS|NDELAY|NOWAIT|PERROR))*$/
const extensionMax = 1_023
const valueMax = 1_023

/**
 * Makes the method `cef(name, severity, options)`; severities go from 0 to 10.
 *
 * @throws RangeError where an option of syslog is none
 */
export function createCef(settings: CefSettings): Cef {
  const { syslogFacility = 'LOCAL4', syslogIdent = '', syslogPriority = 'INFO' } = settings
  const { syslogOptions = '' } = settings
  mustMatch('facility', syslogFacility, facilities)
  mustMatch('priority', syslogPriority, priorities)
  if (syslogOptions !== '') mustMatch('options', syslogOptions, options)
  const head = ['CEF:0', settings.vendor, settings.product, settings.version].map(escapeHeader)
  return (client, name, severity, { environ = {}, extension = {}, ...given } = {}) => {
    const level = Math.min(10, Math.max(0, Math.round(severity)))
    const { signature = name, username = 'none' } = given
    const line = [...head, escapeHeader(signature), escapeHeader(name), String(level)].join('|')
    const values = { ...fromEnviron(environ), suser: username, ...extension }
    client.metlog('cef', {
      payload: `${line}|${toExtension(values)}`,
      fields: {
        cef_meta: {
          syslog_options: syslogOptions,
          syslog_facility: syslogFacility,
          syslog_ident: syslogIdent,
          syslog_priority: syslogPriority,
        },
      },
    })
  }
}

function mustMatch(what: string, value: string, form: RegExp): void {
  if (form.test(value)) return
  throw new RangeError(
    `Cannot make the plugin "cef": syslog ${what} is "${value}", wanted ${form.source}`,
  )
}

/** CEF's keys of what stands in CGI's environment. */
const cgiKeys: Readonly<Record<string, string>> = {
  REQUEST_METHOD: 'requestMethod',
  PATH_INFO: 'request',
  REMOTE_ADDR: 'src',
  HTTP_HOST: 'dhost',
  HTTP_USER_AGENT: 'requestClientApplication',
}

function fromEnviron(environ: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = Object.entries(environ).filter(([key]) => cgiKeys[key] !== undefined)
  return Object.fromEntries(known.map(([key, value]) => [cgiKeys[key], value]))
}

/** Extensions that are too large are left out; the others go. */
function toExtension(values: Readonly<Record<string, unknown>>): string {
  const parts: string[] = []
  let length = 0
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined || value === null || !/^\w{1,64}$/.test(key)) continue
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const part = `${key}=${escapeExtension(text.slice(0, valueMax))}`
    if (length + part.length > extensionMax) continue
    parts.push(part)
    length += part.length + 1
  }
  return parts.join(' ')
}

function escapeHeader(text: string): string {
  return text.replace(/[\\|]/g, '\\$&').replace(/[\r\n]+/g, ' ')
}

function escapeExtension(text: string): string {
  return text.replace(/[\\=]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n')
}
