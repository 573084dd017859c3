// Batches by HTTP: a JSON list, JSON lines, or lines of a text.
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Endpoint } from '../endpoint.ts'
import { post } from '../http-post.ts'
import { lineMaker } from '../line-format.ts'
import type { SettingReader } from '../router-settings.ts'

const compress = promisify(gzip)

/**
 * Makes the endpoint: `url`, `method`, `headers`, `format`, `body` (list or lines), `contentType`,
 * `gzip`.
 */
export function createHttpEndpoint(settings: SettingReader): Endpoint {
  const url = settings.url('url')
  const method = settings.choice('method', ['POST', 'PUT'], 'POST')
  const headers = settings.texts('headers')
  const toLine = lineMaker(settings)
  const isList = settings.choice('body', ['list', 'lines'], 'lines') === 'list'
  const usual = isList ? 'application/json' : 'application/x-ndjson'
  const contentType = settings.text('contentType', usual)
  const isGzip = settings.flag('gzip', false)
  const render: Endpoint['render'] = (items) =>
    isList ? `[${items.map(toLine).join(',')}]` : items.map((item) => `${toLine(item)}\n`).join('')
  return {
    render,
    async send(items, signal) {
      const body = isGzip ? await compress(render(items)) : render(items)
      const coding = isGzip ? { 'Content-Encoding': 'gzip' } : {}
      const all = { 'Content-Type': contentType, ...coding, ...headers }
      return await post({ url, method, headers: all, body }, signal)
    },
  }
}
