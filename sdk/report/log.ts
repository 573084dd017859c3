import { type Context, context } from '@opentelemetry/api'
import { type LogAttributes, SeverityNumber } from '@opentelemetry/api-logs'
import { contextChain } from './context-chain.ts'
import { type Core, momentOf } from './core.ts'

/** A log record. */
export interface LogOptions {
  readonly body: string
  /** OpenTelemetry's severity number; 9 is INFO. */
  readonly severity?: SeverityNumber
  /** When it happened, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  readonly attributes?: LogAttributes
  /** Whose trace and span it belongs to; the active one by default. */
  readonly context?: Context
}

/** Reports a log record of the caller's task. */
export function log(core: Core, options: LogOptions): void {
  const { seconds, ns } = momentOf(core, options.timeNs)
  const task = core.tasks.current()
  const at = options.context ?? context.active()
  core.emitter.event({
    kind: 'log',
    seconds,
    ns,
    sequence: core.process.nextSequence(),
    body: options.body,
    severity: options.severity ?? SeverityNumber.INFO,
    taskNumber: task.number,
    taskName: task.name,
    attributes: options.attributes,
    context: at,
    chain: contextChain(at, task),
  })
}
