// What the router has done, for people and for /metrics.
import type { Observe } from '../telemetry/observe.ts'
import { dropReasons, type QueueCounts } from './endpoint-queue.ts'

/** What became of items since the start, or since rules were read again. */
export interface RouterStats {
  readonly rules: readonly { readonly name: string; readonly items: number }[]
  readonly endpoints: readonly EndpointStats[]
  /** Requests that were not understood, which go to the store as they are. */
  readonly unreadRequests: number
}

/** What became of what an endpoint got. */
export interface EndpointStats extends QueueCounts {
  readonly name: string
  readonly type: string
}

/** Puts them together. */
export function toStats(
  rules: ReadonlyMap<string, number>,
  endpoints: readonly EndpointStats[],
  unreadRequests: number,
): RouterStats {
  return { rules: [...rules].map(([name, items]) => ({ name, items })), endpoints, unreadRequests }
}

/** Shows them on /metrics. */
export function observeRouter(observe: Observe, read: () => RouterStats | undefined): void {
  const endpoints = (): readonly EndpointStats[] => read()?.endpoints ?? []
  observe('routedItems', () =>
    (read()?.rules ?? []).map(({ items, name }) => ({ labelValues: [name], value: items })),
  )
  observe('endpointItems', () =>
    endpoints().flatMap(({ dropped, name, sent }) => [
      { labelValues: [name, 'sent'], value: sent },
      ...dropReasons.map((reason) => ({
        labelValues: [name, `dropped_${reason}`],
        value: dropped[reason],
      })),
    ]),
  )
  observe('endpointRetries', () =>
    endpoints().map(({ name, retried }) => ({ labelValues: [name], value: retried })),
  )
  observe('endpointWaiting', () =>
    endpoints().flatMap(({ name, spooled, waiting }) => [
      { labelValues: [name, 'memory'], value: waiting },
      { labelValues: [name, 'disk'], value: spooled },
    ]),
  )
}
