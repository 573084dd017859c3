// Goal: who reports can be seen and told what to send; what was set outlives a restart or its loss
// is said; everything is bounded. Method: real collectors, real clients of Metlog and real requests
// over sockets.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CollectorLimits, CollectorSettings } from '@wayward/collector'
import { controlOperations } from '@wayward/collector/receivers/control/control-schemas'
import { createControlRoutes } from '@wayward/collector/receivers/control/control-routes'
import { createCaptureSender, createMetlogClient } from '@wayward/metlog'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { makeTokenFile } from '../../harness/token-file.ts'
import { startCollector } from '../test-service.ts'

const token = 'a-token-of-enough-characters'
const tokens = makeTokenFile({ ops: token })
const folder = mkdtempSync(join(tmpdir(), 'wayward-control-'))
const closing: (() => Promise<unknown>)[] = []
let files = 0

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => {
  tokens.remove()
  rmSync(folder, { recursive: true, force: true })
})

const store = {
  insertNative: () => new Promise<never>(() => {}),
  ping: () => Promise.resolve(true),
}

interface Listed {
  readonly clients: readonly Readonly<Record<string, unknown>>[]
  readonly settings: readonly Readonly<Record<string, unknown>>[]
  readonly unlisted: number
  readonly problem?: string
}

async function start(
  settings: Partial<CollectorSettings> = {},
  limits: Partial<CollectorLimits> = {},
) {
  const controlFile = join(folder, `control-${files++}.json`)
  const given = { tokenFile: tokens.path, controlFile, ...settings }
  const { addresses, collector, logged } = await startCollector(store, limits, given)
  const stop = (): Promise<void> => collector.shutdown(0)
  closing.push(stop)
  const url = `http://${addresses.api}`
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, json: JSON.parse(text) as Readonly<Record<string, unknown>> }
  }
  const list = async (): Promise<Listed> =>
    (await send('GET', '/api/control')).json as unknown as Listed
  const set = (setting: string, value: string, more: object = {}) =>
    send('PUT', '/api/control/settings', { setting, value, ...more })
  return { url, send, list, set, stop, logged, controlFile: given.controlFile }
}

const poll = { id: '01234567', kind: 'metlog', name: 'shop' }

test('a client that opts in is listed, told what is set, and obeys', async () => {
  const { list, send, set, url } = await start({}, { controlPollMs: 30 })
  const sender = createCaptureSender()
  const client = createMetlogClient({
    sender,
    logger: 'shop.web',
    severity: 5,
    hostname: 'h1',
    disabledTimers: 'idle',
    control: { url, token },
  })
  closing.push(() => client.close())
  const busy = setInterval(() => client.incr('hits'), 5)
  await vi.waitFor(async () => {
    expect((await list()).clients[0]).toMatchObject({ perSecond: { dropped: 0, failed: 0 } })
    expect(Number((await list()).clients[0]?.['perSecond']?.['sent' as never])).toBeGreaterThan(0)
  })
  clearInterval(busy)
  const { clients } = await list()
  expect(clients).toEqual([
    expect.objectContaining({
      kind: 'metlog',
      name: 'shop.web',
      host: 'h1',
      pid: process.pid,
      severity: 5,
      disabledTimers: ['idle'],
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      isCurrent: true,
    }),
  ])
  expect((await send('GET', '/api/control?client=other*')).json['clients']).toEqual([])

  expect((await set('severity', '4', { client: 'shop.*' })).status).toBe(200)
  expect((await set('severity', '0', { client: 'other' })).status).toBe(200)
  expect((await set('sampling', '0', { name: 'hits' })).status).toBe(200)
  await vi.waitFor(async () => expect((await list()).clients[0]?.['isCurrent']).toBe(true))
  await vi.waitFor(() => {
    const before = sender.messages.length
    client.info('not severe enough')
    client.incr('hits')
    client.warn('severe enough')
    expect(sender.messages.slice(before).map(({ payload }) => payload)).toEqual(['severe enough'])
  })
  const taken = await send('DELETE', '/api/control/settings?setting=severity&client=shop.*')
  expect(taken.status).toBe(200)
  await vi.waitFor(() => {
    const before = sender.messages.length
    client.info('again')
    expect(sender.messages.length).toBe(before + 1)
  })
  expect((await list()).settings.map(({ client: of, setBy, value }) => [of, setBy, value])).toEqual(
    [
      ['other', 'ops', '0'],
      ['*', 'ops', '0'],
    ],
  )
}, 20_000)

