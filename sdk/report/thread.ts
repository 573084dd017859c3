import { isMainThread, threadId } from 'node:worker_threads'

/** The thread that reports: all that this copy of the package reports is of it. */
export const reportingThread = {
  id: threadId,
  name: isMainThread ? 'main' : `worker-${threadId}`,
} as const
