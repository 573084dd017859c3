// Generated from the folders of the analyzers by `npm run generate`. Do not edit.
import { blockedBy } from '../locks/blocked-by/blocked-by.ts'
import { convoy } from '../locks/convoy/convoy.ts'
import { dataQuality } from '../data/data-quality/data-quality.ts'
import { deadlock } from '../locks/deadlock/deadlock.ts'
import { jobDelay } from '../jobs/job-delay/job-delay.ts'
import { jobRuns } from '../jobs/job-runs/job-runs.ts'
import { jobStates } from '../jobs/job-states/job-states.ts'
import { lockContention } from '../locks/lock-contention/lock-contention.ts'
import { lockGraph } from '../locks/lock-graph/lock-graph.ts'
import { lockMisuse } from '../locks/lock-misuse/lock-misuse.ts'
import { lockOrder } from '../locks/lock-order/lock-order.ts'
import { logAnomalies } from '../reports/log-anomalies/log-anomalies.ts'
import { metlogSummary } from '../reports/metlog-summary/metlog-summary.ts'
import { poolWait } from '../locks/pool-wait/pool-wait.ts'
import { queueDelay } from '../queues/queue-delay/queue-delay.ts'
import { starvation } from '../locks/starvation/starvation.ts'
import { stuck } from '../locks/stuck/stuck.ts'
import { uniqueUsers } from '../reports/unique-users/unique-users.ts'

/** All analyzers, by name. */
export const analyzerList = [
  blockedBy,
  convoy,
  dataQuality,
  deadlock,
  jobDelay,
  jobRuns,
  jobStates,
  lockContention,
  lockGraph,
  lockMisuse,
  lockOrder,
  logAnomalies,
  metlogSummary,
  poolWait,
  queueDelay,
  starvation,
  stuck,
  uniqueUsers,
] as const
