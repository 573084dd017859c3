// The door of the stats files.
export {
  type ArrayField,
  type ArraySettings,
  array,
  type DecaySettings,
  decayingReservoir,
  reservoir,
  type SampleSettings,
} from './fields/array-field.ts'
export {
  type AverageField,
  average,
  movingAverage,
  type WindowSettings,
} from './fields/average.ts'
export { type Counter, counter, type Uint64Field, uint64 } from './fields/counter.ts'
export {
  type PercentilesField,
  type PercentilesSettings,
  percentiles,
  type RecordField,
  record,
  type TimeWindowField,
  type TimeWindowSettings,
  timeWindow,
} from './fields/distribution.ts'
export type { Field, FieldGroup, FieldSettings } from './fields/field.ts'
export {
  byte,
  double,
  float,
  int,
  type NumberField,
  short,
  uint,
  ushort,
} from './fields/number-field.ts'
export {
  type StaticField,
  type StaticSettings,
  staticDouble,
  staticFloat,
  staticInt64,
  staticText,
  staticUint,
  staticUint64,
} from './fields/static-field.ts'
export { type BoolField, bool, type StringField, string } from './fields/text-field.ts'
export { type Lap, type TimerField, type TimerSettings, timer } from './fields/timer.ts'
export type { BackingKind } from './file/backing.ts'
export { type FormatVersion } from './format/record.ts'
export type { Metric } from './format/slot.ts'
export { readStats, type Stat, type StatsContent } from './format/stat.ts'
export type { StatValue } from './format/type-code.ts'
export { createStats, MmStats, type StatsSettings } from './model.ts'
export { StatsFileError } from './stats-file-error.ts'
export {
  openStatsReader,
  readStatsFile,
  type StatsReader,
  type StatsReaderSettings,
} from './read/stats-reader.ts'
export { createHttpStats, type HttpFields, type HttpStats } from './http-stats.ts'
