// What is set of a client, what its calls carry, and what it counts.
import type { ControlSettings } from '../control/control-settings.ts'
import type { TimePrecision } from '../envelope/timestamp.ts'
import type { MetlogFilter } from '../filters/filters.ts'
import type { DropCounts, MetlogSender } from '../senders/sender.ts'

/** A named bundle of what messages carry. */
export interface MessageFlavor {
  readonly logger?: string
  readonly severity?: number
  readonly fields?: Readonly<Record<string, unknown>>
}

/** What a message carries besides its type. */
export interface MessageOptions extends MessageFlavor {
  readonly payload?: string | number
  /** The name of a flavor; what the message says itself goes before it. */
  readonly flavor?: string
}

/** What a counter, gauge or timer carries. */
export interface MetricOptions extends Omit<MessageOptions, 'payload'> {
  /** The share of calls that are sent, from 0 to 1. @default 1 */
  readonly rate?: number
}

/** What is set of a client. */
export interface MetlogClientSettings {
  /** Where messages go. @default nowhere: the client is not active */
  readonly sender?: MetlogSender
  /** Who reports. @default '' */
  readonly logger?: string
  /** The severity of what says none. @default 6 */
  readonly severity?: number
  /** Names of timers that measure nothing; `*` for all. @default none */
  readonly disabledTimers?: string | readonly string[]
  /** Asked in order; the first that says no drops a message. @default none */
  readonly filters?: readonly MetlogFilter[]
  /** Bundles of fields by name. @default none */
  readonly flavors?: Readonly<Record<string, MessageFlavor>>
  /** Gives every message a UUID, as Heka did. @default false */
  readonly uuid?: boolean
  /** Digits of the time: six as Metlog, or nine as Heka. @default 'microseconds' */
  readonly precision?: TimePrecision
  /** @default the system's */
  readonly hostname?: string
  /** Asks a collector for what to send (docs/control.md). @default nobody is asked */
  readonly control?: ControlSettings | undefined
  /** Told, at most once in ten seconds, what goes wrong. @default the standard error output */
  readonly onProblem?: (problem: string) => void
  /** Draws for sampling, from 0 to 1. @default Math.random */
  readonly random?: () => number
}

/** What became of messages since the client was made. */
export interface ClientCounts {
  readonly sent: number
  /** A filter, or the severity that was set from outside, said no. */
  readonly filtered: number
  readonly sampledOut: number
  /** The sender threw. */
  readonly failed: number
  /** What senders took and lost, by reason. */
  readonly dropped: DropCounts
}
