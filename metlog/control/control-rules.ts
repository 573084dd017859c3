// What a client was told to send: how severe messages must be, what share of counters, gauges and
// timers, and which timers measure. The last that was set and fits a name counts.
import { matchesPattern } from './pattern.ts'

/** What is set of a client from outside. */
export interface ControlRules {
  /** Messages above it are not sent. */
  readonly severityMax: number
  /** The share of what has this name; undefined where nothing is set. */
  rateOf(name: string): number | undefined
  /** Whether a timer of this name measures; undefined where nothing is set. */
  isTimed(name: string): boolean | undefined
}

/** A setting as the collector tells it. */
interface Told {
  readonly setting: string
  readonly name: string
  readonly value: string
}

const settingsMax = 1_000
/** Names whose answers are kept. */
const namesMax = 2_000

/**
 * Reads what a collector tells. What is not understood is passed over: a later version may tell
 * more.
 *
 * @returns undefined where nothing is set
 */
export function readControlRules(settings: unknown): ControlRules | undefined {
  const told = (Array.isArray(settings) ? settings : []).slice(0, settingsMax).filter(isTold)
  const severity = told.findLast(({ setting, value }) => setting === 'severity' && isLevel(value))
  const rates = told.filter(({ setting, value }) => setting === 'sampling' && isRate(value))
  const timers = told.filter(({ setting, value }) => setting === 'timer' && isSwitch(value))
  if (severity === undefined && rates.length === 0 && timers.length === 0) return undefined
  return {
    severityMax: severity === undefined ? Number.POSITIVE_INFINITY : Number(severity.value),
    rateOf: remembered(rates, (value) => Number(value)),
    isTimed: remembered(timers, (value) => value === 'on'),
  }
}

/** Finds the value of a name, and remembers it: names come again and again. */
function remembered<Value>(
  settings: readonly Told[],
  read: (value: string) => Value,
): (name: string) => Value | undefined {
  if (settings.length === 0) return () => undefined
  const known = new Map<string, Value | undefined>()
  return (name) => {
    const value = known.get(name)
    if (value !== undefined || known.has(name)) return value
    const found = settings.findLast((one) => matchesPattern(one.name, name))
    const made = found === undefined ? undefined : read(found.value)
    if (known.size >= namesMax) known.clear()
    known.set(name, made)
    return made
  }
}

function isTold(one: unknown): one is Told {
  if (typeof one !== 'object' || one === null) return false
  const { name, setting, value } = one as Readonly<Record<string, unknown>>
  return typeof setting === 'string' && typeof name === 'string' && typeof value === 'string'
}

function isLevel(value: string): boolean {
  return /^[0-7]$/.test(value)
}

function isRate(value: string): boolean {
  const number = Number(value)
  return value !== '' && number >= 0 && number <= 1
}

function isSwitch(value: string): boolean {
  return value === 'on' || value === 'off'
}
