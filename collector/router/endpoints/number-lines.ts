// Numbers as lines of Graphite and OpenTSDB. A histogram is its count and its sum.
import { type Endpoint, sent } from '../endpoint.ts'
import { attributesOf, timeNsOf } from '../item-text.ts'
import { createLineConnection, readTarget, toDatagrams } from '../line-connection.ts'
import { nameOf, type RoutedItem, serviceOf, toText, valueOf } from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

interface NumberOfItem {
  readonly name: string
  readonly value: number
  readonly seconds: number
  readonly tags: readonly (readonly [string, string])[]
}

/** Makes the endpoint of Graphite: `address`, `protocol`, `ca`, `prefix`, `tags`. */
export function createGraphiteEndpoint(settings: SettingReader): Endpoint {
  const hasTags = settings.flag('tags', false)
  return createNumberEndpoint(settings, '127.0.0.1:2003', ({ name, seconds, tags, value }) => {
    const tagText = hasTags ? tags.map(([key, text]) => `;${key}=${text}`).join('') : ''
    return `${name}${tagText} ${value} ${seconds}`
  })
}

/** Makes the endpoint of OpenTSDB: `address`, `protocol`, `ca`, `prefix`. */
export function createOpenTsdbEndpoint(settings: SettingReader): Endpoint {
  return createNumberEndpoint(settings, '127.0.0.1:4242', ({ name, seconds, tags, value }) => {
    const tagText = tags.map(([key, text]) => ` ${key}=${text}`).join('')
    return `put ${name} ${seconds} ${value}${tagText}`
  })
}

function createNumberEndpoint(
  settings: SettingReader,
  address: string,
  toLine: (number: NumberOfItem) => string,
): Endpoint {
  const target = readTarget(settings, address, 'tcp')
  const prefix = settings.text('prefix', '')
  const connection = createLineConnection(target)
  const toLines = (items: readonly RoutedItem[]): string[] =>
    items.flatMap((item) => numbersOf(item, prefix).map(toLine))
  return {
    render: (items) => toLines(items).join('\n'),
    async send(items, signal) {
      const lines = toLines(items)
      if (lines.length === 0) return sent
      const isUdp = target.protocol === 'udp'
      await connection.send(isUdp ? toDatagrams(lines) : [`${lines.join('\n')}\n`], signal)
      return sent
    },
    close: () => connection.close(),
  }
}

function numbersOf(item: RoutedItem, prefix: string): NumberOfItem[] {
  if (item.signal !== 'metrics') return []
  const name = `${prefix}${clean(nameOf(item))}`
  const seconds = Number(timeNsOf(item) / 1_000_000_000n)
  const service = clean(serviceOf(item)) || 'unknown'
  const own = attributesOf(item).map(
    ({ key = '', value }) => [clean(key), clean(toText(value))] as const,
  )
  const tags = [['service', service] as const, ...own.filter(([, text]) => text !== '')]
  const one = (suffix: string, value: number): NumberOfItem[] =>
    Number.isFinite(value) ? [{ name: `${name}${suffix}`, value, seconds, tags }] : []
  const { count, sum } = item.record
  if (item.holder === 'gauge' || item.holder === 'sum') return one('', valueOf(item.record))
  return [...one('.count', Number(count ?? 0)), ...one('.sum', sum ?? 0)]
}

/** What would end a name, a value or a line. */
function clean(text: string): string {
  return text.replace(/[^\w.\-/]/g, '_')
}