test('what is set outlives a restart; of what is set twice the last counts', async () => {
  const first = await start()
  await first.set('severity', '3')
  await first.set('timer', 'off', { name: 'db.*' })
  await first.set('severity', '4')
  const before = (await first.list()).settings
  await first.stop()
  const { list, send } = await start({ controlFile: first.controlFile })
  expect(await list()).toMatchObject({ settings: before, unlisted: 0 })
  expect(before.map(({ setting, value }) => [setting, value])).toEqual([
    ['timer', 'off'],
    ['severity', '4'],
  ])
  expect((await list()).problem).toBeUndefined()
  const told = await send('POST', '/api/control/poll', poll)
  expect(told.json).toMatchObject({
    settings: [
      { setting: 'timer', name: 'db.*', value: 'off' },
      { setting: 'severity', name: '*', value: '4' },
    ],
  })
  // Who knows it already is not told again.
  const { revision } = told.json
  const again = await send('POST', '/api/control/poll', { ...poll, revision })
  expect(again.json).toEqual({ revision, pollAfterMs: told.json['pollAfterMs'] })
  // The SDK has settings of its own.
  const sdk = await send('POST', '/api/control/poll', { ...poll, kind: 'sdk' })
  expect(sdk.json).toMatchObject({ settings: [] })
})

test('a file that is damaged is put aside, and the loss is said', async () => {
  const setting = { setting: 'severity', client: '*', name: '*', value: '9', setMs: 1, setBy: '' }
  const damaged = [
    '{"version":1,"settings":[{"setting":"sever',
    '',
    'null',
    '{"version":2,"settings":[]}',
    '{"version":1,"settings":{}}',
    '{"version":1,"settings":[null]}',
    JSON.stringify({ version: 1, settings: [setting] }),
    JSON.stringify({ version: 1, settings: [{ ...setting, setting: 'toString' }] }),
  ]
  for (const [index, text] of damaged.entries()) {
    const controlFile = join(folder, `damaged-${index}.json`)
    writeFileSync(controlFile, text)
    const { list, logged, set, stop } = await start({ controlFile })
    const { problem, settings } = await list()
    expect(settings, text).toEqual([])
    expect(problem, text).toContain(`${controlFile}.damaged`)
    expect(logged.join('\n'), text).toContain('The settings of clients are lost')
    expect(readFileSync(`${controlFile}.damaged`, 'utf8')).toBe(text)
    expect((await set('severity', '3')).status).toBe(200)
    await stop()
  }
})

test('what cannot be kept does not hold, and who set it is told so', async () => {
  const { controlFile, list, set } = await start()
  expect((await set('severity', '3')).status).toBe(200)
  // A folder in the place of the new file.
  mkdirSync(`${controlFile}.next`)
  const refused = await set('severity', '4')
  expect(refused.status).toBe(503)
  expect(refused.json['detail']).toContain('cannot be written')
  expect((await list()).settings).toMatchObject([{ value: '3' }])
  rmSync(`${controlFile}.next`, { recursive: true })
  expect((await set('severity', '4')).status).toBe(200)
})

