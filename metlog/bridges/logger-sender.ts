// Bridges between Metlog and the logger that an application has: messages go out through it, or its
// records come in and go where messages go.
import { toJson } from '../envelope/encoder.ts'
import type { MetlogMessage } from '../envelope/message.ts'
import { createDropCounter, type MetlogSender } from '../senders/sender.ts'

/** A logger with methods by level that take a text, as `console`, pino and winston are. */
export type LevelLogger = Readonly<Partial<Record<LevelMethod, (...args: never[]) => unknown>>>

type LevelMethod = 'fatal' | 'crit' | 'error' | 'warn' | 'warning' | 'info' | 'log' | 'debug'

/** Which messages go through a logger, and how. */
export interface LoggerSenderSettings {
  /** Types whose payload is logged as text; `*` for all. @default ['oldstyle'] */
  readonly payloadTypes?: readonly string[]
  /** Types that are logged as JSON; `*` for all. @default ['*'] */
  readonly jsonTypes?: readonly string[]
}

/** What each severity is called, best name first: loggers know some of them. */
const methodsOf: readonly (readonly LevelMethod[])[] = [
  ['fatal', 'crit', 'error'],
  ['fatal', 'crit', 'error'],
  ['fatal', 'crit', 'error'],
  ['error'],
  ['warn', 'warning'],
  ['info', 'log'],
  ['info', 'log'],
  ['debug', 'log'],
]

/** Makes a sender that logs messages with the application's own logger. */
export function createLoggerSender(
  logger: LevelLogger,
  { jsonTypes = ['*'], payloadTypes = ['oldstyle'] }: LoggerSenderSettings = {},
): MetlogSender {
  const drops = createDropCounter()
  const asText = createTypeSet(payloadTypes)
  const asJson = createTypeSet(jsonTypes)
  return {
    send(message) {
      const text = asText(message.type) ? String(message.payload) : undefined
      const line = text ?? (asJson(message.type) ? toJson(message) : undefined)
      if (line === undefined) return drops.add('type_not_listed')
      const method = methodFor(logger, message)
      if (method === undefined) return drops.add('no_method')
      Reflect.apply(logger[method] as (text: string) => unknown, logger, [line])
    },
    drops: () => drops.counts(),
  }
}

function methodFor(logger: LevelLogger, { severity }: MetlogMessage): LevelMethod | undefined {
  return methodsOf[severity]?.find((name) => typeof logger[name] === 'function')
}

function createTypeSet(types: readonly string[]): (type: string) => boolean {
  const listed = new Set(types)
  return (type) => listed.has('*') || listed.has(type)
}
