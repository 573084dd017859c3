// Pages of other sites cannot read what we answer; they also cannot make a browser ask (CSRF, XS
// leaks). Browsers say where a request comes from: `Sec-Fetch-Site` (W3C Fetch Metadata), older
// ones `Origin`. Programs that are no browsers say neither. That the Host is this machine is
// checked at the door.
import type { IncomingHttpHeaders } from 'node:http'
import type { Refusal } from './reply.ts'
import type { Route } from './route.ts'

/** A refusal where a browser says that another site asks. */
export function foreignSite(headers: IncomingHttpHeaders): Refusal | undefined {
  const site = headers['sec-fetch-site']
  const { origin, host } = headers
  if (site === 'cross-site' || site === 'same-site') return refusal(origin ?? 'another site')
  if (origin === undefined) return undefined
  const isOurs = URL.canParse(origin) && new URL(origin).host === host
  return isOurs ? undefined : refusal(origin)
}

/** The route for a listener that answers other sites elsewhere: here they are refused. */
export function forOwnSite(route: Route): Route {
  if (route.isForOtherSites === true) return route
  return {
    ...route,
    handle: async (exchange) =>
      foreignSite(exchange.request.headers) ?? (await route.handle(exchange)),
  }
}

function refusal(origin: string): Refusal {
  const message =
    `A page of ${origin.slice(0, 200)} asks; only the page of this service may, ` +
    'and programs that are no browsers'
  return { code: 'foreign_host', message }
}
