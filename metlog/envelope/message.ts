// A message in Metlog's envelope, version 0.8:
//
//   {"env_version":"0.8","timestamp":"2026-11-21T01:13:29.548314Z","type":"counter",
//    "logger":"shop","severity":6,"payload":"2","fields":{"name":"hits","rate":1},
//    "metlog_pid":4242,"metlog_hostname":"host1"}

/** The version of the envelope that is written. */
export const envelopeVersion = '0.8'

/** Severities as syslog counts them (RFC 5424, section 6.2.1). */
export const severity = {
  emergency: 0,
  alert: 1,
  critical: 2,
  error: 3,
  warning: 4,
  notice: 5,
  informational: 6,
  debug: 7,
} as const

/** A message; its keys are those of the wire. Filters may change it. */
export interface MetlogMessage {
  env_version: string
  /** UTC, RFC 3339 with six digits of a second, or nine where nanoseconds were asked for. */
  timestamp: string
  /** The kind of the message, by which it is routed. */
  type: string
  /** Who reports, usually the application. */
  logger: string
  /** From 0 (emergency) to 7 (debug). */
  severity: number
  payload: string | number
  fields: Record<string, unknown>
  metlog_pid: number
  metlog_hostname: string
  /** Only where it was asked for. */
  uuid?: string
}
