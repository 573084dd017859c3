// Goal: what was reported as open is reported as ended, or known to be lost, and no analyzer says
// "still" of what has ended. Method: real processes with one of everything open, which end it all
// under samplers that drop the spans, while the SDK's queues overflow, while the collector refuses,
// and while it is gone; then the tables and all analyzers are asked.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { analyzers, runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  memoryJournal,
  startCollector,
  startTestService,
  type TestService,
  whenDrained,
} from '../collector/test-service.ts'

vi.setConfig({ testTimeout: 400_000, hookTimeout: 180_000 })

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.shutdown())

interface App {
  /** Waits for a line of its output. */
  line(): Promise<string>
  /** Lets it go on. */
  next(): void
  readonly closed: Promise<number | null>
}

function startApp(otlpGrpc: string, name: string, env: Record<string, string> = {}): App {
  const child: ChildProcess = spawn(process.execPath, ['open-and-end-app.mjs'], {
    cwd: fileURLToPath(new URL('../sdk/programs/', import.meta.url)),
    env: {
      PATH: process.env['PATH'],
      WAYWARD_PAUSES: 'false',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${otlpGrpc}`,
      OTEL_SERVICE_NAME: name,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('The program has no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => String((await lines.next()).value),
    next: () => void child.stdin?.write('\n'),
    closed: new Promise((resolve) => {
      child.on('close', resolve)
    }),
  }
}

/** The states of what is not known to have ended. */
async function statesOf(name: string): Promise<string[]> {
  const rows = await service.query<{ state: string }>(
    'SELECT DISTINCT state FROM wayward_open_now WHERE service = {service:String}',
    { service: name },
  )
  return rows.map(({ state }) => state)
}

/** How analyzers put what goes on now. */
const isOfNow =
  /\bstill\b|\bgoes? on\b|has gone on|is (?:held|waited for) by|has been in processing|waits for|are deadlocked/

/** What analyzers say, of all services, that goes on now. */
async function saidOpen(names: readonly string[]): Promise<string[]> {
  const said: string[] = []
  for (const name of names) {
    const { findings } = await runAnalyzer(service.engine.reader, name, {})
    for (const { summary } of findings) if (isOfNow.test(summary)) said.push(summary)
  }
  return said
}

/** How many operations a service has said to be open. */
async function openedCount(name: string): Promise<number> {
  const [row] = await service.query<{ n: string }>(
    'SELECT count() AS n FROM wayward_open_operations FINAL WHERE service = {service:String}',
    { service: name },
  )
  return Number(row?.n)
}

const everyKind = 6

/** Lets a program go through its whole life. */
async function liveOf(app: App): Promise<number | null> {
  app.next()
  expect(await app.line()).toBe('ended')
  app.next()
  return await app.closed
}

describe('what was reported as open', () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ['without a disturbance', {}],
    ['with a sampler that takes none', { OTEL_TRACES_SAMPLER: 'always_off' }],
    [
      'with a sampler that takes some',
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.3' },
    ],
    [
      'below a span that is not sampled',
      { OTEL_TRACES_SAMPLER: 'parentbased_always_on', TEST_PARENT: 'unsampled' },
    ],
    [
      'while the queues overflow',
      { TEST_FLOOD: '3000', OTEL_BSP_MAX_QUEUE_SIZE: '16', OTEL_BLRP_MAX_QUEUE_SIZE: '16' },
    ],
  ]

  test('is said to go on while it does', async () => {
    const apps = cases.map(([name, env]) => startApp(service.addresses.otlpGrpc, name, env))
    for (const app of apps) expect(await app.line()).toBe('open')
    for (const [name] of cases) expect(await openedCount(name)).toBeGreaterThanOrEqual(everyKind)
    // What has been open for a moment only troubles nobody.
    await vi.waitFor(
      async () => {
        const said = await saidOpen(['lock-contention', 'queue-delay'])
        expect(said.length).toBeGreaterThanOrEqual(2 * cases.length)
      },
      { timeout: 100_000, interval: 1_000 },
    )
    for (const app of apps) expect(await liveOf(app)).toBe(0)
  })

  test.each(cases)('and ends %s is open nowhere', async (name) => {
    expect(await statesOf(name)).toEqual([])
  })

  test('and ends while the journal is full is open nowhere', async () => {
    const name = 'journal'
    let open = (): void => undefined
    let gate: Promise<void> = Promise.resolve()
    const { writer } = service.engine
    const store = {
      ping: writer.ping.bind(writer),
      insertNative: async (...args: Parameters<typeof writer.insertNative>) => {
        await gate
        return await writer.insertNative(...args)
      },
    }
    const journal = { ...memoryJournal, bytesMax: 2 * 2 ** 20, segmentBytes: 2 ** 19 }
    const { collector, addresses } = await startCollector(store, {}, { journal })
    const app = startApp(addresses.otlpGrpc, name)
    expect(await app.line()).toBe('open')
    await whenDrained(addresses.api)
    expect(await openedCount(name)).toBeGreaterThanOrEqual(everyKind)
    gate = new Promise((resolve) => {
      open = resolve
    })
    let status = 200
    for (let round = 0; status === 200 && round < 1000; round++) {
      status = await postLog(addresses.otlpHttp, `${round} ${'x'.repeat(100_000)}`)
    }
    expect(status).toBe(429)
    app.next()
    // It cannot send the ends, and goes on.
    expect(await app.line()).toBe('ended')
    open()
    app.next()
    expect(await app.closed).toBe(0)
    await whenDrained(addresses.api)
    await collector.shutdown(5_000)
    expect(await statesOf(name)).toEqual([])
  })

  test('and ends when the collector is gone for good is not said to go on', async () => {
    const name = 'gone'
    const { collector, addresses } = await startCollector(service.engine.writer)
    const app = startApp(addresses.otlpGrpc, name)
    expect(await app.line()).toBe('open')
    await whenDrained(addresses.api)
    await collector.shutdown(5_000)
    expect(await liveOf(app)).toBe(0)
    expect(await openedCount(name)).toBeGreaterThanOrEqual(everyKind)
    // Nothing more was heard of the session: after a while that is known.
    await vi.waitFor(async () => expect(await statesOf(name)).toEqual(['silent']), {
      timeout: 60_000,
      interval: 500,
    })
  })

  test('and ended, in all these ways, is said by no analyzer to go on', async () => {
    expect(await saidOpen(analyzers.map(({ name }) => name))).toEqual([])
  })
})

async function postLog(otlpHttp: string, stringValue: string): Promise<number> {
  const response = await fetch(`http://${otlpHttp}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue } }] }] }],
    }),
  })
  await response.arrayBuffer()
  return response.status
}
