// `node --require @wayward/sdk/register app.cjs`: Node's own thread for loader hooks requires it,
// too, where there is one.
import workerThreads from 'node:worker_threads'
import { registerNow } from './register-now.ts'

if (!isLoaderThread()) registerNow({ isRequired: true })

/** Whether this is Node's own thread for loader hooks, which requires what every thread does. */
function isLoaderThread(): boolean {
  // Newer than the types of the oldest Node that is supported.
  const { isInternalThread } = workerThreads as { isInternalThread?: boolean }
  if (isInternalThread !== undefined) return isInternalThread
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  const { stack = '' } = new Error('Who loads this?')
  Error.stackTraceLimit = limit
  return stack.includes('initializeHooks')
}
