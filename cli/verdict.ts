// What findings make of the exit code.
import { type ExitCode, exitCodes } from './command-error.ts'
import type { findingFields } from './configuration/fields.ts'
import type { Resolved } from './configuration/resolve.ts'
import type { Terminal } from './terminal.ts'

/** What was found, as far as the exit code depends on it. */
export interface Outcome {
  readonly severities: readonly number[]
  /** Whether nothing could be answered. */
  readonly isNotAvailable: boolean
  /** Whether ClickHouse could not answer all that was asked. */
  readonly hasFailed?: boolean
}

/** The exit code, with what to say where it is not obvious. */
export interface Verdict {
  readonly exitCode: ExitCode
  readonly note?: string
}

/** By --fail-on and --na; a question that failed is never passed over. */
export function judge(
  { env }: Pick<Terminal, 'env'>,
  { failOn, na }: Pick<Resolved<typeof findingFields>, 'failOn' | 'na'>,
  { severities, isNotAvailable, hasFailed = false }: Outcome,
): Verdict {
  if (failOn !== undefined && severities.some((severity) => severity >= failOn)) {
    return { exitCode: exitCodes.findings }
  }
  if (hasFailed) return { exitCode: exitCodes.store }
  if (!isNotAvailable || na === 'pass') return { exitCode: exitCodes.done }
  if (na === 'fail') return { exitCode: exitCodes.findings }
  if (failOn === undefined || !isCi(env)) return { exitCode: exitCodes.done }
  return {
    exitCode: exitCodes.findings,
    note: 'NA is a failure here, because the environment variable CI is set: a check that sees nothing proves nothing. To pass: --na pass',
  }
}

function isCi(env: Terminal['env']): boolean {
  return !['', '0', 'false', undefined].includes(env['CI'])
}
