// Goal: a client asks nobody unless it is told to, and whoever answers can neither stop, slow nor
// hold it. Method: real clients and real servers that answer well, wrongly, and not at all.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCaptureSender, createMetlogClient, type MetlogClient } from '@wayward/metlog'
import { afterEach, expect, test, vi } from 'vitest'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Asked {
  readonly url: string
  readonly server: Server
  readonly bodies: Readonly<Record<string, unknown>>[]
}

async function startServer(
  answer: () => { status?: number; text: string } | undefined,
): Promise<Asked> {
  const bodies: Readonly<Record<string, unknown>>[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      bodies.push(JSON.parse(text) as Readonly<Record<string, unknown>>)
      const given = answer()
      if (given !== undefined) response.writeHead(given.status ?? 200).end(given.text)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${port}`, server, bodies }
}

function createPair(url: string, problems: string[] = []) {
  const sender = createCaptureSender()
  const client = createMetlogClient({
    sender,
    logger: 'shop',
    severity: 5,
    disabledTimers: ['slow'],
    control: { url, token: 'secret', intervalMs: 20 },
    onProblem: (problem) => void problems.push(problem),
  })
  closing.push(() => client.close())
  return { client, sender }
}

const told = (settings: unknown, revision: string): string => JSON.stringify({ revision, settings })

async function until(isSo: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 10_000, interval: 5 })
}

function saysInfo(client: MetlogClient, sender: ReturnType<typeof createCaptureSender>): boolean {
  const before = sender.messages.length
  client.info('x')
  return sender.messages.length > before
}

test('a client says who it is and what it has counted, and takes what is told', async () => {
  let text = told([{ setting: 'severity', name: '*', value: '4' }], 'one')
  const server = await startServer(() => ({ text }))
  const { client, sender } = createPair(server.url)
  client.incr('hits')
  await until(() => !saysInfo(client, sender))
  expect(server.bodies[0]).toMatchObject({
    kind: 'metlog',
    name: 'shop',
    severity: 5,
    disabledTimers: ['slow'],
    revision: '',
    pid: process.pid,
    counts: { sampledOut: 0, failed: 0, dropped: 0 },
  })
  await until(() => server.bodies.at(-1)?.['revision'] === 'one')
  client.warn('severe enough')
  client.incr('hits')
  client.metlog('event', { severity: 4 })
  client.metlog('event', { severity: 5 })
  expect(sender.messages.slice(-3).map(({ type }) => type)).toEqual([
    'oldstyle',
    'counter',
    'event',
  ])
  expect(client.counts().filtered).toBeGreaterThan(1)

  text = told(
    [
      { setting: 'sampling', name: 'hits', value: '0' },
      { setting: 'timer', name: 'db', value: 'off' },
      { setting: 'timer', name: 'slow', value: 'on' },
    ],
    'two',
  )
  await until(() => saysInfo(client, sender))
  const before = sender.messages.length
  client.incr('hits', 1, { rate: 1 })
  client.gauge('hits', 1)
  client.timerSend('hits', 3)
  client.timerSend('db', 3)
  expect(client.time('db', () => 7)).toBe(7)
  expect(client.timer('db').result).toBeUndefined()
  client.timerSend('slow', 3)
  expect(sender.messages.slice(before).map(({ fields }) => fields['name'])).toEqual(['slow'])

  text = told([], 'three')
  await until(() => server.bodies.at(-1)?.['revision'] === 'three')
  client.incr('hits')
  client.timerSend('slow', 3)
  expect(sender.messages.at(-1)?.fields['name']).toBe('hits')
})

test('the share that is set is told with what is sent', async () => {
  const text = told([{ setting: 'sampling', name: 'h*', value: '0.5' }], 'one')
  const server = await startServer(() => ({ text }))
  const sender = createCaptureSender()
  const draws = [0.4, 0.6, 0.4]
  const client = createMetlogClient({
    sender,
    control: { url: server.url, intervalMs: 20 },
    random: () => draws.shift() ?? 0.9,
  })
  closing.push(() => client.close())
  await until(() => server.bodies.at(-1)?.['revision'] === 'one')
  client.incr('hits')
  client.incr('hits', 1, { rate: 1 })
  client.timerSend('hold', 4, { rate: 0.5 })
  expect(sender.messages.map(({ fields }) => fields)).toEqual([
    { name: 'hits', rate: 0.5 },
    { name: 'hold', rate: 0.25 },
  ])
  expect(client.counts().sampledOut).toBe(1)
})

test('answers that are wrong change nothing, and are told', async () => {
  let given: { status?: number; text: string } | undefined = {
    text: told([{ setting: 'severity', name: '*', value: '4' }], 'one'),
  }
  const server = await startServer(() => given)
  const problems: string[] = []
  const { client, sender } = createPair(server.url, problems)
  await until(() => !saysInfo(client, sender))
  const wrong = [
    { status: 401, text: '{}' },
    { status: 500, text: 'x'.repeat(1e6) },
    { text: '' },
    { text: 'null' },
    { text: '[]' },
    { text: '{"revision":7,"settings":[]}' },
    { text: '{"revision":"two"}' },
    { text: `{"revision":"two","settings":"${'x'.repeat(2e6)}"}` },
    { text: '{'.repeat(1e5) },
  ]
  for (const one of wrong) {
    given = one
    const asked = server.bodies.length
    await until(() => server.bodies.length > asked + 1)
    expect(saysInfo(client, sender), JSON.stringify(one).slice(0, 40)).toBe(false)
  }
  expect(problems[0]).toContain('it answers with status 401')
  expect(problems).toHaveLength(1)
  // No answer at all: the client goes on, and can be closed.
  given = undefined
  const asked = server.bodies.length
  await until(() => server.bodies.length > asked)
  expect(saysInfo(client, sender)).toBe(false)
  await client.close()
})

test('a client asks nobody any more once it is closed or set anew', async () => {
  const server = await startServer(() => ({ text: told([], 'one') }))
  const { client } = createPair(server.url)
  await until(() => server.bodies.length > 1)
  client.reconfigure({ control: undefined })
  const asked = server.bodies.length
  await new Promise((resolve) => setTimeout(resolve, 100))
  // One that was under way may arrive still.
  expect(server.bodies.length).toBeLessThanOrEqual(asked + 1)
})

test('a question under way keeps no process alive', async () => {
  const server = await startServer(() => undefined)
  const script = `
    import { createMetlogClient, createNoSender } from '@wayward/metlog'
    createMetlogClient({ sender: createNoSender(), control: { url: '${server.url}' } })
    setTimeout(() => {}, 300)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: new URL('../../../', import.meta.url),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const started = performance.now()
  const [code] = (await once(child, 'exit')) as [number | null]
  expect(code).toBe(0)
  expect(server.bodies).toHaveLength(1)
  expect(performance.now() - started).toBeLessThan(4_500)
}, 20_000)
