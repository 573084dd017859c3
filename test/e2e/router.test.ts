// Goal: `wayward serve --router` sends what rules select, reads its file again at SIGHUP without a
// loss, stays as it was at a mistake, and keeps what is not sent over a restart. Method: the built
// command in a process of its own, messages over UDP and OTLP, files as endpoints.
import { createSocket } from 'node:dgram'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { RouterStats } from '@wayward/collector'
import { afterAll, expect, test } from 'vitest'
import { anyPorts, runWayward, startService, temporaryFolder } from './wayward-process.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())
const file = (name: string): string => join(folder.path, name)
const lines = (name: string): readonly string[] =>
  readFileSync(file(name), 'utf8').split('\n').slice(0, -1)

const log = (body: string): object => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeLogs: [
        { logRecords: [{ timeUnixNano: `${Date.now()}000000`, body: { stringValue: body } }] },
      ],
    },
  ],
})

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

test('serve --router', async () => {
  const bodies: string[] = []
  let isAway = true
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (!isAway) bodies.push(Buffer.concat(chunks).toString('latin1'))
      response.writeHead(isAway ? 503 : 200).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const rules = (target: string): string => `
endpoints:
  one: { type: file, path: ${file('one.txt')}, format: '{body}', queue: { batchWaitMs: 10 } }
  two: { type: file, path: ${file('two.txt')}, format: '{body}', queue: { batchWaitMs: 10 } }
  away: { type: otlp, url: 'http://127.0.0.1:${port}', queue: { disk: true, batchWaitMs: 10 } }
rules:
  - { name: noise, when: 'body.contains("noise")', drop: true }
  - { name: all, when: 'severity >= 0', to: [clickhouse, ${target}, away] }
`
  writeFileSync(file('router.yaml'), rules('one'))
  const dataDir = file('data')
  const udpPort = await freeUdpPort()
  const flags = [
    ...anyPorts,
    '--router',
    file('router.yaml'),
    '--metlog-udp',
    `127.0.0.1:${udpPort}`,
  ]
  let service = await startService(dataDir, flags)
  const run = (...args: string[]) => runWayward(args, { cwd: folder.path })
  const post = async (body: string): Promise<void> => {
    const response = await fetch(`${service.endpoints.otlpHttp}/v1/logs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(log(body)),
    })
    expect(response.status).toBe(200)
  }
  const sent: string[] = []
  const send = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      sent.push(`m${sent.length}`)
      await post(sent.at(-1) ?? '')
    }
  }
  try {
    await send(50)
    await post('noise')
    const socket = createSocket('udp4')
    socket.send(
      JSON.stringify({ type: 'x', payload: 'by udp', logger: 'shop' }),
      udpPort,
      '127.0.0.1',
    )
    // While it is read again, messages keep coming.
    const sending = send(200)
    writeFileSync(file('router.yaml'), rules('two'))
    service.child.kill('SIGHUP')
    await sending
    await expect.poll(() => service.stderr(), { timeout: 10_000 }).toContain('were read again')
    await send(20)
    const got = (): readonly string[] => [...lines('one.txt'), ...lines('two.txt')]
    const isOurs = (line: string): boolean => line !== 'by udp'
    await expect.poll(() => got().filter(isOurs), { timeout: 10_000 }).toEqual(sent)
    await expect.poll(got, { timeout: 10_000 }).toContain('by udp')
    socket.close()

    writeFileSync(file('router.yaml'), `${rules('two')}  - { to: [nowhere] }\n`)
    service.child.kill('SIGHUP')
    await expect.poll(() => service.stderr(), { timeout: 10_000 }).toContain('stay as they were')
    expect(service.stderr()).toMatch(/router\.yaml:9.*no endpoint \\?"nowhere/)
    await send(5)

    const shown = await run('route', 'stats', '--data-dir', dataDir)
    expect(shown.stdout).toMatch(/two +file/)
    const { stdout } = await run('route', 'stats', '--data-dir', dataDir, '--format', 'json')
    const stats = JSON.parse(stdout) as RouterStats
    const away = stats.endpoints.find(({ name }) => name === 'away')
    expect(away?.sent).toBe(0)
    expect(away?.problem).toContain('answers 503')
    const count = "SELECT count() AS n FROM otel_logs WHERE ServiceName = 'shop'"
    await expect
      .poll(
        async () => (await run('query', '--data-dir', dataDir, '--format', 'csv', count)).stdout,
        {
          timeout: 10_000,
        },
      )
      .toBe('"n"\n276\n')
    expect((await service.stop()).code).toBe(0)

    isAway = false
    writeFileSync(file('router.yaml'), rules('two'))
    service = await startService(dataDir, flags)
    const arrived = (): number => sent.filter((body) => bodies.join('').includes(body)).length
    await expect.poll(arrived, { timeout: 20_000 }).toBe(sent.length)
  } finally {
    await service.stop()
    server.close()
  }
}, 120_000)

test('route test says what rules make of a message, and serve what is wrong with them', async () => {
  const path = file('given.yaml')
  const run = (...args: string[]) => runWayward([...args, '--router', path], { cwd: folder.path })
  writeFileSync(path, 'rules:\n  - when: severity = 3\n    drop: true\n')
  const wrong = await run('serve', ...anyPorts)
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/given\.yaml:2.*line 1, column 10/)
  const good = `
endpoints:
  numbers: { type: statsd }
rules:
  - { name: numbers, when: 'type == "counter"', to: [numbers], continue: true }
  - { to: [clickhouse] }
`
  writeFileSync(path, good)
  const message = '{"type":"counter","payload":"3","logger":"shop","fields":{"name":"hits"}}'
  const { code, stdout } = await run('route', 'test', message)
  expect(code).toBe(0)
  expect(stdout).toContain('numbers: continue → numbers')
  expect(stdout).toContain('numbers: hits:3|c')
  expect(stdout).toContain('rule 2: end → clickhouse')
  expect((await run('route', 'test', '{"resourceLogs":3}')).code).toBe(2)
}, 120_000)
