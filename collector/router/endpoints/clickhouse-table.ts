// A table of the user's own in any ClickHouse: columns by templates, over its HTTP interface. Equal
// batches have an equal token, so that a try whose answer was lost leaves no row twice where the
// table deduplicates.
import { createHash } from 'node:crypto'
import type { Endpoint } from '../endpoint.ts'
import { post } from '../http-post.ts'
import type { Template } from '../item-text.ts'
import { templateOf } from '../line-format.ts'
import type { RoutedItem } from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

/** What Metlog's router wrote into its table, where no columns are named. */
const usualColumns: Readonly<Record<string, string>> = {
  timestamp: '{time}',
  type: '{type}',
  logger: '{service}',
  severity: '{severity}',
  hostname: '{resource.host.name}',
  payload: '{body}',
  fields: '{json}',
}

/** Makes the endpoint: `url`, `database`, `table`, `user`, `password`, `columns`. */
export function createClickHouseTableEndpoint(settings: SettingReader): Endpoint {
  const url = settings.url('url')
  const user = settings.text('user', 'default')
  const password = settings.text('password', '')
  const table = `${quote(settings.text('database', 'default'))}.${quote(settings.text('table'))}`
  const given = settings.texts('columns')
  const columns = Object.entries(Object.keys(given).length === 0 ? usualColumns : given).map(
    ([name, text]) => [name, templateOf(settings, 'columns', text)] as const,
  )
  const names = columns.map(([name]) => quote(name)).join(', ')
  url.searchParams.set('query', `INSERT INTO ${table} (${names}) FORMAT JSONEachRow`)
  url.searchParams.set('date_time_input_format', 'best_effort')
  url.searchParams.set('input_format_null_as_default', '1')
  const render = (items: readonly RoutedItem[]): string =>
    items.map((item) => `${rowOf(item, columns)}\n`).join('')
  return {
    render,
    async send(items, signal) {
      const body = render(items)
      const target = new URL(url)
      const token = createHash('sha256').update(body).digest('hex')
      target.searchParams.set('insert_deduplication_token', token)
      const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }
      return await post({ url: target, headers, body }, signal)
    },
  }
}

function rowOf(item: RoutedItem, columns: readonly (readonly [string, Template])[]): string {
  return JSON.stringify(Object.fromEntries(columns.map(([name, toText]) => [name, toText(item)])))
}

function quote(name: string): string {
  return `\`${name.replace(/[\\`]/g, (sign) => `\\${sign}`)}\``
}
