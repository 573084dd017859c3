import type { IncomingMessage } from 'node:http'

/**
 * The path that a request asks for, without its query. The target may also be a whole URL, which
 * proxies send and every server must take (RFC 9112, 3.2.2).
 */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const path = url.split('?', 1)[0] ?? ''
  if (path.startsWith('/')) return path
  return /^https?:\/\/[^/]*(\/.*)?$/i.exec(path)?.[1] ?? (/^https?:/i.test(path) ? '/' : path)
}
