// The published door of @wayward/sdk.
export { getReporter } from './global-reporter.ts'
export { nameLock } from './observe/async-mutex.ts'
export type { AsyncMutexModule } from './observe/async-mutex.ts'
export {
  AsyncMutexInstrumentation,
  type Observation,
  observeAsyncMutex,
  observePQueue,
  PQueueInstrumentation,
  type WaywardInstrumentationConfig,
} from './observe/instrumentations.ts'
export { nameQueue } from './observe/p-queue.ts'
export type { PQueueClass } from './observe/p-queue.ts'
export type { ControlOptions } from './recorder/control-poller.ts'
export type { Detail, Details } from './recorder/detail.ts'
export type { PauseSettings } from './process/pause-watch.ts'
export type { SnapshotSettings } from './report/open-operations.ts'
export type { FlushOptions, RegisterOptions, Registration } from './register-options.ts'
export { register } from './registration.ts'
export type { StatsPackage } from './stats/stats-package.ts'
export type {
  JobAttempt,
  JobEndOptions,
  JobResult,
  JobRun,
  JobRunOptions,
  JobSettings,
  ReportedJob,
} from './report/reported-job.ts'
export type {
  LockGrantOptions,
  LockHold,
  LockRequest,
  LockRequestOptions,
  LockSettings,
  LockTimeOptions,
  ReportedLock,
} from './report/reported-lock.ts'
export type {
  EnqueueOptions,
  ItemProcessing,
  QueueItem,
  QueueSettings,
  QueueTimeOptions,
  ReportedQueue,
} from './report/reported-queue.ts'
export type { LogOptions } from './report/log.ts'
export type { Zone, ZoneEndOptions, ZoneOptions } from './report/zone.ts'
export { createReporter, type Reporter, type ReporterOptions } from './reporter.ts'
