import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import {
  ClickHouseLogLevel,
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  createClient,
} from '@clickhouse/client'
import { StoreError } from './store-error.ts'
import type { StoreSettings, StoreTls } from './store.ts'

/** Requests that one store has open at ClickHouse at a time. */
export const storeConnectionsMax = 10

/**
 * A client of ClickHouse's HTTP interface; nothing is sent yet.
 *
 * @param database undefined for requests that may come before there is one
 * @throws StoreError if the URL is not valid, or a file of the TLS settings cannot be read
 */
export function connect(settings: StoreSettings, database: string | undefined): ClickHouseClient {
  const { url, tls } = settings
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    const message = `Cannot use "${url}" as the URL of ClickHouse; wanted one like http://127.0.0.1:8123`
    throw new StoreError('unreachable', message, { cause: undefined })
  }
  return createClient({
    url,
    ...(database === undefined ? {} : { database }),
    request_timeout: settings.requestTimeoutMs,
    max_open_connections: storeConnectionsMax,
    // Both ends are usually on one machine, where compressing costs more than it saves.
    compression: { request: false, response: false },
    log: { level: ClickHouseLogLevel.OFF },
    ...(tls === undefined ? credentials(settings) : { ...secure(settings, tls) }),
  })
}

function credentials({ user, password }: StoreSettings): ClickHouseClientConfigOptions {
  return { username: user, password }
}

/**
 * The client's own TLS settings would take every certificate for a user's; ours may also be for a
 * proxy alone.
 */
function secure(settings: StoreSettings, tls: StoreTls): ClickHouseClientConfigOptions {
  if (!settings.url.startsWith('https:')) {
    const message = `Cannot use a CA or a certificate for "${settings.url}": it is not encrypted; wanted https://…`
    throw new StoreError('unreachable', message, { cause: undefined })
  }
  const agent = agentOf(tls)
  // ClickHouse refuses a certificate and a password at once.
  const isCertificateUser = tls.certPath !== undefined && settings.password === ''
  if (!isCertificateUser) return { ...credentials(settings), http_agent: agent }
  return {
    http_agent: agent,
    set_basic_auth_header: false,
    http_headers: {
      'X-ClickHouse-User': settings.user,
      'X-ClickHouse-SSL-Certificate-Auth': 'on',
    },
  }
}

function agentOf({ caPath, certPath, keyPath }: StoreTls): Agent {
  try {
    return new Agent({
      keepAlive: true,
      maxSockets: storeConnectionsMax,
      ...(caPath === undefined ? {} : { ca: readPem(caPath) }),
      ...(certPath === undefined ? {} : { cert: readPem(certPath) }),
      ...(keyPath === undefined ? {} : { key: readPem(keyPath) }),
    })
  } catch (error) {
    if (error instanceof StoreError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreError('unreachable', `Cannot use the certificates for ClickHouse: ${reason}`, {
      cause: error,
    })
  }
}

function readPem(path: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreError('unreachable', `Cannot read "${path}": ${reason}; wanted a PEM file`, {
      cause: error,
    })
  }
  if (bytes.includes('-----BEGIN ')) return bytes
  const message = `Cannot use "${path}": it has no "-----BEGIN" line; wanted a PEM file`
  throw new StoreError('unreachable', message, { cause: undefined })
}
