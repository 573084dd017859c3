// What all reporters of a thread share, so that locks reported by hand and observed ones know of
// each other. It hangs on the global object because a process can hold two copies of this package
// (as OpenTelemetry's API does it, and for the same reason).
import { openProcessState, type ProcessState } from './process-state.ts'
import { createTasks, type Tasks } from '../report/task.ts'

export interface ThreadState {
  readonly process: ProcessState
  readonly tasks: Tasks
}

const key = Symbol.for('wayward.thread-state.1')

export function openThreadState(): ThreadState {
  const holder = globalThis as { [key]?: ThreadState }
  if (holder[key] === undefined) {
    const process = openProcessState()
    holder[key] = { process, tasks: createTasks(process.nextTaskId) }
  }
  return holder[key]
}
