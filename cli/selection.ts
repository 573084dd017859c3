// Which data a question is about, from the flags --since, --from, --to, --service and --session.
import { formatTimeNs } from '@wayward/base'
import { CommandError, exitCodes } from './command-error.ts'
import type { selectionFields } from './configuration/fields.ts'
import type { Resolved } from './configuration/resolve.ts'

export interface Selection {
  /** Nanoseconds since 1970, inclusive. */
  readonly from: bigint | undefined
  /** Nanoseconds since 1970, exclusive. */
  readonly to: bigint | undefined
  readonly service: string | undefined
  /** Ids or the beginnings of them; empty for all sessions. */
  readonly sessions: readonly string[]
}

/** @throws CommandError where flags contradict each other */
export function toSelection(values: Resolved<typeof selectionFields>, nowNs: bigint): Selection {
  const at = (time: bigint | 'now' | undefined) => (time === 'now' ? nowNs : time)
  if (values.since !== undefined && values.from !== undefined) {
    throw new CommandError(
      exitCodes.usage,
      'Cannot use --since and --from together: both say where to begin; leave one out',
    )
  }
  const to = at(values.to)
  const sinceNs =
    values.since === undefined ? undefined : (to ?? nowNs) - BigInt(Math.round(values.since * 1e6))
  const from = at(values.from) ?? sinceNs
  if (from !== undefined && to !== undefined && from >= to) {
    throw new CommandError(
      exitCodes.usage,
      `Nothing can lie between --from ${formatTimeNs(from)} and --to ${formatTimeNs(to)}: wanted a start before the end`,
    )
  }
  return { from, to, service: values.service, sessions: values.session ?? [] }
}
