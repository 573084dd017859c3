import type { ServeValues } from '../commands/serve-values.ts'

/** Which stats files are read, and how often; undefined where none are. */
export function toStatsSettings({
  mmstats,
  mmstatsInterval,
}: Pick<ServeValues, 'mmstats' | 'mmstatsInterval'>):
  | { readonly globs: readonly string[]; readonly intervalMs: number }
  | undefined {
  return mmstats === undefined ? undefined : { globs: mmstats, intervalMs: mmstatsInterval }
}
