import { ROOT_CONTEXT } from '@opentelemetry/api'
import { WAYWARD_PAUSE_CAUSE_VALUE_MACHINE_SLEEP } from '@wayward/semconv'
import type { Moment } from '../process/clock.ts'
import type { Pause } from '../process/pause-watch.ts'
import { type Core, guard } from './core.ts'
import type { PauseOperation } from './operation.ts'

/** Reports a pause that is over. */
export function reportPause(core: Core, pause: Pause): void {
  if (!core.isEnabled) return
  guard(core, () => report(core, pause), undefined)
}

function report(core: Core, { agoMs, cause, gcType, lengthMs }: Pause): void {
  const { clock, emitter, process } = core
  // The wall clock has gone on while the machine slept, and its anchor must first.
  if (cause === WAYWARD_PAUSE_CAUSE_VALUE_MACHINE_SLEEP) clock.follow()
  const end = before(clock.read(), agoMs)
  const start = before(end, lengthMs)
  const operation: PauseOperation = {
    kind: 'pause',
    cause,
    gcType,
    sequence: process.nextSequence(),
    startSeconds: start.seconds,
    startNs: start.ns,
    anchorMs: clock.anchorMs,
    taskNumber: 0,
    taskName: undefined,
    // It is of whatever goes on in the thread, and of nobody's trace.
    parent: ROOT_CONTEXT,
    mark: undefined,
  }
  emitter.begin(operation)
  emitter.end(operation, end.seconds, end.ns)
}

function before({ ns, seconds }: Moment, ms: number): Moment {
  const whole = Math.floor(ms / 1000)
  const rest = ns - Math.round((ms - whole * 1000) * 1e6)
  return rest < 0
    ? { seconds: seconds - whole - 1, ns: rest + 1e9 }
    : { seconds: seconds - whole, ns: rest }
}
