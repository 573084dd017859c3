// Goal: exceptions without secrets, security events in their form, statistics of the process.
// Method: real errors and the real /proc.
import { inflateSync } from 'node:zlib'
import {
  cefSignature,
  createCaptureSender,
  createCef,
  createMetlogClient,
  createProcinfo,
  createRaven,
} from '@wayward/metlog'
import { describe, expect, test } from 'vitest'

interface SentryEvent {
  readonly message: string
  readonly culprit: string
  readonly exception: {
    readonly values: readonly {
      readonly type: string
      readonly value: string
      readonly stacktrace: { readonly frames: readonly Readonly<Record<string, unknown>>[] }
    }[]
  }
}

function unpack(payload: string | number | undefined): SentryEvent {
  return JSON.parse(inflateSync(Buffer.from(String(payload), 'base64')).toString()) as SentryEvent
}

describe('raven', () => {
  const sender = createCaptureSender()
  const client = createMetlogClient({ sender, logger: 'shop' }).addMethod('raven', createRaven())

  test('sends frames with their sources, the newest last', () => {
    sender.clear()
    function pay(): never {
      throw new RangeError('no card')
    }
    try {
      pay()
    } catch (error) {
      client.raven('paying', error, { locals: { cart: 3 } })
    }
    const [message] = sender.messages
    expect(message).toMatchObject({ type: 'sentry', severity: 3, fields: { msg: 'paying' } })
    const [exception] = unpack(message?.payload).exception.values
    expect(exception).toMatchObject({ type: 'RangeError', value: 'no card' })
    const newest = exception?.stacktrace.frames.at(-1)
    expect(newest).toMatchObject({ function: 'pay', in_app: true, vars: { cart: 3 } })
    expect(String(newest?.['abs_path'])).toMatch(/plugins\.test\.ts$/)
  })

  test('takes out secrets, wherever they stand', () => {
    sender.clear()
    const locals = {
      password: 'p1',
      user: { apiKey: 'k1', name: 'ann' },
      header: 'Bearer abc.def',
      card: '4111 1111 1111 1111',
      list: ['https://u:pw@host/x', 'fine'],
    }
    client.raven('', new Error('to https://ann:pw1@host failed'), {
      locals,
      fields: { token: 't1', page: '/a' },
    })
    const [message] = sender.messages
    const text = JSON.stringify(unpack(message?.payload)) + JSON.stringify(message?.fields)
    const vars = unpack(message?.payload).exception.values[0]?.stacktrace.frames.at(-1)?.['vars']
    expect(JSON.stringify(vars)).not.toMatch(/p1|k1|abc|4111|u:pw/)
    expect(vars).toMatchObject({ user: { name: 'ann' }, list: [expect.any(String), 'fine'] })
    expect(message?.fields).toMatchObject({ token: '[redacted]', page: '/a' })
    expect(text.replace(/"(?:pre_|post_)?context(?:_line)?":(?:\[.*?\]|".*?")/g, '')).not.toContain(
      'pw1',
    )
  })

  test('sends nothing without an error, and anything that was thrown', () => {
    sender.clear()
    client.raven('nothing')
    client.raven('', 'a text')
    expect(sender.messages).toHaveLength(1)
    expect(unpack(sender.messages[0]?.payload).message).toBe('string: a text')
  })
})

describe('cef', () => {
  test('escapes what would end a part', () => {
    const sender = createCaptureSender()
    const settings = { vendor: 'Wayward', product: 'sh|op', version: '1' }
    const client = createMetlogClient({ sender }).addMethod('cef', createCef(settings))
    client.cef('log\nin|x', 12, {
      username: 'a=b\\c\nd',
      signature: cefSignature.authFailure,
      environ: { REMOTE_ADDR: '10.0.0.1', SECRET: 'x' },
      extension: { cs1: 'x'.repeat(5_000), cs2: 'kept', 'bad key': 1 },
    })
    const [message] = sender.messages
    expect(message?.payload).toBe(
      'CEF:0|Wayward|sh\\|op|1|AuthFail|log in\\|x|10|src=10.0.0.1 suser=a\\=b\\\\c\\nd cs2=kept',
    )
    expect(message?.fields['cef_meta']).toMatchObject({ syslog_facility: 'LOCAL4' })
  })

  test('refuses options that syslog does not have', () => {
    const settings = { vendor: 'a', product: 'b', version: '1' }
    expect(() => createCef({ ...settings, syslogFacility: 'LOCAL9' })).toThrow('LOCAL9')
    expect(() => createCef({ ...settings, syslogPriority: 'LOUD' })).toThrow('LOUD')
  })
})

describe.runIf(process.platform === 'linux')('procinfo', () => {
  test('sends the groups that are asked for', () => {
    const sender = createCaptureSender(1_000)
    const client = createMetlogClient({ sender }).addMethod('procinfo', createProcinfo())
    client.procinfo({ io: true, cpu: true, mem: true, threads: true, busy: true, net: true })
    const of = (group: string): Record<string, number> =>
      Object.fromEntries(
        sender.messages
          .filter((one) => String(one.fields['logger']).startsWith(`psutil.${group}.`))
          .map((one) => [String(one.fields['name']), Number(one.payload)]),
      )
    expect(Object.keys(of('cpu'))).toEqual(['user', 'sys'])
    expect(of('meminfo')['rss']).toBeGreaterThan(10_000_000)
    expect(of('meminfo')['vms']).toBeGreaterThan(of('meminfo')['rss'] ?? 0)
    expect(of('io')['read_count']).toBeGreaterThan(0)
    expect(of('thread')[`${process.pid}.user`]).toBeGreaterThan(0)
    expect(of('busy')['uptime']).toBeGreaterThan(0)
    client.procinfo()
  })
})
