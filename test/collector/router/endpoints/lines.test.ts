// Goal: syslog, CEF, Graphite and OpenTSDB get what their specifications say, over UDP, TCP and
// TLS, and nothing from outside makes two lines of one. Method: real sockets, and the collector's
// own receiver of syslog.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:tls'
import { readSyslog } from '@wayward/collector/receivers/messages/syslog-message'
import { afterAll, describe, expect, test } from 'vitest'
import { createAuthority } from '../../../harness/certificates.ts'
import { toRouted, until } from '../router-harness.ts'
import { createEndpoint, send, startUdp } from './endpoint-harness.ts'

const authority = createAuthority()
afterAll(() => authority.remove())

/** A server that keeps the bytes it gets. */
async function startTcp(onSocket: (socket: Socket) => void = () => undefined) {
  const chunks: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, text: () => Buffer.concat(chunks).toString(), close: () => server.close() }
}

const hostile = 'two\r\n<0>1 lines\0\x1b[2J'

describe('a syslog endpoint', () => {
  test('sends a datagram for each, which our receiver reads as they were', async () => {
    const { close, datagrams, port } = await startUdp()
    const endpoint = createEndpoint({
      type: 'syslog',
      address: `127.0.0.1:${port}`,
      facility: 'local0',
    })
    const items = toRouted([
      { payload: 'no card', severity: 3, logger: 'shop' },
      { payload: hostile, severity: 6, logger: 'a b\nc' },
      { payload: 'ü'.repeat(10_000), severity: 7 },
    ])
    expect(await send(endpoint, items)).toEqual({ status: 'sent' })
    await until(() => datagrams.length === 3, 'three datagrams')
    const [shown = '', longest = '', other = ''] = [' no card', 'ü', 'two'].map((text) =>
      datagrams.find((one) => one.includes(text)),
    )
    expect(shown).toBe('<131>1 2027-01-15T08:00:00.000000Z host1 shop 1 - - no card')
    expect(readSyslog(shown, 0)).toMatchObject({ logger: 'shop', severity: 3, payload: 'no card' })
    expect(other).toMatch(/ a_b_c 1 - - two\\n<0>1 lines {2}\[2J$/)
    expect(Buffer.byteLength(longest)).toBeLessThanOrEqual(8_192)
    expect(longest).not.toContain('\uFFFD')
    await endpoint.close?.()
    close()
  })

  test('counts the bytes of each over TCP, and connects anew', async () => {
    const sockets: Socket[] = []
    const tcp = await startTcp((socket) => sockets.push(socket))
    const endpoint = createEndpoint({
      type: 'syslog',
      address: `127.0.0.1:${tcp.port}`,
      protocol: 'tcp',
      format: '{type}: {body}',
    })
    await send(endpoint, toRouted([{ payload: 'größer' }]))
    await until(() => tcp.text().endsWith('größer'), 'the first')
    const [, count, message = ''] = /^(\d+) (.*)$/s.exec(tcp.text()) ?? []
    expect(Number(count)).toBe(Buffer.byteLength(message))
    sockets[0]?.destroy()
    await until(async () => {
      const outcome = await send(endpoint, toRouted([{ payload: 'again' }])).catch(() => undefined)
      return outcome?.status === 'sent' && tcp.text().includes('again')
    }, 'the second')
    await endpoint.close?.()
    tcp.close()
    await expect(send(endpoint, toRouted([{ payload: 'nobody' }]))).rejects.toThrow('ECONNREFUSED')
  })

  test('speaks TLS with an authority that is named, and with no other', async () => {
    const chunks: Buffer[] = []
    const files = authority.issue('localhost')
    const pem = { cert: readFileSync(files.cert), key: readFileSync(files.key) }
    const server = createTlsServer(pem, (socket) => {
      socket.on('data', (chunk) => chunks.push(chunk))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const tls = { type: 'syslog', address, protocol: 'tls' }
    const trusting = createEndpoint({ ...tls, ca: authority.ca })
    await send(trusting, toRouted([{ payload: 'over tls' }]))
    await until(() => Buffer.concat(chunks).toString().includes('over tls'), 'the message')
    await expect(send(createEndpoint(tls), toRouted([{ payload: 'x' }]))).rejects.toThrow()
    await trusting.close?.()
    server.close()
  })

  test('gives up a receiver that takes nothing', async () => {
    const tcp = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => undefined)
    })
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as AddressInfo
    const endpoint = createEndpoint({
      type: 'syslog',
      address: `127.0.0.1:${port}`,
      protocol: 'tcp',
      bytesMax: 60_000,
    })
    const items = toRouted(Array.from({ length: 500 }, () => ({ payload: 'x'.repeat(50_000) })))
    // How much a system keeps for a socket at both of its ends differs: send until it is full.
    const sendUntilFull = async (): Promise<void> => {
      for (let batch = 0; batch < 100; batch += 1) {
        await endpoint.send(items, AbortSignal.timeout(1000))
      }
    }
    await expect(sendUntilFull()).rejects.toThrow('did not take it in time')
    await endpoint.close?.()
    tcp.close()
  })
})

