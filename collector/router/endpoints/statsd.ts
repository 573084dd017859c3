// Counters, gauges and times as statsd's datagrams. A counter of statsd adds up changes: sums that
// count from a start on are not sent.
import { type Endpoint, sent } from '../endpoint.ts'
import { createLineConnection, toDatagrams } from '../line-connection.ts'
import { recordOf } from '../item-request.ts'
import {
  nameOf,
  type Point,
  type RoutedItem,
  type toObject,
  toText,
  valueOf,
} from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

const delta = 1

/** Makes the endpoint: `address`, `prefix`, `tags` (DogStatsD's). */
export function createStatsdEndpoint(settings: SettingReader): Endpoint {
  const target = { protocol: 'udp', ...settings.address('address', '127.0.0.1:8125') } as const
  const prefix = settings.text('prefix', '')
  const hasTags = settings.flag('tags', false)
  const connection = createLineConnection(target)
  const toLines = (items: readonly RoutedItem[]): string[] =>
    items.flatMap((item) => linesOf(item, prefix, hasTags))
  return {
    render: (items) => toLines(items).join('\n'),
    async send(items, signal) {
      await connection.send(toDatagrams(toLines(items)), signal)
      return sent
    },
    close: () => connection.close(),
  }
}

function linesOf(item: RoutedItem, prefix: string, hasTags: boolean): string[] {
  if (item.signal !== 'metrics') return []
  const name = `${prefix}${clean(nameOf(item))}`
  const tags = hasTags ? tagsOf(item) : ''
  const { record } = item
  const value = valueOf(record)
  if (!Number.isFinite(value)) return []
  if (item.holder === 'gauge') {
    const line = `${name}:${value}|g${tags}`
    // A sign would change the gauge instead of setting it, so it is set to nothing before.
    return [value < 0 ? `${name}:0|g${tags}\n${line}` : line]
  }
  const holder = item.metric[item.holder] as { readonly aggregationTemporality?: number }
  if (holder.aggregationTemporality !== delta) return []
  if (item.holder === 'sum') return [`${name}:${value}|c${tags}`]
  return timesOf(record).map(([value, rate]) => `${name}:${value}|ms${rate}${tags}`)
}

/** A histogram of one time is that time; one of several is told as its mean, so many times. */
function timesOf({ count = 0, sum = 0 }: Point): readonly (readonly [number, string])[] {
  const times = Number(count)
  if (times === 0) return []
  const mean = Math.round((sum / times) * 1000) / 1000
  return [[mean, times === 1 ? '' : `|@${1 / times}`]]
}

function tagsOf(item: RoutedItem): string {
  const { attributes } = recordOf(item) as { attributes?: Parameters<typeof toObject>[0] }
  const tags = (attributes ?? []).map(
    ({ key = '', value }) => `${clean(key)}:${clean(toText(value))}`,
  )
  return tags.length === 0 ? '' : `|#${tags.join(',')}`
}

/** What would end a name, a value or a line. */
function clean(text: string): string {
  return text.replace(/[:|@#,\s]/g, '_')
}
