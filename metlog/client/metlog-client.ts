// The client: builds a message, asks the filters, gives it to the sender. Nothing here throws into
// the application, waits, or keeps the process alive.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type ControlPoller, startControlPoller } from '../control/control-poller.ts'
import { type ControlRules, readControlRules } from '../control/control-rules.ts'
import { envelopeVersion, type MetlogMessage, severity as severities } from '../envelope/message.ts'
import { createMessageClock, type MessageClock } from '../envelope/timestamp.ts'
import type { MetlogFilter } from '../filters/filters.ts'
import { createNoSender } from '../senders/none.ts'
import type { MetlogSender } from '../senders/sender.ts'
import { packageVersion } from '../version.ts'
import type {
  ClientCounts,
  MessageOptions,
  MetlogClientSettings,
  MetricOptions,
} from './client-settings.ts'
import { createLossTeller, dropsType, type LossTeller } from './loss-teller.ts'
import { toPayload } from './payload.ts'
import { type AnyFunction, idleTimer, runTimed, startTimer, type Timer } from './timer.ts'

type Log = (message: unknown, ...args: readonly unknown[]) => void

/** A client of Metlog. */
export interface MetlogClient {
  /** Sends a message. */
  metlog(type: string, options?: MessageOptions): void
  /** Severity 7. Formats with `%` where arguments are given; an error at the end adds its stack. */
  readonly debug: Log
  /** Severity 6. */
  readonly info: Log
  /** Severity 4. */
  readonly warn: Log
  /** Severity 3. */
  readonly error: Log
  /** Severity 1, as the original has it. */
  readonly exception: Log
  /** Severity 2. */
  readonly critical: Log
  /** Starts a timer; `using` or `stop()` ends it. */
  timer(name: string, options?: MetricOptions): Timer
  /** Wraps a function, also an async one; each call is sampled and timed by itself. */
  timer<Wrapped extends AnyFunction>(
    name: string,
    wrapped: Wrapped,
    options?: MetricOptions,
  ): Wrapped
  /** Calls a function, times it, and returns what it returns. */
  time<Result>(name: string, call: () => Result, options?: MetricOptions): Result
  /** Sends a time that was measured elsewhere; the rate is told and not drawn. */
  timerSend(name: string, elapsedMs: number, options?: MetricOptions): void
  /** Counts. */
  incr(name: string, count?: number, options?: MetricOptions): void
  /** Tells a value. */
  gauge(name: string, value: number, options?: MetricOptions): void
  /**
   * Adds a method, which is called with the client before its own arguments.
   *
   * @param override `true` to replace one of this name, or the name to replace
   * @returns the client, with it
   * @throws SyntaxError where the name is taken and may not be replaced
   */
  addMethod<Name extends string, Args extends readonly unknown[], Result>(
    name: Name,
    method: (client: MetlogClient, ...args: Args) => Result,
    override?: boolean | string,
  ): this & Readonly<Record<Name, (...args: Args) => Result>>
  /** Sends a message that is built already, by the way of all others. */
  sendMessage(message: MetlogMessage): void
  /** Sets everything anew, in place; what is not given has its default. The sender is kept open. */
  setup(settings: MetlogClientSettings): void
  /** Changes some settings and keeps the others. */
  reconfigure(settings: Partial<MetlogClientSettings>): void
  readonly isActive: boolean
  readonly logger: string
  readonly severity: number
  readonly disabledTimers: readonly string[]
  /** The configuration in use as JSON text, to look at. */
  readonly config: string
  /** What became of messages. */
  counts(): ClientCounts
  /** Tells losses that were not told yet, and closes the sender. */
  close(): Promise<void>
}

/**
 * Makes a client.
 *
 * @example
 * const client = createMetlogClient({ logger: 'shop', sender: createUdpSender() })
 * client.incr('orders', 1, { fields: { country: 'de' } })
 */
export function createMetlogClient(settings: MetlogClientSettings = {}): MetlogClient {
  return new Client(settings)
}

/** It is asked for by a function of the system's at each read. */
const { pid } = process

const emptyOptions: MessageOptions & MetricOptions = {}

class Client implements MetlogClient {
  #settings: MetlogClientSettings = {}
  #sender: MetlogSender = createNoSender()
  #isActive = false
  #logger = ''
  #severity: number = severities.informational
  #disabledTimers: ReadonlySet<string> = new Set()
  #filters: readonly MetlogFilter[] = []
  #clock: MessageClock = createMessageClock('microseconds')
  #random: () => number = Math.random
  #hostname = ''
  #hasUuid = false
  #sent = 0
  #filtered = 0
  #sampledOut = 0
  #failed = 0
  #control: ControlPoller | undefined
  #rules: ControlRules | undefined
  #severityMax = Number.POSITIVE_INFINITY
  readonly #losses: LossTeller

