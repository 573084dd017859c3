import { listeners, receiverListeners, type ReceiverSetting } from '@wayward/collector/listeners'
import { join } from 'node:path'
import type { Endpoints } from '../endpoints.ts'
import type { Terminal } from '../terminal.ts'
import type { ServeValues } from './serve-values.ts'

/** What a person sees when the service is ready: where it listens, and what to do next. */
export function greeting(
  endpoints: Endpoints,
  values: ServeValues,
  terminal: Terminal,
  name: string,
): string {
  const { style } = terminal
  const isEngine = values.clickhouseUrl === undefined
  const isDefaultFolder = values.dataDir === join(terminal.cwd, '.wayward')
  const folder = isDefaultFolder ? '' : ` --data-dir ${values.dataDir}`
  const row = (label: string, value: string): string => `  ${label.padEnd(12)}${value}\n`
  const next = (command: string, text: string): string => `  ${command}\n      ${style.dim(text)}\n`
  return [
    `${style.bold('Wayward is ready.')}\n`,
    ...Object.entries(receiverListeners).map(([setting, { title }]) =>
      row(title, endpoints[setting as ReceiverSetting]),
    ),
    row('SQL', `${endpoints.clickhouse.url} (${isEngine ? 'embedded ClickHouse' : 'your server'})`),
    row(listeners.api.title, `${endpoints.api}/readyz, /healthz, /metrics`),
    row('Page', pageAddress(endpoints)),
    ...askedFor(values).map((text) => row('Asks for', text)),
    row('Data', isEngine ? values.dataDir : `database "${endpoints.clickhouse.database}"`),
    `${style.bold('Try next, in another terminal:')}\n`,
    next(`${name} demo${folder}`, 'a small shop with a slow lock, a full queue and a failing job'),
    next(`${name} report${folder}`, 'what is wrong, the worst first'),
    next(
      `${exporterEnvironment(withScheme(endpoints.otlpGrpc), values)} <your application>`,
      'report from an application with @wayward/sdk, or with OpenTelemetry over gRPC',
    ),
    next(
      `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf ${exporterEnvironment(endpoints.otlpHttp, values)} <your application>`,
      'report from an application whose OpenTelemetry speaks HTTP',
    ),
    `${style.dim('Ctrl-C stops the service.')}\n`,
  ].join('')
}

/**
 * With what lets the page delete sessions; behind a #, so that browsers send it nowhere.
 */
function pageAddress({ api, token }: Endpoints): string {
  return token === undefined ? `${api}/` : `${api}/#token=${token}`
}

/** What requests must come with, in words. */
function askedFor({ tokenFile, tlsClientCa }: ServeValues): string[] {
  const asked = [
    ...(tlsClientCa === undefined ? [] : ['a client certificate']),
    ...(tokenFile === undefined ? [] : ['a token']),
  ]
  return asked.length === 0 ? [] : [asked.join(' and ')]
}

/**
 * The settings of an application that reports here; their values are percent-encoded, says
 * OpenTelemetry.
 */
function exporterEnvironment(endpoint: string, values: ServeValues): string {
  return [
    `OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`,
    ...(values.tokenFile === undefined
      ? []
      : ['OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<token>"']),
  ].join(' ')
}

/** Without TLS the gRPC address has no scheme, which exporters want. */
function withScheme(address: string): string {
  return address.includes('://') ? address : `http://${address}`
}
