// The worker that reads and sends what the threads of the process record. Nothing of it runs on
// the application's path, and it holds nobody: the thread that started it has let go of it.
import { openMemory } from '@wayward/record'
import { parentPort, workerData } from 'node:worker_threads'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { setLogLevel } from '../process/diagnostics.ts'
import { openProcessState } from '../process/process-state.ts'
import type { SnapshotSettings } from '../report/open-operations.ts'
import { Drain, type DrainSettings } from './drain.ts'
import { placeOf } from './flight-recorder.ts'

/** What the worker is given. */
export interface WorkerInput {
  readonly control: SharedArrayBuffer
  /** Without it they are in the file of the flight recorder. */
  readonly areas: SharedArrayBuffer | undefined
  readonly settings: DrainSettings
}

/** What it is told later. */
export type WorkerMessage =
  | { readonly kind: 'wake' | 'abandon' }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'configure'; readonly snapshots: Partial<SnapshotSettings> }

// Exports are made in a context of their own.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
setLogLevel()

const { control, areas, settings } = workerData as WorkerInput
const memory = openMemory(control, placeOf(areas, settings.file))
const drain = new Drain(memory, openProcessState(), settings)
drain.start(true)

parentPort?.on('message', (message: WorkerMessage) => {
  if (message.kind === 'configure') drain.configure(message.snapshots)
  else if (message.kind === 'abandon') drain.abandon()
  else if (message.kind === 'shutdown') void drain.shutdown().then(() => process.exit(0))
  else drain.tick()
})
