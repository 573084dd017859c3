// Goal: one configuration in four forms gives one client. Method: the original's INI text, and the
// same as object, JSON and YAML.
import { stringify } from 'yaml'
import {
  type CaptureSender,
  type ConfigurationOptions,
  clientFromConfig,
  clientFromIni,
  clientFromJson,
  clientFromYaml,
  clientHolder,
  createCaptureSender,
  createMetlogClient,
  type MetlogClient,
  type MetlogConfig,
  MetlogConfigurationError,
} from '@wayward/metlog'
import { describe, expect, test } from 'vitest'

const ini = `
# The router's address comes from the environment.
[metlog]
logger = \${APP}
severity = 5
disabled_timers =
  db
  cache
sender_class = tests.CaptureSender
sender_items_max = 7
global_disabled_decorators = incrCount

[metlog_filter_severity]
provider = metlog.filters.severity_max_provider
severity = 5

[metlog_filter_types]
provider = metlog.filters.type_blacklist_provider
types = secret
  hidden

[metlog_plugin_errors]
provider = metlog_raven.raven_plugin.config_plugin
override = exception
`

const config: MetlogConfig = {
  logger: '${APP}',
  severity: 5,
  disabledTimers: ['db', 'cache'],
  sender: { class: 'kept', itemsMax: 7 },
  filters: [
    ['severityMax', { severity: 5 }],
    ['type_blacklist', { types: ['secret', 'hidden'] }],
  ],
  plugins: { errors: ['raven', { override: 'exception' }] },
}

function createOptions(): ConfigurationOptions & { readonly made: CaptureSender[] } {
  const made: CaptureSender[] = []
  const make = (options: Readonly<Record<string, unknown>>): CaptureSender => {
    made.push(createCaptureSender(Number(options['itemsMax'])))
    return made.at(-1) as CaptureSender
  }
  return {
    made,
    environment: { APP: 'shop' },
    senders: { kept: make, 'tests.CaptureSender': make },
    plugins: {
      'metlog_raven.raven_plugin.config_plugin': () => ({
        name: 'raven',
        method: (client: MetlogClient) => client.metlog('sentry', { severity: 3 }),
      }),
    },
  }
}

describe('a configuration', () => {
  test.each([
    ['INI', (options: ConfigurationOptions) => clientFromIni(ini, options)],
    ['an object', (options: ConfigurationOptions) => clientFromConfig(config, options)],
    ['JSON', (options: ConfigurationOptions) => clientFromJson(JSON.stringify(config), options)],
    ['YAML', (options: ConfigurationOptions) => clientFromYaml(stringify(config), options)],
  ])('as %s', (form, make) => {
    const options = createOptions()
    const client = make(options)
    const hasLogger = form === 'INI' ? 'shop' : '${APP}'
    expect(JSON.parse(client.config)).toMatchObject({
      logger: hasLogger,
      severity: 5,
      disabledTimers: ['db', 'cache'],
      filters: 2,
    })
    for (let index = 0; index < 9; index++) client.metlog('seen', { payload: index })
    client.metlog('hidden')
    client.info('too little')
    client.timerSend('db', 5)
    const messages = options.made[0]?.messages ?? []
    expect(messages.map((one) => one.payload)).toEqual([2, 3, 4, 5, 6, 7, 8])
    clientHolder().global.disabledDecorators = []
  })

  test('reconfigures a client in place', () => {
    const client = createMetlogClient({ logger: 'before' })
    expect(clientFromConfig({ logger: 'after', sender: { class: 'none' } }, { client })).toBe(
      client,
    )
    expect(client.logger).toBe('after')
  })

  test('understands the names of the original', () => {
    const options = { environment: {} }
    const make = (name: string, more: object = {}): MetlogClient =>
      clientFromConfig({ sender: { class: name, ...more } }, options)
    expect(make('metlog.senders.NoSendSender').isActive).toBe(false)
    expect(make('metlog.senders.dev.DebugCaptureSender').isActive).toBe(true)
    expect(make('metlog.senders.udp.UdpSender', { host: '127.0.0.1', port: 9 }).isActive).toBe(true)
  })

  test.each([
    ['[metlog]\nlogger', 'line 2'],
    ['logger = a', 'line 1'],
    ['[other]', 'no section [metlog]'],
    ['[metlog]\nsender_class = ${NOT_SET}', 'NOT_SET'],
    ['[metlog]\nsender_class = carrier.Pigeon', 'sender "carrier.Pigeon" is not known'],
    ['[metlog]\nsender_class = udp\n[metlog_filter_a]\nprovider = toString', 'filter "toString"'],
  ])('says what is wrong with %j', (text, wanted) => {
    expect(() => clientFromIni(text, { environment: {} })).toThrow(MetlogConfigurationError)
    expect(() => clientFromIni(text, { environment: {} })).toThrow(wanted)
  })

  test.each(['{', 'null', '[]', '7'])('refuses the JSON %s', (text) => {
    expect(() => clientFromJson(text)).toThrow(MetlogConfigurationError)
  })
})
