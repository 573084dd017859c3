// A client from a configuration: an object, JSON, YAML, or the original's INI form. Senders,
// filters and plugins are named; the names of the original's classes and functions are understood.
import { createRequire } from 'node:module'
import { clientHolder } from '../client/holder.ts'
import type { MessageFlavor, MetlogClientSettings } from '../client/client-settings.ts'
import { createMetlogClient, type MetlogClient } from '../client/metlog-client.ts'
import type { ControlSettings } from '../control/control-settings.ts'
import type { TimePrecision } from '../envelope/timestamp.ts'
import type { MetlogFilter } from '../filters/filters.ts'
import {
  fillIn,
  type IniSections,
  type IniValue,
  MetlogConfigurationError,
  readIni,
} from './ini.ts'
import {
  filterProviders,
  type Plugin,
  pluginProviders,
  type Provider,
  senderProviders,
} from './providers.ts'
import type { MetlogSender } from '../senders/sender.ts'

/** Options of a named thing. */
export type ProviderOptions = Readonly<Record<string, unknown>>

/** A configuration as an object. */
export interface MetlogConfig {
  readonly logger?: string
  readonly severity?: number
  readonly disabledTimers?: string | readonly string[]
  /** `{ class: 'udp', host: '127.0.0.1', port: 5565 }`. */
  readonly sender: ProviderOptions & { readonly class: string }
  /** In their order: `[['severity_max', { severity: 5 }]]`. */
  readonly filters?: readonly (readonly [string, ProviderOptions])[]
  /** By the section's name: `{ errors: ['raven', { override: 'exception' }] }`. */
  readonly plugins?: Readonly<Record<string, readonly [string, ProviderOptions]>>
  readonly flavors?: Readonly<Record<string, MessageFlavor>>
  readonly uuid?: boolean
  readonly precision?: TimePrecision
  /** Where it asks for what is set of it: `{ url: 'http://127.0.0.1:4320', token: '${TOKEN}' }`. */
  readonly control?: ProviderOptions
  /** What holds for the whole process, such as `disabledDecorators`. */
  readonly global?: ProviderOptions
}

/** What a configuration may name besides the built-in things, and where it goes. */
export interface ConfigurationOptions {
  readonly senders?: Readonly<Record<string, Provider<MetlogSender>>>
  readonly filters?: Readonly<Record<string, Provider<MetlogFilter>>>
  readonly plugins?: Readonly<Record<string, Provider<Plugin>>>
  /** Set anew in place. @default a new client */
  readonly client?: MetlogClient
  /** What `${NAME}` stands for. @default the process's environment */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** The section of an INI file that holds the client. @default 'metlog' */
  readonly section?: string
}

/**
 * Makes a client from an object.
 *
 * @throws MetlogConfigurationError where something is named that is not there
 */
export function clientFromConfig(
  config: MetlogConfig,
  options: ConfigurationOptions = {},
): MetlogClient {
  mustBeObject(config)
  const { class: senderName, ...senderOptions } = config.sender ?? {}
  const senders = { ...senderProviders, ...options.senders }
  const filters = { ...filterProviders, ...options.filters }
  const settings: MetlogClientSettings = {
    ...pick(config),
    sender: find(senders, 'sender', senderName)(filled(senderOptions, options)),
    filters: (config.filters ?? []).map(([name, own]) =>
      find(filters, 'filter', name)(filled(own, options)),
    ),
    ...(config.control === undefined
      ? {}
      : { control: toControl(filled(config.control, options)) }),
  }
  const { client = createMetlogClient() } = options
  client.setup(settings)
  const plugins = { ...pluginProviders, ...options.plugins }
  for (const [name, own] of Object.values(config.plugins ?? {})) {
    const { override, ...rest } = filled(own, options)
    const { method, name: methodName } = find(plugins, 'plugin', name)(rest)
    client.addMethod(methodName, method as AnyMethod, override as boolean | string | undefined)
  }
  Object.assign(clientHolder().global, config.global)
  return client
}

/** Makes a client from JSON text. @throws MetlogConfigurationError */
export function clientFromJson(text: string, options?: ConfigurationOptions): MetlogClient {
  try {
    return clientFromConfig(JSON.parse(text) as MetlogConfig, options)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const { message } = error
    throw new MetlogConfigurationError(`The configuration is not JSON: ${message}`, {
      cause: error,
    })
  }
}

/**
 * Makes a client from YAML text, with the optional package `yaml`.
 *
 * @throws MetlogConfigurationError
 */
