import { diag } from '@opentelemetry/api'
import type { Emitter } from '../emit/emitter.ts'
import type { Clock, Moment } from '../process/clock.ts'
import type { ProcessState } from '../process/process-state.ts'
import type { CallSites } from './call-sites.ts'
import type { LockMisuses } from './lock-misuses.ts'
import type { LockOrders } from './lock-orders.ts'
import type { OpenOperations } from './open-operations.ts'
import type { Tasks } from './task.ts'

/** What every reported thing needs: how it goes out, the clock, the tasks, the counters. */
export interface Core {
  /** False after shutdown and where the SDK is disabled: nothing is recorded then. */
  isEnabled: boolean
  /** Errors of our own code that were kept from the application. */
  swallowedCount: number
  /** Changes once, when what was to be spans is recorded from then on. */
  emitter: Emitter
  readonly clock: Clock
  readonly tasks: Tasks
  readonly process: ProcessState
  readonly sites: CallSites
  readonly orders: LockOrders
  readonly misuses: LockMisuses
  /** Changes with the emitter. */
  open: OpenOperations
}

/**
 * The door that the application comes in by: each of its ways into our code has one, and what is
 * behind it may throw. An error of ours never reaches the application: it is counted, and
 * `fallback` is the answer.
 */
export function guard<T>(core: Core, action: () => T, fallback: T): T {
  try {
    return action()
  } catch (error) {
    swallow(core, error)
    return fallback
  }
}

/** For a door on a path so hot that it shall make no function. */
export function swallow(core: Core, error: unknown): void {
  // The first is reported, in case the application gave something that it should not; the rest are
  // counted.
  if (core.swallowedCount++ === 0) diag.warn('Cannot report, and the application goes on', error)
}

/**
 * The given time, or the present by the clock's anchor of the operation that it is for. It holds
 * until the clock is read again.
 */
export function momentOf(
  { clock }: Core,
  timeNs: bigint | undefined,
  anchorMs = clock.anchorMs,
): Moment {
  return timeNs === undefined ? clock.read(anchorMs) : clock.at(timeNs)
}

/** Tells the counts that were not told for long, or at the end all. */
export function tellCounts(core: Core, isEnd: boolean): void {
  core.orders.tellRest(core, isEnd)
  core.misuses.tellRest(core, isEnd)
}

/** `error.type`: the class of what was thrown. */
export function errorTypeOf(error: unknown): string {
  if (error instanceof Error) {
    const code = (error as { code?: unknown }).code
    return typeof code === 'string' && code !== '' ? code : error.name
  }
  return typeof error
}
