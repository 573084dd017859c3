export { createStore } from './client.ts'
export { type ErrorName, errorCodes } from './error-codes.ts'
export { storeConnectionsMax } from './connection.ts'
export {
  dryRun,
  migrate,
  type MigrateOptions,
  type MigrateResult,
} from './schema/migrate.ts'
export { isEmpty, type MigrationPlan, type PlanOptions } from './schema/plan.ts'
export { currentTableName } from './schema/former-names.ts'
export { toClusterStatements } from './schema/cluster.ts'
export { showPlan, type ShowOptions } from './schema/show.ts'
export type { KeepLimits, KeptRows } from './kept-rows.ts'
export type {
  InsertOutcome,
  QueryParameters,
  Reader,
  Store,
  StoreSettings,
  StoreTls,
} from './store.ts'
export { isRetryable, StoreError, type StoreErrorCode } from './store-error.ts'
export { createBlock, type NativeBlock } from './native/block.ts'
export {
  type BlockReader,
  type ColumnReader,
  isMapReader,
  type MapReader,
  type NativeValue,
  readBlock,
} from './native/block-reader.ts'
export type { MarkLevel, NativeColumn } from './native/column.ts'
export type { Dictionary } from './native/dictionary.ts'
export {
  createLowCardinalityColumn,
  type LowCardinalityColumn,
} from './native/low-cardinality-column.ts'
export { createArrayColumn, createMapColumn, type MapColumn } from './native/map-column.ts'
export {
  createFloat64Column,
  createUInt32Column,
  createUInt64Column,
  createUInt8Column,
  type UInt32Column,
  type UInt64Column,
  type UInt8Column,
} from './native/number-columns.ts'
export { createStringColumn, type StringColumn } from './native/string-column.ts'
export { createEngine, type Engine, type EngineSettings } from './engine/engine.ts'
export { EngineError, type EngineErrorCode } from './engine/engine-error.ts'
export { defaultEngineLimits, type EngineLimits } from './engine/limits.ts'
export {
  createDiskFloor,
  type DiskFloor,
  type DroppedPartition,
  readFolderFreeBytes,
  readServerFreeBytes,
} from './retention/disk-floor.ts'
export {
  applyRetention,
  foreverSeconds,
  type Retention,
  type RetentionResult,
  unlimitedRetention,
} from './retention/retention.ts'
export {
  deleteSession,
  type DeletionSettings,
  readSilence,
  runningSilenceMs,
  type SessionKey,
  type SilentSession,
} from './deletion/delete-session.ts'
export {
  claimImport,
  endImport,
  type ForeignClaim,
  type Importer,
} from './imports/import-claims.ts'
