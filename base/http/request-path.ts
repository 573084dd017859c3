import type { IncomingMessage } from 'node:http'

/**
 * The path that a request asks for, without its query. The target may also be a whole URL, which
 * proxies send and every server must take (RFC 9112, 3.2.2).
 */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const path = url.split('?', 1)[0] ?? ''
  if (path.startsWith('/')) return path
  // What is no URL is no address of ours, and is named as it came.
  if (!/^https?:\/\//i.test(path) || !URL.canParse(path)) return path
  return /^https?:\/\/[^/]*(\/.*)$/i.exec(path)?.[1] ?? '/'
}