describe('a CEF endpoint', () => {
  test('sends events of Metlog as they are, and makes events of others', async () => {
    const { close, datagrams, port } = await startUdp()
    const endpoint = createEndpoint({
      type: 'cef',
      address: `127.0.0.1:${port}`,
      product: 'shop|1',
    })
    const event = 'CEF:0|Example|shop|1|AuthFail|Login failed|5|suser=ann'
    const meta = { syslog_facility: 'AUTH', syslog_priority: 'ALERT', syslog_ident: 'login' }
    await send(
      endpoint,
      toRouted([
        { type: 'cef', payload: event, fields: { cef_meta: meta } },
        { type: 'login', payload: 'a=b\\c\nd', severity: 2, fields: { user: 'x|y' } },
      ]),
    )
    await until(() => datagrams.length === 2, 'two datagrams')
    expect(datagrams[0]).toBe(`<33>1 2027-01-15T08:00:00.000000Z host1 login 1 cef - ${event}`)
    expect(datagrams[1]).toContain('<162>1 ')
    const text = 'CEF:0|Wayward|shop\\|1|1|login|login|7|'
    expect(datagrams[1]).toContain(text)
    expect(datagrams[1]).toContain('user=x|y')
    expect(datagrams[1]).toContain('msg=a\\=b\\\\c\\nd')
    await endpoint.close?.()
    close()
  })
})

const numbers = [
  { type: 'counter', payload: '3', fields: { name: 'hits', team: 'a b' } },
  { type: 'gauge', payload: '4.5', fields: { name: 'open\nput x 1 1' } },
  { type: 'timer', payload: '17', fields: { name: 'db' } },
  { type: 'oldstyle', payload: 'no number' },
]

describe('endpoints of numbers', () => {
  test('send lines of Graphite over TCP and UDP', async () => {
    const tcp = await startTcp()
    const udp = await startUdp()
    const one = createEndpoint({ type: 'graphite', address: `127.0.0.1:${tcp.port}`, prefix: 's.' })
    const address = `127.0.0.1:${udp.port}`
    const other = createEndpoint({ type: 'graphite', address, protocol: 'udp', tags: true })
    await send(one, toRouted(numbers))
    await send(other, toRouted(numbers))
    await until(() => tcp.text().split('\n').length === 5, 'four lines')
    await until(() => udp.datagrams.length === 1, 'a datagram')
    expect(tcp.text().split('\n').toSorted()).toEqual([
      '',
      's.db.count 1 1800000000',
      's.db.sum 17 1800000000',
      's.hits 3 1800000000',
      's.open_put_x_1_1 4.5 1800000000',
    ])
    expect(udp.datagrams[0]).toContain('hits;service=shop;team=a_b 3 1800000000')
    await one.close?.()
    await other.close?.()
    tcp.close()
    udp.close()
  })

  test('send lines of OpenTSDB', async () => {
    const tcp = await startTcp()
    const endpoint = createEndpoint({ type: 'opentsdb', address: `127.0.0.1:${tcp.port}` })
    await send(endpoint, toRouted(numbers))
    await until(() => tcp.text().split('\n').length === 5, 'four lines')
    expect(tcp.text()).toContain('put hits 1800000000 3 service=shop team=a_b\n')
    expect(tcp.text().match(/^put /gm)).toHaveLength(4)
    await endpoint.close?.()
    tcp.close()
  })
})
