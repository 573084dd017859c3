/** Where a long-lived part says what a person who runs it should know. */
export interface Logger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** The least urgent message that is written. */
export type LogLevel = 'info' | 'warn' | 'error'

/** What may be set of a logger. */
export interface LoggerOptions {
  /** @default 'info' */
  readonly level?: LogLevel
  /** @default the wall clock */
  readonly now?: () => Date
}

const urgency: Readonly<Record<LogLevel, number>> = { info: 0, warn: 1, error: 2 }

/**
 * Writes one line per message: `2026-11-21T06:00:00.000Z warn message key=value`.
 *
 * @param stream where the lines go, for example `process.stderr`
 */
export function createLogger(
  stream: { write(text: string): unknown },
  options: LoggerOptions = {},
): Logger {
  const urgencyMin = urgency[options.level ?? 'info']
  const now = options.now ?? (() => new Date())
  const write = (
    level: LogLevel,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void => {
    if (urgency[level] < urgencyMin) return
    const text = `${now().toISOString()} ${level} ${oneLine(message)}${fieldsText(fields)}`
    stream.write(`${harmless(text)}\n`)
  }
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}

function fieldsText(fields: Readonly<Record<string, unknown>> | undefined): string {
  if (fields === undefined) return ''
  let text = ''
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${key}=${valueText(value)}`
  }
  return text
}

function valueText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message)
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  if (typeof value === 'bigint') return value.toString()
  return JSON.stringify(value) ?? String(value)
}

/** A message from outside must not be able to look like a second line. */
function oneLine(message: string): string {
  return message.replace(/\r?\n/g, ' ')
}

/** What would steer a terminal, or turn text around, is shown by its code. */
function harmless(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
