// The door of the stats files.
export type { Metric } from './format/slot.ts'
export { readStats, type Stat, type StatsContent } from './format/stat.ts'
export type { StatValue } from './format/type-code.ts'
