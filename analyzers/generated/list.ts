// Generated from the folders of the analyzers by `npm run generate`. Do not edit.
import { jobRuns } from '../jobs/job-runs/job-runs.ts'
import { lockContention } from '../locks/lock-contention/lock-contention.ts'
import { queueDelay } from '../queues/queue-delay/queue-delay.ts'

/** All analyzers, by name. */
export const analyzerList = [
  jobRuns,
  lockContention,
  queueDelay,
] as const
