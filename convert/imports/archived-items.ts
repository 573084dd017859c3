// The items of a request of OTLP/JSON: whose they are, when they were, and a text that is the same
// for the same item, whoever wrote the JSON.
import { hash } from 'node:crypto'
import type { SessionKey } from '@wayward/clickhouse'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_SESSION_ID,
} from '@wayward/semconv'
import { ArchiveError } from '../archive.ts'
import { type ItemSql, items } from '../exports/otlp-json.ts'
import type { ArchivedRequest } from './session-archive.ts'

/** A request, taken apart. */
export interface ParsedRequest extends SessionKey {
  readonly request: ArchivedRequest
  /** Where its items are stored. */
  readonly table: ItemSql
  /** In the order of the request. */
  readonly items: readonly ParsedItem[]
}

/** An item. */
export interface ParsedItem {
  readonly key: string
  /** Nanoseconds since 1970. */
  readonly time: bigint
}

type Json = Readonly<Record<string, unknown>>

const names = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const

/** @throws ArchiveError where it is not as an export writes it */
export function parseRequest(request: ArchivedRequest): ParsedRequest {
  const found: ParsedItem[] = []
  let owner: SessionKey | undefined
  let table: ItemSql | undefined
  walk(request, (item, { resource, ...scope }) => {
    owner ??= ownerOf(resource)
    const own = tableOf(request.signal, item)
    table ??= own
    if (table !== own) throw new ArchiveError('A request has metrics of several kinds')
    const key = hash('sha1', JSON.stringify(plainOf([resource, scope, item])), 'base64')
    found.push({ key, time: timeOf(item, own) })
    return true
  })
  if (owner === undefined || table === undefined) throw new ArchiveError('A request is empty')
  return { request, ...owner, table, items: found }
}

/**
 * The same in one form: members in the order of their names, and without those that are empty,
 * which some versions of an archive have and others do not, and which are nothing to OTLP.
 */
function plainOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainOf)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
    .map(([name, member]): [string, unknown] => [name, plainOf(member)])
    .filter(([, member]) => !isEmpty(member))
  return Object.fromEntries(members.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === '' || value === 0
  return Object.keys(value).length === 0
}

/** The request with only those of its items that are wanted, by their places. */
export function keepItems(
  request: ArchivedRequest,
  isWanted: (index: number) => boolean,
): ArchivedRequest {
  let index = 0
  const { root, groups } = walk(request, () => isWanted(index++))
  return { ...request, body: Buffer.from(JSON.stringify({ [root]: groups })) }
}

interface Where {
  readonly resource: Json
  readonly schemaUrl: unknown
  readonly scope: unknown
  readonly scopeSchemaUrl: unknown
}

/** Visits each item; what it says no to is left out of the groups that come back. */
function walk(
  { body, signal }: ArchivedRequest,
  visit: (item: Json, where: Where) => boolean,
): { readonly root: string; readonly groups: readonly Json[] } {
  const [root, scopes, list] = names[signal]
  const whole = JSON.parse(body.toString()) as Json
  const groups = listOf(whole[root]).flatMap((group) => {
    const resource = (group['resource'] ?? {}) as Json
    const kept = listOf(group[scopes]).flatMap((one) => {
      const where = {
        resource,
        schemaUrl: group['schemaUrl'],
        scope: one['scope'],
        scopeSchemaUrl: one['schemaUrl'],
      }
      const wanted = listOf(one[list]).filter((item) => visit(item, where))
      return wanted.length === 0 ? [] : [{ ...one, [list]: wanted }]
    })
    return kept.length === 0 ? [] : [{ ...group, [scopes]: kept }]
  })
  return { root, groups }
}

function listOf(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) throw new ArchiveError('A request has no list where one is wanted')
  return value as readonly Json[]
}

/** As the views of the sessions tell it. */
function ownerOf(resource: Json): SessionKey {
  const attributes = listOf(resource['attributes'])
  const of = (name: string): string => {
    const found = attributes.find(({ key }) => key === name)?.['value'] as Json | undefined
    const text = found?.['stringValue']
    return typeof text === 'string' ? text : ''
  }
  const service = of(ATTR_SERVICE_NAME)
  const session =
    of(ATTR_WAYWARD_SESSION_ID) ||
    of(ATTR_SERVICE_INSTANCE_ID) ||
    `${service}@${of(ATTR_HOST_NAME)}:${of(ATTR_PROCESS_PID)}`
  return { service, session }
}

function tableOf(signal: ArchivedRequest['signal'], item: Json): ItemSql {
  const found = items.find((one) =>
    signal === 'metrics'
      ? one.kind !== undefined && item[one.kind] !== undefined
      : one.signal === (signal === 'traces' ? 'spans' : 'logs'),
  )
  if (found === undefined) throw new ArchiveError('A metric is of no known kind')
  return found
}

function timeOf(item: Json, { kind }: ItemSql): bigint {
  const holder = kind === undefined ? item : pointOf(item[kind])
  const nano = holder['startTimeUnixNano']
  const time = holder['timeUnixNano'] ?? nano
  if (typeof time !== 'string' || !/^\d{1,20}$/.test(time)) {
    throw new ArchiveError(`An item has the time ${JSON.stringify(time)}; wanted nanoseconds`)
  }
  return BigInt(time)
}

function pointOf(metric: unknown): Json {
  const [point] = listOf((metric as Json)['dataPoints'])
  if (point === undefined) throw new ArchiveError('A metric has no point')
  return point
}
