// Exceptions as metlog-raven sends them: an event of Sentry, packed with zlib, in base64, as
// message of type `sentry`.
//
// Node.js gives no local values of a frame without its debugger. Where they are wanted, whoever
// catches hands them over (`locals`); they stand in the newest frame, without secrets.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { deflateSync } from 'node:zlib'
import type { MetlogClient } from '../client/metlog-client.ts'
import { severity as severities } from '../envelope/message.ts'
import { createRedactor, type Redactor, redactText } from './redaction.ts'

/** What is set of the plugin. */
export interface RavenSettings {
  /** Where Sentry is; told to the router with each exception. @default none: the router knows */
  readonly dsn?: string
  /** Names whose values are secret, besides those that are known. @default none */
  readonly secretNames?: readonly string[]
  /** Lines before and after the failing one, read from the sources. @default 5 */
  readonly contextLines?: number
  /** False to send everything as it is. @default true */
  readonly redact?: boolean
}

/** What is said of an exception. */
export interface RavenOptions {
  readonly logger?: string
  /** @default 3 */
  readonly severity?: number
  /** Local values of where it was caught. @default none */
  readonly locals?: Readonly<Record<string, unknown>>
  /** Further fields of the message. @default none */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** Sends an exception: the method `raven`. */
export type Raven = (
  client: MetlogClient,
  text: string,
  error?: unknown,
  options?: RavenOptions,
) => void

const framesMax = 50
const levels = ['fatal', 'fatal', 'fatal', 'error', 'warning', 'info', 'info', 'debug'] as const

/**
 * Makes the method `raven(text, error, options)`; without an error nothing is sent.
 *
 * @example
 * const client = createMetlogClient({ sender }).addMethod('raven', createRaven(), 'exception')
 */
export function createRaven(settings: RavenSettings = {}): Raven {
  const { contextLines = 5, dsn = '', redact: isRedacted = true, secretNames = [] } = settings
  const redact: Redactor = isRedacted ? createRedactor(secretNames) : (value) => value
  return (client, text, error, options = {}) => {
    if (error === undefined || error === null) return
    const { fields = {}, locals, logger = client.logger, severity = severities.error } = options
    const frames = framesOf(error, contextLines)
    const newest = frames.at(-1)
    if (newest !== undefined && locals !== undefined) newest.vars = redact(locals)
    const type = error instanceof Error ? error.name : typeof error
    const thrown = typeof error === 'string' ? error : inspect(error, { depth: 0 })
    const message = error instanceof Error ? error.message : thrown
    const value = isRedacted ? redactText(message) : message
    const said = text === '' ? `${type}: ${value}` : isRedacted ? redactText(text) : text
    const event = {
      event_id: randomUUID().replaceAll('-', ''),
      message: said,
      timestamp: new Date().toISOString(),
      level: levels[severity] ?? 'error',
      logger,
      platform: 'node',
      culprit: newest === undefined ? '' : `${newest.module} in ${newest.function}`,
      exception: { values: [{ type, value, stacktrace: { frames } }] },
      extra: redact(fields),
    }
    const payload = deflateSync(JSON.stringify(event)).toString('base64')
    const own = { epoch_timestamp: Date.now() / 1000, msg: said, dsn }
    const more = redact(fields) as Readonly<Record<string, unknown>>
    client.metlog('sentry', { logger, severity, payload, fields: { ...more, ...own } })
  }
}

interface SentryFrame extends SourceContext {
  readonly abs_path: string
  readonly filename: string
  readonly module: string
  readonly function: string
  readonly lineno: number
  readonly colno: number
  readonly in_app: boolean
  vars?: unknown
}

interface SourceContext {
  readonly pre_context?: readonly string[]
  readonly context_line?: string | undefined
  readonly post_context?: readonly string[]
}

const line = /^\s*at (?:(?<name>.+?) \()?(?<file>[^()]+?):(?<line>\d+):(?<column>\d+)\)?$/

/** The frames of an error's stack, the newest last, as Sentry wants them. */
function framesOf(error: unknown, contextLines: number): SentryFrame[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames: SentryFrame[] = []
  for (const text of stack.split('\n')) {
    const groups = line.exec(text)?.groups
    if (groups === undefined) continue
    const path = toPath(groups['file'] ?? '')
    const lineno = Number(groups['line'])
    const isOwn = !path.startsWith('node:') && !path.includes('/node_modules/')
    frames.push({
      abs_path: path,
      filename: basename(path),
      module: basename(path).replace(/\.\w+$/, ''),
      function: groups['name'] ?? '<anonymous>',
      lineno,
      colno: Number(groups['column']),
      in_app: isOwn,
      ...(isOwn ? contextOf(path, lineno, contextLines) : {}),
    })
    if (frames.length >= framesMax) break
  }
  return frames.toReversed()
}

function toPath(file: string): string {
  try {
    return file.startsWith('file://') ? fileURLToPath(file) : file
  } catch {
    // An address that is no file's.
    return file
  }
}

const sourceBytesMax = 1024 * 1024
const sourcesMax = 100
const sources = new Map<string, readonly string[]>()

function contextOf(path: string, lineno: number, count: number): SourceContext {
  if (count <= 0 || !path.startsWith('/')) return {}
  const lines = sourceOf(path)
  if (lines.length < lineno) return {}
  const cut = (from: number, to: number): string[] =>
    lines.slice(Math.max(0, from), Math.max(0, to)).map((one) => one.slice(0, 200))
  return {
    pre_context: cut(lineno - 1 - count, lineno - 1),
    context_line: lines[lineno - 1]?.slice(0, 200),
    post_context: cut(lineno, lineno + count),
  }
}

function sourceOf(path: string): readonly string[] {
  const known = sources.get(path)
  if (known !== undefined) return known
  let lines: readonly string[] = []
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length <= sourceBytesMax) lines = text.split('\n')
  } catch {
    // Bundled, or not readable: the frame has no context.
  }
  if (sources.size >= sourcesMax) sources.clear()
  sources.set(path, lines)
  return lines
}
