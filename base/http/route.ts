// The addresses of a listener.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authorization } from './access.ts'
import type { Refusal, Reply } from './reply.ts'

/** An address, and what is done for it. */
export interface Route {
  /** A path; a part with a colon stands for any: `/api/sessions/:id`. */
  readonly path: string
  readonly methods: readonly string[]
  /**
   * Whether it answers those also who may not ask, such as probes that can send neither a token nor
   * a certificate. @default false
   */
  readonly isOpen?: boolean
  /**
   * Whether pages of other sites may ask it at a listener that else refuses them: it tells them
   * nothing, or is meant for them. @default false
   */
  readonly isForOtherSites?: boolean
  /**
   * Whether it takes a body, and says itself when a client may send it. A client that asks first
   * (`Expect: 100-continue`) is else told to at once. @default false
   */
  readonly takesBody?: boolean
  /**
   * How long a client may take to send the body, where that is longer than the listener's requests
   * take.
   */
  readonly bodyTimeoutMs?: number
  /** @returns the answer; undefined where it has been sent */
  handle(exchange: Exchange): Promise<Reply | Refusal | undefined>
}

/** A request whose address was found. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  /** The parts of the path that have names. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly authorization: Authorization
  /** Lets a client that asked first send its body. */
  readonly allowBody: () => void
}

/** A route that was found, with the parts of the path that have names. */
export interface FoundRoute {
  readonly route: Route
  readonly parameters: Readonly<Record<string, string>>
}

/** Finds the routes of a path; several have other methods. */
export function createRouter(routes: readonly Route[]): (path: string) => readonly FoundRoute[] {
  const plain = new Map<string, FoundRoute[]>()
  /** By their number of parts: most are left out by that. */
  const patterns = new Map<number, { readonly route: Route; readonly parts: readonly string[] }[]>()
  for (const route of routes) {
    const parts = route.path.split('/')
    if (route.path.includes('/:')) {
      patterns.set(parts.length, [...(patterns.get(parts.length) ?? []), { route, parts }])
    } else plain.set(route.path, [...(plain.get(route.path) ?? []), { route, parameters: {} }])
  }
  return (path) => {
    const found = plain.get(path)
    if (found !== undefined || patterns.size === 0) return found ?? []
    const seen = path.split('/')
    return (patterns.get(seen.length) ?? []).flatMap(({ parts, route }) => {
      const parameters = match(parts, seen)
      return parameters === undefined ? [] : [{ route, parameters }]
    })
  }
}

function match(
  parts: readonly string[],
  seen: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const parameters: Record<string, string> = {}
  for (const [index, part] of parts.entries()) {
    const value = seen[index] ?? ''
    if (part.startsWith(':')) {
      const decoded = decode(value)
      if (decoded === undefined || decoded === '') return undefined
      parameters[part.slice(1)] = decoded
    } else if (part !== value) return undefined
  }
  return parameters
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not UTF-8 in percent signs: no such address.
    return undefined
  }
}
