// What the service answers besides the collector's own addresses: the page and the API.
import { createChangeAccess, type Route, systemTime } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import type { CollectorInside } from '@wayward/collector'
import { createApi, createPage } from '@wayward/web'

/** What they work with. */
export interface ServiceRoutesParts {
  /** Asks as the reading account. */
  readonly reader: { readonly store: Store; readonly database: string }
  /** Changes as the writing account. */
  readonly changer: Store
  readonly cluster: string | undefined
  /** Lets who has it change what is stored, where nothing else is asked for. */
  readonly token: string
}

/** The routes for the listener of the API. */
export function createServiceRoutes(
  { access, consumer }: CollectorInside,
  { changer, cluster, reader, token }: ServiceRoutesParts,
): readonly Route[] {
  const changes = {
    store: changer,
    cluster,
    mayChange: createChangeAccess(access, token),
    whenInserted: () => consumer.whenInserted(),
  }
  return [...createPage(), ...createApi({ ...reader, wallMs: systemTime.wallMs, changes })]
}