test('nothing can be set without a token, nor where the service has none', async () => {
  const { send } = await start()
  const headers = { Authorization: 'Bearer another-token-of-enough-characters' }
  const body = { setting: 'severity', value: '4' }
  for (const [method, path, given] of [
    ['GET', '/api/control', undefined],
    ['POST', '/api/control/poll', poll],
    ['PUT', '/api/control/settings', body],
    ['DELETE', '/api/control/settings?setting=severity', undefined],
  ] as const) {
    expect((await send(method, path, given, headers)).status, `${method} ${path}`).toBe(401)
  }
  const response = await startCollector(store)
  closing.push(() => response.collector.shutdown(0))
  const url = `http://${response.addresses.api}/api/control`
  const put = await fetch(`${url}/settings`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  expect(put.status).toBe(401)
  expect(await put.text()).toContain('--token-file')
  expect((await fetch(`${url}/settings?setting=severity`, { method: 'DELETE' })).status).toBe(401)
  // What only tells is as open as the rest of the listener.
  const listed = (await (await fetch(url)).json()) as Listed
  expect(listed.problem).toContain('memory only')
})

test('clients and settings are bounded, and what is beyond is counted', async () => {
  const limits = { controlClientsMax: 2, controlSettingsMax: 3, controlPollMs: 60_000 }
  const { list, send, set } = await start({}, limits)
  for (let index = 0; index < 3; index++) {
    expect((await set('timer', 'off', { name: `t${index}` })).status).toBe(200)
  }
  const full = await set('timer', 'off', { name: 't3' })
  expect(full.status).toBe(429)
  expect(full.json['detail']).toContain('at most 3')
  // Another value of the same is no more than before.
  expect((await set('timer', 'on', { name: 't1' })).status).toBe(200)
  for (let index = 0; index < 5; index++) {
    const told = await send('POST', '/api/control/poll', { ...poll, id: `client-${index}` })
    expect(told.json['settings'], `${index}`).toHaveLength(3)
  }
  expect(await list()).toMatchObject({ clients: [{}, {}], unlisted: 3 })
})

test('who asks no more is forgotten, and makes room', async () => {
  const { list, send } = await start({}, { controlClientsMax: 1, controlPollMs: 20 })
  await send('POST', '/api/control/poll', poll)
  await vi.waitFor(async () => expect((await list()).clients).toEqual([]))
  await send('POST', '/api/control/poll', { ...poll, id: 'another-one' })
  expect((await list()).unlisted).toBe(0)
})

test('what is wrong with a request is said', async () => {
  const { send } = await start()
  const put = '/api/control/settings'
  const cases: readonly (readonly [string, string, unknown, number, string])[] = [
    ['PUT', put, { setting: 'severity', value: '9' }, 400, '0 to 7'],
    ['PUT', put, { setting: 'severity', value: 4 }, 400, '"value" is 4'],
    ['PUT', put, { setting: 'severity', value: '4', name: 'x' }, 400, 'leave it out'],
    ['PUT', put, { setting: 'sampling', value: '1.5' }, 400, '0 to 1'],
    ['PUT', put, { setting: 'sampling', value: '1e-3' }, 400, '0 to 1'],
    ['PUT', put, { setting: 'timer', value: 'maybe' }, 400, 'on or off'],
    ['PUT', put, { setting: 'toString', value: 'off' }, 400, 'one of severity'],
    ['PUT', put, { setting: 'timer', value: 'off', client: '' }, 400, 'at least 1'],
    ['PUT', put, { setting: 'timer', value: 'off', client: 'x'.repeat(201) }, 400, 'at most 200'],
    ['PUT', put, { setting: 'timer', value: 'off', more: 1 }, 400, 'unknown field'],
    ['PUT', put, {}, 400, '"setting" is nothing'],
    ['PUT', put, 'null', 400, 'The body is null'],
    ['PUT', put, '[1]', 400, 'an object'],
    ['PUT', put, '{"setting":', 400, 'no JSON'],
    ['PUT', put, '', 400, 'no JSON'],
    ['PUT', put, '['.repeat(10_000), 400, 'no JSON'],
    ['PUT', put, ' '.repeat(20_000), 413, '16384 bytes'],
    ['POST', '/api/control/poll', {}, 400, '"id" is nothing'],
    ['POST', '/api/control/poll', { ...poll, kind: 'other' }, 400, 'one of metlog, sdk'],
    ['POST', '/api/control/poll', { ...poll, name: 'x'.repeat(513) }, 400, 'at most 512'],
    ['POST', '/api/control/poll', { ...poll, counts: { sent: -1 } }, 400, '"counts.sent"'],
    ['POST', '/api/control/poll', { ...poll, pid: 'x' }, 400, 'a whole number'],
    ['DELETE', `${put}?setting=constructor`, undefined, 400, 'one of severity'],
    ['DELETE', put, undefined, 400, 'one of severity'],
    ['DELETE', `${put}?setting=timer&name=nobody`, undefined, 404, 'is not set'],
  ]
  for (const [method, path, body, status, text] of cases) {
    const answer = await send(method, path, body)
    const what = `${method} ${path} ${JSON.stringify(body)?.slice(0, 80)}`
    expect(answer.status, what).toBe(status)
    expect(String(answer.json['detail']), what).toContain(text)
  }
  const plain = { 'Content-Type': 'text/plain' }
  expect((await send('POST', '/api/control/poll', poll, plain)).status).toBe(415)
  expect((await send('PUT', put, { setting: 'timer', value: 'off' }, plain)).status).toBe(415)
  expect((await send('POST', '/api/control/poll', { ...poll, later: { x: 1 } })).status).toBe(200)
})

test('the OpenAPI document has the routes, each with its methods', async () => {
  const routes = createControlRoutes({} as Parameters<typeof createControlRoutes>[0])
  const served = routes.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`))
  const described = controlOperations.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  expect(described.toSorted()).toEqual(served.toSorted())
  const { send } = await start()
  const { json } = await send('GET', '/api/control-openapi.json')
  expect(Object.keys(json['paths'] as object).toSorted()).toEqual(
    [...new Set(routes.map(({ path }) => path))].toSorted(),
  )
})
