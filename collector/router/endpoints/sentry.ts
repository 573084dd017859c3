// Log records and exceptions as events of Sentry, by the envelope API. An event has the same id at
// each try, so Sentry keeps it once.
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_HOST_NAME,
} from '@wayward/semconv'
import { createHash } from 'node:crypto'
import { type Endpoint, sent } from '../endpoint.ts'
import { attributesOf, syslogSeverityOf, timeNsOf, toJsonLine, viewOf } from '../item-text.ts'
import { post } from '../http-post.ts'
import {
  attributeOf,
  bigintAsText,
  resourceOf,
  type RoutedItem,
  serviceOf,
  toObject,
} from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

const levels = ['fatal', 'fatal', 'fatal', 'error', 'warning', 'info', 'info', 'debug'] as const
const framesMax = 100
const framePattern = /^\s*at (?:(.+) )?\(?([^()]+?):(\d+):(\d+)\)?$/

/** Makes the endpoint: `dsn`, `environment`. Spans and numbers are not sent. */
export function createSentryEndpoint(settings: SettingReader): Endpoint {
  const dsn = readDsn(settings)
  const environment = settings.text('environment', undefined)
  const done = new WeakMap<readonly RoutedItem[], number>()
  const render = (items: readonly RoutedItem[]): string =>
    items
      .filter(isEvent)
      .map((item) => envelopeOf(item, environment))
      .join('')
  return {
    render,
    async send(items, signal) {
      const events = items.filter(isEvent)
      for (let index = done.get(items) ?? 0; index < events.length; index++) {
        const body = render(events.slice(index, index + 1))
        const headers = {
          'Content-Type': 'application/x-sentry-envelope',
          'X-Sentry-Auth': dsn.auth,
        }
        const outcome = await post({ url: dsn.url, headers, body }, signal)
        if (outcome.status !== 'sent') return outcome
        done.set(items, index + 1)
      }
      return sent
    },
  }
}

function readDsn(settings: SettingReader): { readonly url: URL; readonly auth: string } {
  const dsn = settings.url('dsn')
  const [, folder = '', project] = /^(.*)\/(\w+)$/.exec(dsn.pathname) ?? []
  if (dsn.username === '' || project === undefined) {
    settings.refuse('dsn', 'is no DSN; wanted is https://key@host/project')
  }
  const url = new URL(`${dsn.origin}${folder}/api/${project}/envelope/`)
  return { url, auth: `Sentry sentry_version=7, sentry_client=wayward, sentry_key=${dsn.username}` }
}

function isEvent({ signal }: RoutedItem): boolean {
  return signal === 'logs'
}

function envelopeOf(item: RoutedItem, environment: string | undefined): string {
  const id = createHash('sha256').update(toJsonLine(item)).digest('hex').slice(0, 32)
  const type = attributeOf(item, ATTR_EXCEPTION_TYPE)
  const stack = attributeOf(item, ATTR_EXCEPTION_STACKTRACE)
  const host = resourceOf(item, ATTR_HOST_NAME)
  const event = {
    event_id: id,
    timestamp: Number(timeNsOf(item)) / 1e9,
    platform: 'other',
    level: levels[syslogSeverityOf(item)],
    logger: serviceOf(item),
    message: { formatted: viewOf(item).body },
    ...(host === '' ? {} : { server_name: host }),
    ...(environment === undefined ? {} : { environment }),
    ...(type === '' ? {} : { exception: { values: [exceptionOf(item, type, stack)] } }),
    extra: toObject(attributesOf(item)),
  }
  const payload = JSON.stringify(event, bigintAsText)
  const head = JSON.stringify({ event_id: id, sent_at: new Date().toISOString() })
  const itemHead = JSON.stringify({ type: 'event', length: Buffer.byteLength(payload) })
  return `${head}\n${itemHead}\n${payload}\n`
}

function exceptionOf(item: RoutedItem, type: string, stack: string): object {
  const frames = stack.split('\n', framesMax).flatMap((line) => {
    const [, name = '?', file, lineNumber, column] = framePattern.exec(line) ?? []
    if (file === undefined) return []
    return [{ function: name, filename: file, lineno: Number(lineNumber), colno: Number(column) }]
  })
  const value = attributeOf(item, ATTR_EXCEPTION_MESSAGE)
  // Sentry wants the innermost call last.
  return {
    type,
    value,
    ...(frames.length === 0 ? {} : { stacktrace: { frames: frames.toReversed() } }),
  }
}
