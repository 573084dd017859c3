// Cross-origin requests of browsers. A page may send telemetry from the origins of the setting;
// what it sends is checked for tokens like everything else. Preflights carry no token, by the
// browser's rules, and are answered without one.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers browsers that ask whether a page may send. */
export interface Cors {
  /** Adds to every response, also to refusals, what lets a page of an allowed origin read it. */
  mark(request: IncomingMessage, response: ServerResponse): void
  /**
   * Whether the request was a preflight, which is then answered.
   *
   * @param methods of the address that is asked about
   */
  answersPreflight(
    request: IncomingMessage,
    response: ServerResponse,
    methods: readonly string[],
  ): boolean
}

/** A text is not an origin of pages. */
export class OriginError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'OriginError'
  }
}

/** Browsers ask again after this time; Chromium caps it at two hours. */
const preflightSeconds = '7200'
const headerListCharactersMax = 1024

/**
 * @param origins `https://app.example.com`, `https://*.example.com` for all below it, or `*` for
 *   all pages
 * @throws OriginError
 */
export function createCors(origins: readonly string[]): Cors {
  const isAllowed = origins.map((origin) => toMatcher(origin))
  const isForAll = origins.includes('*')

  function mark({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
    if (!isForAll) response.appendHeader('Vary', 'Origin')
    if (origin === undefined || !isAllowed.some((matches) => matches(origin.toLowerCase()))) return
    response.setHeader('Access-Control-Allow-Origin', isForAll ? '*' : origin)
    // navigator.sendBeacon always sends with credentials. There are no cookies here that it could
    // misuse; but the browser takes no * for it.
    if (!isForAll) response.setHeader('Access-Control-Allow-Credentials', 'true')
    response.setHeader('Access-Control-Expose-Headers', 'Retry-After')
  }

  return {
    mark,
    answersPreflight(request, response, methods) {
      const { method, headers } = request
      if (method !== 'OPTIONS' || headers.origin === undefined) return false
      if (headers['access-control-request-method'] === undefined) return false
      mark(request, response)
      response.appendHeader('Vary', 'Access-Control-Request-Headers')
      if (response.hasHeader('Access-Control-Allow-Origin')) {
        response.setHeader('Access-Control-Allow-Methods', methods.join(', '))
        response.setHeader('Access-Control-Max-Age', preflightSeconds)
        const wanted = headers['access-control-request-headers']
        if (wanted !== undefined && isHeaderList(wanted)) {
          response.setHeader('Access-Control-Allow-Headers', wanted)
        }
      }
      request.resume()
      response.writeHead(204)
      response.end()
      return true
    },
  }
}

function isHeaderList(text: string): boolean {
  return (
    text.length <= headerListCharactersMax &&
    /^[\w!#$%&'*+.^`|~-]+(\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/.test(text)
  )
}

/** @throws OriginError */
function toMatcher(origin: string): (seen: string) => boolean {
  if (origin === '*') return () => true
  const { scheme, isBelow, host, port } = parseOrigin(origin)
  if (!isBelow) return (seen) => seen === `${scheme}://${host}${port}`
  const start = `${scheme}://`
  const end = `.${host}${port}`
  const labels = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/
  return (seen) =>
    seen.startsWith(start) &&
    seen.endsWith(end) &&
    labels.test(seen.slice(start.length, -end.length))
}

interface OriginPattern {
  readonly scheme: string
  readonly isBelow: boolean
  readonly host: string
  /** `:8080`; empty for the scheme's own. */
  readonly port: string
}

function parseOrigin(origin: string): OriginPattern {
  const match =
    /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<below>\*\.)?(?<host>[^*/:?#@\s]+|\[[0-9a-f:.]+\])(?<port>:\d{1,5})?$/.exec(
      origin.toLowerCase(),
    )
  const { scheme, below, host, port = '' } = match?.groups ?? {}
  if (scheme === undefined || host === undefined) {
    throw new OriginError(
      `Cannot use "${origin}" as an origin: wanted scheme://host[:port] without a path, such as https://app.example.com, https://*.example.com for all below it, or * for all pages`,
    )
  }
  const isDefault = (scheme === 'https' && port === ':443') || (scheme === 'http' && port === ':80')
  return { scheme, isBelow: below !== undefined, host, port: isDefault ? '' : port }
}