  readonly debug: Log = this.#level(severities.debug)
  readonly info: Log = this.#level(severities.informational)
  readonly warn: Log = this.#level(severities.warning)
  readonly error: Log = this.#level(severities.error)
  readonly exception: Log = this.#level(severities.alert)
  readonly critical: Log = this.#level(severities.critical)

  constructor(settings: MetlogClientSettings) {
    this.#losses = createLossTeller({
      counts: () => ({ ...this.#sender.drops?.(), send_failed: this.#failed }),
      tell: (type, options) => this.#build(type, options),
      problem: (text) => (this.#settings.onProblem ?? toStandardError)(text),
    })
    this.setup(settings)
  }

  setup(settings: MetlogClientSettings): void {
    const isControlled = settings.control !== this.#settings.control
    this.#settings = settings
    const { disabledTimers = [], sender = createNoSender() } = settings
    const names = typeof disabledTimers === 'string' ? [disabledTimers] : disabledTimers
    this.#sender = sender
    this.#isActive = sender.isActive !== false
    this.#logger = settings.logger ?? ''
    this.#severity = settings.severity ?? severities.informational
    this.#disabledTimers = new Set(names)
    this.#filters = settings.filters ?? []
    this.#clock = createMessageClock(settings.precision ?? 'microseconds')
    this.#random = settings.random ?? Math.random
    this.#hostname = settings.hostname ?? hostname()
    this.#hasUuid = settings.uuid ?? false
    if (isControlled) this.#askForSettings()
  }

  reconfigure(settings: Partial<MetlogClientSettings>): void {
    this.setup({ ...this.#settings, ...settings })
  }

  get isActive(): boolean {
    return this.#isActive
  }

  get logger(): string {
    return this.#logger
  }

  get severity(): number {
    return this.#severity
  }

  get disabledTimers(): readonly string[] {
    return [...this.#disabledTimers]
  }

  get config(): string {
    const { filters = [], flavors = {}, precision = 'microseconds' } = this.#settings
    const { disabledTimers, isActive, logger, severity } = this
    const uuid = this.#hasUuid
    const shown = { logger, severity, disabledTimers, filters: filters.length, flavors, uuid }
    return JSON.stringify({ ...shown, precision, isActive })
  }

  metlog(type: string, options: MessageOptions = emptyOptions): void {
    if (this.#isActive) this.#build(type, options)
  }

  incr(name: string, count = 1, options: MetricOptions = emptyOptions): void {
    if (!this.#isActive) return
    const rate = this.#draw(name, options.rate)
    if (rate !== undefined) this.#metric('counter', name, count, rate, options)
  }

  gauge(name: string, value: number, options: MetricOptions = emptyOptions): void {
    if (!this.#isActive) return
    const rate = this.#draw(name, options.rate)
    if (rate !== undefined) this.#metric('gauge', name, value, rate, options)
  }

  timerSend(name: string, elapsedMs: number, options: MetricOptions = emptyOptions): void {
    if (!this.#isTimed(name)) return
    const set = this.#rules?.rateOf(name)
    if (set !== undefined && this.#draw(name, set) === undefined) return
    const rate = (options.rate ?? 1) * (set ?? 1)
    this.#metric('timer', name, Math.round(elapsedMs), rate, options)
  }

  timer(name: string, options?: MetricOptions): Timer
  timer<Wrapped extends AnyFunction>(
    name: string,
    wrapped: Wrapped,
    options?: MetricOptions,
  ): Wrapped
  timer(
    name: string,
    first?: MetricOptions | AnyFunction,
    second?: MetricOptions,
  ): Timer | AnyFunction {
    if (typeof first !== 'function') return this.#start(name, first ?? emptyOptions)
    const start = (): Timer => this.#start(name, second ?? emptyOptions)
    const wrapped = first as (this: unknown, ...args: unknown[]) => unknown
    function timed(this: unknown, ...args: unknown[]): unknown {
      return runTimed(start(), () => wrapped.apply(this, args))
    }
    return Object.defineProperty(timed, 'name', { value: wrapped.name }) as AnyFunction
  }

  time<Result>(name: string, call: () => Result, options?: MetricOptions): Result {
    return runTimed(this.#start(name, options ?? emptyOptions), call)
  }

  addMethod<Name extends string, Args extends readonly unknown[], Result>(
    name: Name,
    method: (client: MetlogClient, ...args: Args) => Result,
    override: boolean | string = false,
  ): this & Readonly<Record<Name, (...args: Args) => Result>> {
    const replaced = typeof override === 'string' ? override : name
    if (replaced in this && override === false) {
      throw new SyntaxError(
        `Cannot add the method '${replaced}': the client has one of this name. ` +
          'Give override to replace it',
      )
    }
    const bound = (...args: Args): Result => method(this, ...args)
    for (const key of new Set([name, replaced])) {
      Object.defineProperty(this, key, { value: bound, configurable: true, enumerable: true })
    }
    return this as this & Readonly<Record<Name, (...args: Args) => Result>>
  }

  sendMessage(message: MetlogMessage): void {
    try {
      for (const filter of this.#filters) {
        if (!filter(message)) {
          this.#filtered++
          return
        }
      }
      this.#sender.send(message)
      this.#sent++
    } catch (error) {
      this.#failed++
      this.#losses.noteError(error)
    }
    this.#losses.check()
  }

  counts(): ClientCounts {
    return {
      sent: this.#sent,
      filtered: this.#filtered,
      sampledOut: this.#sampledOut,
      failed: this.#failed,
      dropped: { ...this.#sender.drops?.() },
    }
  }

  async close(): Promise<void> {
    this.#control?.stop()
    this.#losses.tellNow()
    this.#isActive = false
    try {
      await this.#sender.close?.()
    } catch (error) {
      this.#losses.noteError(error)
    }
  }

  #level(level: number): Log {
    return (message, ...args) => {
      if (!this.#isActive) return
      if (level > this.#severityMax) {
        this.#filtered++
        return
      }
      try {
        this.#build('oldstyle', { severity: level, payload: toPayload(message, args) })
      } catch (error) {
        // An argument that cannot be written, such as one whose toString() throws.
        this.#failed++
        this.#losses.noteError(error)
      }
    }
  }

  #start(name: string, options: MetricOptions): Timer {
    const rate = this.#isTimed(name) ? this.#draw(name, options.rate) : undefined
    if (rate === undefined) return idleTimer
    return startTimer((elapsedMs) => this.#metric('timer', name, elapsedMs, rate, options))
  }

  #isTimed(name: string): boolean {
    if (!this.#isActive) return false
    const set = this.#rules?.isTimed(name)
    if (set !== undefined) return set
    if (this.#disabledTimers.size === 0) return true
    return !this.#disabledTimers.has(name) && !this.#disabledTimers.has('*')
  }

  /** @returns the rate to tell; undefined where it is not sent */
  #draw(name: string, own = 1): number | undefined {
    const rate = this.#rules === undefined ? own : (this.#rules.rateOf(name) ?? own)
    if (rate >= 1 || this.#random() < rate) return rate
    this.#sampledOut++
    return undefined
  }

  #metric(type: string, name: string, value: number, rate: number, options: MetricOptions): void {
    const { fields: own, flavor: flavorName, logger, severity } = options
    const flavor = flavorName === undefined ? undefined : this.#settings.flavors?.[flavorName]
    // Most have no fields of their own, and copying nothing costs as much as the rest.
    const fields =
      own === undefined && flavor === undefined
        ? { name, rate }
        : { ...flavor?.fields, ...own, name, rate }
    const { logger: ofLogger = this.#logger, severity: ofSeverity = this.#severity } = flavor ?? {}
    this.#send(type, logger ?? ofLogger, severity ?? ofSeverity, String(value), fields)
  }

  #build(type: string, options: MessageOptions): void {
    const { fields, flavor: flavorName, payload = '' } = options
    const flavor = flavorName === undefined ? undefined : this.#settings.flavors?.[flavorName]
    const severity = options.severity ?? flavor?.severity ?? this.#severity
    if (severity > this.#severityMax && type !== dropsType) {
      this.#filtered++
      return
    }
    const logger = options.logger ?? flavor?.logger ?? this.#logger
    this.#send(type, logger, severity, payload, { ...flavor?.fields, ...fields })
  }

  #send(
    type: string,
    logger: string,
    severity: number,
    payload: string | number,
    fields: Record<string, unknown>,
  ): void {
    const message: MetlogMessage = {
      env_version: envelopeVersion,
      timestamp: this.#clock(),
      type,
      logger,
      severity,
      payload,
      fields,
      metlog_pid: pid,
      metlog_hostname: this.#hostname,
    }
    if (this.#hasUuid) message.uuid = randomUUID()
    this.sendMessage(message)
  }

  #askForSettings(): void {
    this.#control?.stop()
    this.#take(undefined)
    const { control } = this.#settings
    this.#control =
      control &&
      startControlPoller(control, {
        version: packageVersion,
        hostname: () => this.#hostname,
        client: this,
        onTold: (settings) => this.#take(readControlRules(settings)),
        onProblem: (problem) => this.#losses.noteProblem(problem),
      })
  }

  #take(rules: ControlRules | undefined): void {
    this.#rules = rules
    this.#severityMax = rules?.severityMax ?? Number.POSITIVE_INFINITY
  }
}

function toStandardError(text: string): void {
  process.stderr.write(`${text}\n`)
}