export function clientFromYaml(text: string, options?: ConfigurationOptions): MetlogClient {
  let config: unknown
  try {
    config = (createRequire(import.meta.url)('yaml') as { parse(text: string): unknown }).parse(
      text,
    )
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new MetlogConfigurationError(
      `The configuration cannot be read as YAML (which takes the package "yaml"): ${problem}`,
      { cause: error },
    )
  }
  return clientFromConfig(config as MetlogConfig, options)
}

/** Makes a client from the original's INI text. @throws MetlogConfigurationError */
export function clientFromIni(text: string, options: ConfigurationOptions = {}): MetlogClient {
  const { environment = process.env, section = 'metlog' } = options
  return clientFromConfig(fromSections(readIni(text, environment), section), options)
}

/** What it takes is for whoever calls it. */
type AnyMethod = (client: MetlogClient, ...args: readonly unknown[]) => unknown

function fromSections(sections: IniSections, name: string): MetlogConfig {
  const main = sections.get(name)
  if (main === undefined) {
    throw new MetlogConfigurationError(`The configuration has no section [${name}]`)
  }
  const { disabled_timers: timers, sender_class: senderClass } = main
  const sender = { ...withPrefix(main, 'sender_'), class: String(senderClass) }
  const control = withPrefix(main, 'control_')
  const filters: [string, ProviderOptions][] = []
  const plugins: Record<string, [string, ProviderOptions]> = {}
  for (const [section, { provider, ...own }] of sections) {
    if (section.startsWith(`${name}_filter_`)) filters.push([String(provider), own])
    if (section.startsWith(`${name}_plugin_`)) plugins[section] = [String(provider), own]
  }
  return {
    ...(main['logger'] === undefined ? {} : { logger: String(main['logger']) }),
    ...(typeof main['severity'] === 'number' ? { severity: main['severity'] } : {}),
    ...(timers === undefined
      ? {}
      : { disabledTimers: Array.isArray(timers) ? timers : [String(timers)] }),
    sender,
    filters,
    plugins,
    ...(Object.keys(control).length === 0 ? {} : { control }),
    global: withPrefix(main, 'global_'),
  }
}

function withPrefix(
  values: Readonly<Record<string, IniValue>>,
  prefix: string,
): Record<string, IniValue> {
  const own = Object.entries(values).filter(([key]) => key.startsWith(prefix))
  return Object.fromEntries(own.map(([key, value]) => [toCamel(key.slice(prefix.length)), value]))
}

/** `disabled_decorators` as it is called here. */
function toCamel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function toControl({ intervalMs, url, ...own }: ProviderOptions): ControlSettings {
  if (typeof url !== 'string' || !/^https?:/.test(url) || !URL.canParse(url)) {
    throw new MetlogConfigurationError(
      `The url of control is "${String(url)}", wanted one such as http://127.0.0.1:4320`,
    )
  }
  const interval = intervalMs === undefined ? {} : { intervalMs: Number(intervalMs) }
  return { ...own, ...interval, url }
}

function pick(config: MetlogConfig): MetlogClientSettings {
  const { disabledTimers, flavors, logger, precision, severity, uuid } = config
  return {
    ...(logger === undefined ? {} : { logger }),
    ...(severity === undefined ? {} : { severity }),
    ...(disabledTimers === undefined ? {} : { disabledTimers }),
    ...(flavors === undefined ? {} : { flavors }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(precision === undefined ? {} : { precision }),
  }
}

function filled(
  own: ProviderOptions,
  { environment = process.env }: ConfigurationOptions,
): ProviderOptions {
  return Object.fromEntries(
    Object.entries(own ?? {}).map(([key, value]) => [
      key,
      typeof value === 'string' ? fillIn(value, environment) : value,
    ]),
  )
}

/**
 * `metlog.senders.udp.UdpSender`, `metlog.filters.severity_max_provider` and `udp` are all names.
 */
function find<Made>(
  providers: Readonly<Record<string, Provider<Made>>>,
  kind: string,
  name: string | undefined,
): Provider<Made> {
  const last = (name ?? '').split(/[.:]/).at(-1) ?? ''
  const short = toCamel(last.replace(/(?:_provider|Provider|Sender|Plugin)$/, ''))
  const wanted = `${short.charAt(0).toLowerCase()}${short.slice(1)}`
  for (const key of [String(name), wanted]) {
    const found = Object.hasOwn(providers, key) ? providers[key] : undefined
    if (found !== undefined) return found
  }
  throw new MetlogConfigurationError(
    `The ${kind} "${name}" is not known, wanted one of ${Object.keys(providers).join(', ')}`,
  )
}

function mustBeObject(config: unknown): void {
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return
  throw new MetlogConfigurationError('The configuration is no object, wanted { sender: { class } }')
}
