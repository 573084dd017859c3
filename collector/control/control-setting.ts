// What can be set of applications from outside, listed once. Whoever reports asks for what is set
// of it; nobody is called, and nothing listens in an application.
import { matchesPattern } from '@wayward/metlog/wire'

/** Who asks for settings: a client of Metlog, or the SDK. */
export const clientKinds = ['metlog', 'sdk'] as const
/** Who asks for settings. */
export type ClientKind = (typeof clientKinds)[number]

interface SettingKind {
  /** Whose it is. */
  readonly kind: ClientKind
  /** Whether it is of things with names, such as timers. */
  readonly hasName: boolean
  readonly text: string
  /** For messages: completes "wanted". */
  readonly wanted: string
  readonly pattern: RegExp
}

/** The settings by name. */
export const controlSettings = {
  severity: {
    kind: 'metlog',
    hasName: false,
    text: 'The least severe messages that are sent: 0 (emergency) to 7 (debug); not of counters, gauges and timers',
    wanted: 'a whole number from 0 to 7',
    pattern: /^[0-7]$/,
  },
  sampling: {
    kind: 'metlog',
    hasName: true,
    text: 'The share of a counter, gauge or timer that is sent, in place of what the application says',
    wanted: 'a number from 0 to 1',
    pattern: /^(?:0|1|0?\.\d{1,9}|1\.0{1,9})$/,
  },
  timer: {
    kind: 'metlog',
    hasName: true,
    text: 'Whether a timer measures: on or off',
    wanted: 'on or off',
    pattern: /^(?:on|off)$/,
  },
  detail: {
    kind: 'sdk',
    hasName: true,
    text: 'How much the recorder tells of locks, queues and zones of a name, in place of what the application says',
    wanted: 'all, off, a rate as 500/s, a part as 1/20, or a length as >10ms',
    pattern: /^(?:all|off|[1-9]\d{0,8}\/s|1\/[1-9]\d{0,5}|>\d{1,9}(?:\.\d{1,9})?(?:ns|us|ms|s))$/,
  },
} as const satisfies Readonly<Record<string, SettingKind>>

/** The name of a setting. */
export type ControlSettingName = keyof typeof controlSettings

/** Of what a setting is one; there is one value for each. */
export interface SettingKey {
  readonly setting: ControlSettingName
  /** Which clients it is for, by the names under which they report (a logger, a service). */
  readonly client: string
  /** Of which things it is; `*` where the setting is not of things with names. */
  readonly name: string
}

/** What was set. */
export interface ControlSetting extends SettingKey {
  readonly value: string
  /** Milliseconds since 1970. */
  readonly setMs: number
  /** Whose token it was set with. */
  readonly setBy: string
}

/** What a client gets of a setting. */
export interface ToldSetting {
  readonly setting: ControlSettingName
  readonly name: string
  readonly value: string
}

/** What is wrong with a setting, for people; undefined where it is good. */
export function whyNotSetting({ name, setting }: SettingKey, value?: string): string | undefined {
  const { hasName, pattern, wanted } = controlSettings[setting]
  if (!hasName && name !== '*') {
    return `"name" is "${name}", and the setting ${setting} is not of things with names; leave it out`
  }
  if (value === undefined || pattern.test(value)) return undefined
  return `"value" is "${value.slice(0, 80)}"; ${setting} takes ${wanted}`
}

/** Whether a setting is for who reports under this name. */
export function isFor(
  { client, setting }: SettingKey,
  kind: ClientKind,
  reportedName: string,
): boolean {
  return controlSettings[setting].kind === kind && matchesPattern(client, reportedName)
}
