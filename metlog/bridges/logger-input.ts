// The application's logger as a source: what it logs becomes messages of type `oldstyle`.
import { Writable } from 'node:stream'
import type { MetlogClient } from '../client/metlog-client.ts'
import { severity as severities } from '../envelope/message.ts'

type ConsoleMethod = 'debug' | 'error' | 'info' | 'log' | 'trace' | 'warn'

const consoleSeverities: Readonly<Record<ConsoleMethod, number>> = {
  trace: severities.debug,
  debug: severities.debug,
  log: severities.informational,
  info: severities.informational,
  warn: severities.warning,
  error: severities.error,
}

/**
 * Sends what is logged with `console`, which goes on to print it.
 *
 * @returns what undoes it
 */
export function hookConsole(client: MetlogClient, target: Console = console): () => void {
  const before = { ...target }
  let isWithin = false
  for (const [method, level] of Object.entries(consoleSeverities)) {
    const name = method as ConsoleMethod
    const print = target[name].bind(target)
    target[name] = (...args: readonly unknown[]): void => {
      print(...args)
      // A sender that itself logs with the console would go round in a circle.
      if (isWithin) return
      isWithin = true
      const [first, ...rest] = args
      client.metlog('oldstyle', { severity: level, payload: textOf(first, rest) })
      isWithin = false
    }
  }
  return () => {
    for (const method of Object.keys(consoleSeverities) as readonly ConsoleMethod[]) {
      target[method] = before[method]
    }
  }
}

function textOf(first: unknown, rest: readonly unknown[]): string {
  return [first, ...rest].map((one) => (typeof one === 'string' ? one : inspected(one))).join(' ')
}

function inspected(value: unknown): string {
  if (value instanceof Error) return value.stack ?? String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

const lineCharactersMax = 1024 * 1024

/**
 * Makes a stream for pino: `pino({}, createPinoStream(client))`. Each line is a record; what of it
 * is not pino's own goes into the fields.
 */
export function createPinoStream(client: MetlogClient): Writable {
  let rest = ''
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const lines = (rest + chunk.toString()).split('\n')
      rest = (lines.pop() ?? '').slice(0, lineCharactersMax)
      for (const line of lines) if (line !== '') sendPinoLine(client, line)
      done()
    },
  })
}

function sendPinoLine(client: MetlogClient, line: string): void {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    // A line that pino did not write, such as one of a formatter.
    client.metlog('oldstyle', { payload: line })
    return
  }
  if (typeof record !== 'object' || record === null) return
  const { level, msg, time: _t, pid: _p, hostname: _h, name, ...rest } = record as PinoRecord
  client.metlog('oldstyle', {
    ...(typeof name === 'string' ? { logger: name } : {}),
    severity: pinoSeverity(Number(level)),
    payload: typeof msg === 'string' ? msg : '',
    fields: rest,
  })
}

type PinoRecord = Readonly<Record<string, unknown>>

function pinoSeverity(level: number): number {
  if (level >= 60) return severities.critical
  if (level >= 50) return severities.error
  if (level >= 40) return severities.warning
  return level >= 30 ? severities.informational : severities.debug
}

const winstonSeverities: Readonly<Record<string, number>> = {
  emerg: severities.emergency,
  alert: severities.alert,
  crit: severities.critical,
  error: severities.error,
  warn: severities.warning,
  warning: severities.warning,
  notice: severities.notice,
  info: severities.informational,
  http: severities.debug,
  verbose: severities.debug,
  debug: severities.debug,
  silly: severities.debug,
}

/**
 * Makes a transport for winston: `createLogger({ transports: [createWinstonTransport(client)] })`.
 */
export function createWinstonTransport(client: MetlogClient): Writable {
  const log = (record: Readonly<Record<string, unknown>>, done: () => void): void => {
    const { level, message, timestamp: _, ...fields } = record
    client.metlog('oldstyle', {
      severity: winstonSeverities[String(level)] ?? severities.informational,
      payload: typeof message === 'string' ? message : inspected(message),
      fields,
    })
    done()
  }
  const stream = new Writable({
    objectMode: true,
    write: (record: Readonly<Record<string, unknown>>, _encoding, done) => log(record, done),
  })
  // By `log`, winston knows a transport of today's form.
  return Object.assign(stream, { log })
}
