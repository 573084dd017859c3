// Where the wall clock is set while a process runs, times before and after cannot be compared, and
// nobody who reads them can tell how long the session lasted. So the SDK says that the clock was
// set and how old the session is by the monotonic clock: when it sees it, and then every few
// seconds.
import { type Logger, SeverityNumber } from '@opentelemetry/api-logs'
import {
  ATTR_WAYWARD_CLOCK_SHIFT,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_SESSION_UPTIME,
  EVENT_WAYWARD_CLOCK_STEP,
} from '@wayward/semconv'
import type { Clock } from '../process/clock.ts'

export interface ClockReportSettings {
  readonly clock: Clock
  readonly logger: Logger
  readonly nextSequence: () => number
  readonly uptimeNs: () => number
}

/** Shorter than the time after which readers take a session for silent. */
const intervalNs = 5e9

export interface ClockReport {
  /** Follows the wall clock, and reports where it was set. */
  follow(): void
  /** Reports once more how old the session is, if the clock was ever set. */
  end(): void
}

export function createClockReport(settings: ClockReportSettings): ClockReport {
  const { clock, logger, nextSequence, uptimeNs } = settings
  let reportedShiftMs = 0
  let reportedAtNs: number | undefined

  function report(): void {
    reportedShiftMs = clock.anchorMs
    reportedAtNs = uptimeNs()
    const time = clock.now()
    logger.emit({
      eventName: EVENT_WAYWARD_CLOCK_STEP,
      severityNumber: SeverityNumber.INFO,
      timestamp: time,
      observedTimestamp: time,
      attributes: {
        [ATTR_WAYWARD_EVENT_SEQUENCE]: nextSequence(),
        [ATTR_WAYWARD_CLOCK_SHIFT]: reportedShiftMs * 1e6,
        [ATTR_WAYWARD_SESSION_UPTIME]: reportedAtNs,
      },
    })
  }

  return {
    follow() {
      clock.follow()
      const isDue = reportedAtNs !== undefined && uptimeNs() - reportedAtNs >= intervalNs
      if (clock.anchorMs !== reportedShiftMs || isDue) report()
    },
    end() {
      if (reportedAtNs !== undefined) report()
    },
  }
}
