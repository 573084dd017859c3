// Where the wall clock is set while a process runs, times before and after cannot be compared, and
// nobody who reads them can say how long the session lasted. So the SDK says that the clock was
// set and how old the session is by the monotonic clock: when it sees it, and then every few
// seconds.
import type { Emitter } from '../emit/emitter.ts'
import type { ProcessState } from '../process/process-state.ts'

/** Shorter than the time after which readers take a session for silent. */
const intervalNs = 5e9

export interface ClockReport {
  /** Follows the wall clock, and reports where it was set. */
  follow(): void
  /** Reports once more how old the session is, if the clock was ever set. */
  end(): void
}

export function createClockReport(
  emitter: Emitter,
  { clock, nextSequence, uptimeNs }: ProcessState,
): ClockReport {
  let reportedShiftMs = 0
  let reportedAtNs: number | undefined

  function report(): void {
    reportedShiftMs = clock.anchorMs
    reportedAtNs = uptimeNs()
    const { seconds, ns } = clock.read()
    emitter.event({
      kind: 'clock_step',
      seconds,
      ns,
      sequence: nextSequence(),
      shiftNs: reportedShiftMs * 1e6,
      uptimeNs: reportedAtNs,
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
