export { createStore, storeConnectionsMax } from './client.ts'
export { migrate, type MigrateOptions, type MigrateResult } from './migrations.ts'
export type { InsertOutcome, QueryParameters, Store, StoreSettings } from './store.ts'
export { StoreError, type StoreErrorCode } from './store-error.ts'
