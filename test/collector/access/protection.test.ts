import { checkProtection, CollectorError, type ProtectionSettings } from '@wayward/collector'
import { type ListenerSetting, listenerSettings } from '@wayward/collector/listeners'
import { expect, test } from 'vitest'

const loopback = { host: '127.0.0.1', port: 4317 }
const tls = { certificate: 'c.pem', key: 'k.pem' }

/** What is said of one listener that others can reach, and the setting that it is about. */
function refusal(listener: ListenerSetting, host: string, settings: ProtectionSettings): string {
  const listeners = { otlpGrpc: loopback, otlpHttp: loopback, api: loopback }
  try {
    checkProtection({ ...listeners, [listener]: { host, port: 4317 }, ...settings })
    return 'nothing'
  } catch (error) {
    return error instanceof CollectorError ? `${error.message} [${error.setting}]` : 'no error'
  }
}

const reachable = [
  '0.0.0.0',
  '::',
  '192.168.1.7',
  'collector.internal',
  '128.0.0.1',
  '127.evil.com',
  '127.999.1.1',
]

test.each(reachable)('checkProtection() refuses %s without TLS and a check', (host) => {
  expect(listenerSettings.length).toBeGreaterThan(2)
  for (const listener of listenerSettings) {
    expect(refusal(listener, host, {})).toMatch(
      /other machines can reach it, and it lacks TLS \(.*\) and a check of who sends \(a file of tokens, or/,
    )
  }
})

test('checkProtection() says what is missing, and names the setting of the listener', () => {
  const onlyTls = refusal('otlpHttp', '0.0.0.0', { tls })
  expect(onlyTls).toContain('it lacks a check of who sends (a file of tokens')
  expect(onlyTls).toContain('127.0.0.1:4317 [otlpHttp]')
  const onlyTokens = refusal('api', '0.0.0.0', { tokenFile: 'tokens' })
  expect(onlyTokens).toContain('it lacks TLS (a certificate and its key);')
  expect(onlyTokens).toContain('[api]')
})

test('checkProtection() lets addresses be open that have both, and then looks at the files', () => {
  const both = { tls, tokenFile: 'tokens' }
  expect(refusal('otlpGrpc', '0.0.0.0', both)).toMatch(/^Cannot read the TLS file "c.pem"/)
  const certificates = { tls: { ...tls, clientAuthority: 'ca.pem' } }
  expect(refusal('otlpGrpc', '0.0.0.0', certificates)).toMatch(/^Cannot read the TLS file/)
  const missing = { tokenFile: '/nowhere/tokens' }
  expect(refusal('otlpGrpc', '127.0.0.1', missing)).toMatch(
    /^Cannot read the token file "\/nowhere/,
  )
})

test.each(['127.0.0.1', '127.8.9.1', '::1', 'localhost', 'LOCALHOST'])(
  'checkProtection() asks nothing of %s',
  (host) => expect(refusal('otlpGrpc', host, {})).toBe('nothing'),
)
