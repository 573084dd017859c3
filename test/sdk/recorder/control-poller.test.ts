// Goal: what a collector says of details holds, and nothing that answers in its place does harm.
// Method: a real HTTP server that answers anything.
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { diag } from '@opentelemetry/api'
import { ControlPoller } from '@wayward/sdk/recorder/control-poller'
import type { Details } from '@wayward/sdk/recorder/detail'
import { packageVersion } from '@wayward/sdk/version'
import { afterEach, describe, expect, test, vi } from 'vitest'

let server: Server | undefined
let poller: ControlPoller | undefined

afterEach(() => {
  poller?.stop()
  server?.closeAllConnections()
  server?.close()
  vi.restoreAllMocks()
})

async function listen(listener: RequestListener): Promise<string> {
  server = createServer(listener)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function poll(url: string): Details[] {
  const told: Details[] = []
  const settings = { url, token: 'secret', id: 'a session', serviceName: 'shop', intervalMs: 20 }
  const counts = () => ({ sent: 7, thinned: 3, dropped: 1 })
  poller = new ControlPoller({ ...settings, version: packageVersion }, counts, (details) => {
    told.push(details)
  })
  poller.start()
  return told
}

const answer = (settings: unknown, revision: unknown = 'r1') =>
  JSON.stringify({ revision, pollAfterMs: 1000, settings })

describe('a poller', () => {
  test('says who it is, and is told each change once', async () => {
    const asked: Record<string, unknown>[] = []
    let next = answer([
      { setting: 'severity', name: '*', value: '3' },
      { setting: 'detail', name: 'a', value: 'off' },
      { setting: 'detail', name: '*', value: '9/s' },
      { setting: 'detail', name: 'a', value: '1/2' },
      { setting: 'detail', name: 'b', value: 'loud' },
    ])
    const url = await listen((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        asked.push({ ...(JSON.parse(body) as object), by: request.headers.authorization })
        response.end(next)
      })
    })
    const told = poll(url)
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(3))
    expect(asked[0]).toMatchObject({
      id: 'a session',
      kind: 'sdk',
      name: 'shop',
      version: packageVersion,
      pid: process.pid,
      revision: '',
      counts: { sent: 7, thinned: 3, dropped: 1 },
      by: 'Bearer secret',
    })
    expect(asked[2]).toMatchObject({ revision: 'r1' })
    expect(told.map((details) => Object.entries(details))).toEqual([
      [
        ['*', '9/s'],
        ['a', '1/2'],
      ],
    ])
    next = answer([], 'r2')
    await vi.waitFor(() => expect(told).toHaveLength(2))
    expect(told[1]).toEqual({})
  })

  test.each<[string, RequestListener]>([
    ['no JSON', (_, response) => response.end('<html>')],
    ['null', (_, response) => response.end('null')],
    ['settings that are none', (_, response) => response.end(answer({ detail: 'off' }))],
    ['a revision that is none', (_, response) => response.end(answer([], 5))],
    ['nothing, and closes', (request) => request.socket.destroy()],
    ['401', (_, response) => response.writeHead(401).end('who?')],
    ['another address', (_, response) => response.writeHead(302, { Location: '/' }).end()],
    ['two megabytes', (_, response) => response.end('x'.repeat(2_000_000))],
  ])('goes on where the answer is %s, and says so once', async (_name, listener) => {
    const warn = vi.spyOn(diag, 'warn')
    let count = 0
    const url = await listen((request, response) => {
      count++
      listener(request, response)
    })
    const told = poll(url)
    await vi.waitFor(() => expect(count).toBeGreaterThan(3))
    expect(told).toEqual([])
    expect(warn.mock.calls.length).toBeLessThanOrEqual(1)
  })

  test('takes names that are the names of what all objects have', async () => {
    const url = await listen((_, response) =>
      response.end(answer([{ setting: 'detail', name: '__proto__', value: 'off' }])),
    )
    const told = poll(url)
    await vi.waitFor(() => expect(told).toHaveLength(1))
    expect(Object.entries(told[0] ?? {})).toEqual([['__proto__', 'off']])
  })

  test('asks nobody any more when it was stopped', async () => {
    let count = 0
    const url = await listen((_, response) => {
      count++
      response.end(answer([]))
    })
    poll(url)
    await vi.waitFor(() => expect(count).toBeGreaterThan(0))
    poller?.stop()
    const before = count
    await sleep(100)
    expect(count).toBeLessThanOrEqual(before + 1)
  })
})

test('the version is that of the package', () => {
  const file = new URL('../../../sdk/package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }
  expect(packageVersion).toBe(version)
})
