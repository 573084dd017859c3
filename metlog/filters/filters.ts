// Filters say of a message whether it goes on; the first that says no drops it.
import type { MetlogMessage } from '../envelope/message.ts'

/** Says whether a message goes on; may change it. */
export type MetlogFilter = (message: MetlogMessage) => boolean

/**
 * Makes a filter that drops what is less severe.
 *
 * @param severityMax the largest severity that goes on: 6 drops what is for debugging
 */
export function severityMaxFilter(severityMax: number): MetlogFilter {
  return ({ severity }) => severity <= severityMax
}

/** Makes a filter that drops messages of the types. */
export function typeBlacklistFilter(types: Iterable<string>): MetlogFilter {
  const listed = new Set(types)
  return ({ type }) => !listed.has(type)
}

/** Makes a filter that lets through messages of the types only. */
export function typeWhitelistFilter(types: Iterable<string>): MetlogFilter {
  const listed = new Set(types)
  return ({ type }) => listed.has(type)
}

/** Makes a filter that has a largest severity for each of the types; other types go on. */
export function typeSeverityMaxFilter(
  types: Readonly<Record<string, { readonly severity: number }>>,
): MetlogFilter {
  const limits = new Map(Object.entries(types).map(([type, limit]) => [type, limit.severity]))
  return ({ severity, type }) => severity <= (limits.get(type) ?? 7)
}
