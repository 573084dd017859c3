import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCors } from '@wayward/base'
import { afterEach, describe, expect, test } from 'vitest'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** The origin that a page of `origin` is told it may be, with the setting `origins`. */
async function allowed(origins: readonly string[], origin: string): Promise<string | null> {
  const cors = createCors(origins)
  const server = createServer((request, response) => {
    cors.mark(request, response)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { Origin: origin } })
  return response.headers.get('access-control-allow-origin')
}

describe('createCors()', () => {
  test.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['https://APP.example.com/', undefined],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['http://localhost:5173', 'http://localhost:5173'],
    ['http://[::1]:5173', 'http://[::1]:5173'],
    ['https://*.example.com', 'https://app.example.com'],
    ['https://*.example.com', 'https://a.b.example.com'],
    ['https://*.example.com:8443', 'https://app.example.com:8443'],
    ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
  ])('the setting %s allows %s', async (setting, origin) => {
    if (origin === undefined) expect(() => createCors([setting])).toThrow('without a path')
    else expect(await allowed([setting], origin)).toBe(origin)
  })

  test.each([
    ['https://app.example.com', 'http://app.example.com'],
    ['https://app.example.com', 'https://app.example.com:8443'],
    ['https://app.example.com', 'https://app.example.com.evil.com'],
    ['https://*.example.com', 'https://example.com'],
    ['https://*.example.com', 'https://evilexample.com'],
    ['https://*.example.com', 'https://evil.com/.example.com'],
    ['https://*.example.com', 'https://evil.com:80#.example.com'],
    ['https://*.example.com', 'https://.example.com'],
    ['https://*.example.com', 'null'],
  ])('the setting %s does not allow %s', async (setting, origin) => {
    expect(await allowed([setting], origin)).toBeNull()
  })

  test('allows any of several, and all by *', async () => {
    const several = ['https://a.com', 'https://b.com']
    expect(await allowed(several, 'https://b.com')).toBe('https://b.com')
    expect(await allowed(['*'], 'https://anywhere.com')).toBe('*')
  })

  test.each([
    '',
    'app.example.com',
    'https://',
    'https://a.com/path',
    'https://a*.com',
    'https://*',
  ])('refuses the setting "%s"', (setting) =>
    expect(() => createCors([setting])).toThrow(`Cannot use "${setting}" as an origin`),
  )
})
