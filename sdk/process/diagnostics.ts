import { diag, DiagConsoleLogger } from '@opentelemetry/api'
import { diagLogLevelFromString, getStringFromEnv } from '@opentelemetry/core'

/** Where OpenTelemetry's API keeps what is registered. */
export const diagnosticsKey = Symbol.for('opentelemetry.js.api.1')

/**
 * `OTEL_LOG_LEVEL` turns the diagnostics on, on the console; an application's own logger for them
 * stays.
 */
export function setLogLevel(): void {
  const logLevel = diagLogLevelFromString(getStringFromEnv('OTEL_LOG_LEVEL'))
  const holder = globalThis as { [diagnosticsKey]?: { readonly diag?: unknown } }
  if (logLevel === undefined || holder[diagnosticsKey]?.diag !== undefined) return
  diag.setLogger(new DiagConsoleLogger(), { logLevel, suppressOverrideMessage: true })
}
