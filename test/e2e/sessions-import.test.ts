// Goal: an import that ends by a kill goes on and doubles nothing, and an archive that two services
// import into one ClickHouse at once is there once. Method: real services, an archive of 60,000
// spans, kill -9 while the service says how far it has come; every span counted.
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import {
  anyPorts,
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const spans = 60_000
const spansPerRequest = 3_000
const session = '5f1d0b1e-0000-4000-8000-0000000001ed'
const folder = temporaryFolder()
const archive = join(folder.path, 'archive.jsonl.gz')
const folderOf = (name: string) => join(folder.path, name)
let engine: TestEngine

const run = (...args: string[]) => runWayward(['sessions', ...args], { cwd: folder.path })
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })

function requestOf(first: number): string {
  const all = Array.from({ length: spansPerRequest }, (_, offset) => {
    const startNs = 1_790_000_000_000_000_000n + BigInt(first + offset) * 20_000n
    return {
      traceId: 'ab'.repeat(16),
      spanId: (first + offset + 1).toString(16).padStart(16, '0'),
      name: `step ${offset % 7}`,
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + 5_000n),
      attributes: [text('wayward.kind', 'lock_hold'), text('wayward.lock.name', 'ledger')],
    }
  })
  const attributes = [text('service.name', 'bank'), text('wayward.session.id', session)]
  return JSON.stringify({
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: all }] }],
  })
}

beforeAll(async () => {
  const [home, shared] = await Promise.all([startService(folderOf('home')), startTestEngine()])
  engine = shared
  for (let first = 0; first < spans; first += spansPerRequest) {
    const response = await fetch(`${home.endpoints.otlpHttp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: requestOf(first),
    })
    expect(await response.text()).toBe('{}')
  }
  await fetch(`${home.endpoints.api}/inserted`)
  const exported = await run('export', session, '--data-dir', folderOf('home'), '--output', archive)
  expect(exported.code).toBe(0)
  await home.stop()
}, 180_000)

afterAll(async () => {
  await engine.shutdown()
  folder.remove()
})

/** Rows and different spans, and the same of the locks that were held. */
const counted =
  'SELECT (SELECT (count(), uniqExact(SpanId)) FROM otel_traces), (SELECT (count(), uniqExact(span_id)) FROM wayward_lock_holds)'
const whole = `(${spans},${spans})\t(${spans},${spans})\n`

async function countIn(service: RunningService): Promise<string> {
  await fetch(`${service.endpoints.api}/inserted`)
  const url = new URL(service.endpoints.clickhouse.url)
  url.searchParams.set('database', 'wayward')
  return await (await fetch(url, { method: 'POST', body: `${counted} FORMAT TSVRaw` })).text()
}

/** Resolves when the service has stored some of the archive. */
async function whenUnderWay(service: RunningService): Promise<void> {
  const token = /#token=(\S+)/.exec(service.stdout())?.[1] ?? ''
  const sent = request(`${service.endpoints.api}/api/v1/archive`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
  })
  createReadStream(archive).pipe(sent)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  // The kill breaks it off.
  response.on('error', () => undefined)
  response.setEncoding('utf8')
  for await (const line of response as AsyncIterable<string>) {
    const { requests, sessions } = JSON.parse(line.split('\n')[0] ?? '') as {
      readonly requests: number
      readonly sessions?: unknown
    }
    expect(sessions, 'the import was done before it could be killed').toBeUndefined()
    if (requests > 0) return
  }
  throw new Error('The import ended')
}

test('an import that was killed in the middle goes on, and nothing is doubled', async () => {
  let service = await startService(folderOf('killed'))
  await whenUnderWay(service)
  await service.stop('SIGKILL')
  service = await startService(folderOf('killed'))
  try {
    const found = /^\((\d+),\1\)\t\(\1,\1\)\n$/.exec(await countIn(service))
    const stored = Number(found?.[1])
    expect(stored).toBeGreaterThan(0)
    expect(stored).toBeLessThan(spans)
    const again = await run('import', archive, '--data-dir', folderOf('killed'))
    expect(again.stderr).toContain(`Session ${session} of bank: ${spans} spans`)
    expect(again.code).toBe(0)
    expect(await countIn(service)).toBe(whole)
    const third = await run('import', archive, '--data-dir', folderOf('killed'))
    expect(third.stderr).toContain('are there already; nothing was stored')
  } finally {
    await service.stop()
  }
}, 300_000)

test('an archive that two services import into one ClickHouse at once is there once', async () => {
  const url = `http://wayward_writer:${engine.writerToken}@${new URL(engine.url).host}/wayward`
  const args = [...anyPorts, '--clickhouse-url', url].filter(
    (arg, index, all) => arg !== '--clickhouse' && all[index - 1] !== '--clickhouse',
  )
  const names = ['one', 'two']
  // Each makes the tables if the other has not.
  const services = await Promise.all(names.map((name) => startService(folderOf(name), args)))
  try {
    const importAll = () =>
      Promise.all(names.map((name) => run('import', archive, '--data-dir', folderOf(name))))
    const first = await importAll()
    for (const { code, stderr } of first) {
      if (code !== 0) expect(stderr).toMatch(/is being imported by another service/)
    }
    // Where both stepped back, nothing is there yet.
    for (const { code } of first) if (code === 0) expect(await count()).toBe(whole)
    for (const name of names) await run('import', archive, '--data-dir', folderOf(name))
    expect(await count()).toBe(whole)
    expect(readFileSync(archive).length).toBeGreaterThan(100_000)
  } finally {
    await Promise.all(services.map((service) => service.stop()))
  }

  async function count(): Promise<string> {
    await Promise.all(services.map(({ endpoints }) => fetch(`${endpoints.api}/inserted`)))
    const target = new URL(engine.url)
    target.searchParams.set('database', 'wayward')
    return await (await fetch(target, { method: 'POST', body: `${counted} FORMAT TSVRaw` })).text()
  }
}, 300_000)
