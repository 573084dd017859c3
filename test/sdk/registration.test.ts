// Goal: what register() promises an application. Method: programs in processes of their own, from
// the built files, against a real OTLP/gRPC server, a closed port, or a server that never answers.
import { createServer, type Server as TcpServer } from 'node:net'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_THREAD_ID,
  ATTR_WAYWARD_CLOCK_OFFSET,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_LOCK_WAIT_RESULT,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_START_TIME,
  ATTR_WAYWARD_SESSION_ID,
  ATTR_WAYWARD_SESSION_NAME,
  ATTR_WAYWARD_TASK_ID,
  EVENT_WAYWARD_EVENTS_DROPPED,
  EVENT_WAYWARD_CLOCK_STEP,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
} from '@wayward/semconv'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OtlpServer, startOtlpServer } from './otlp-server.ts'
import { run } from './program.ts'

let server: OtlpServer
beforeEach(async () => {
  server = await startOtlpServer()
})
afterEach(() => server.close())

/**
 * Far less than what would hold a process (time-outs of a minute, retries for as long), and enough
 * where the machine is busy.
 */
const soonMs = 20_000
const longTimeout = { OTEL_EXPORTER_OTLP_TIMEOUT: '60000' }

const endpoint = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: server.url })

describe('untouched applications under --import @wayward/sdk/register', () => {
  test('an ES module: locks, time-outs and queue items arrive', async () => {
    const ended = await run(['--import', '@wayward/sdk/register', 'esm-app.mjs'], endpoint())
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const names = server.spans.map((span) => span.name).toSorted()
    expect(names).toEqual([
      'hold esm-app.mjs:5',
      'hold esm-app.mjs:5',
      'process esm-app.mjs:6',
      'wait esm-app.mjs:5',
      'wait esm-app.mjs:5',
    ])
    const waits = server.spans.filter((span) => span.attributes[ATTR_WAYWARD_KIND] === 'lock_wait')
    // The library grants the request that timed out for a moment, so the next one has to wait, too.
    expect(waits.map((wait) => wait.attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT])).toEqual([
      'timeout',
      'granted',
    ])
  })

  test('a CommonJS module: locks, semaphores and time-outs arrive', async () => {
    const ended = await run(['--import', '@wayward/sdk/register', 'cjs-app.cjs'], endpoint())
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const names = server.spans.map((span) => span.name).toSorted()
    expect(names).toEqual([
      'hold cjs-app.cjs:5',
      'hold cjs-app.cjs:5',
      'hold cjs-app.cjs:6',
      'wait cjs-app.cjs:5',
      'wait cjs-app.cjs:5',
    ])
  })

  test('a deadlock arrives as snapshots although no span ever ends', async () => {
    const ended = await run(['--import', '@wayward/sdk/register', 'deadlock-app.mjs'], endpoint())
    expect(ended.code).toBe(0)
    const open = server.events.filter((event) => event.name === EVENT_WAYWARD_OPERATION_OPEN)
    const kinds = open.map((event) => event.attributes[ATTR_WAYWARD_KIND])
    expect(kinds.filter((kind) => kind === 'lock_wait').length).toBeGreaterThanOrEqual(2)
    expect(kinds.filter((kind) => kind === 'lock_hold').length).toBeGreaterThanOrEqual(2)
    expect(server.spans).toEqual([])
  })
})

describe('a program that calls register()', () => {
  test('sends resource, session and nanoseconds, and what is left when it ends', async () => {
    const ended = await run(['report-app.mjs'], {
      ...endpoint(),
      OTEL_SERVICE_NAME: 'from-env',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,host.name=elsewhere',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-token=abc',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      WAYWARD_SESSION_NAME: 'load test 3',
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const span = server.spans[0]
    expect(span?.name).toBe('work')
    expect(span?.startTimeUnixNano.slice(-3)).not.toBe('000')
    expect(span?.resource).toMatchObject({
      [ATTR_SERVICE_NAME]: 'from-env',
      [ATTR_HOST_NAME]: 'elsewhere',
      [ATTR_WAYWARD_SESSION_NAME]: 'load test 3',
      'deployment.environment.name': 'test',
    })
    const id = span?.resource[ATTR_WAYWARD_SESSION_ID]
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(span?.resource[ATTR_SERVICE_INSTANCE_ID]).toBe(id)
    expect(Number(span?.resource[ATTR_PROCESS_PID])).toBeGreaterThan(0)
    expect(span?.resource[ATTR_WAYWARD_CLOCK_OFFSET]).toMatch(/^\d{19}$/)
    expect(server.events[0]).toMatchObject({ name: 'working', traceId: span?.traceId })
    expect(server.metadata[0]?.['x-token']).toBe('abc')
  })

  test('options go before the environment', async () => {
    await run(['report-app.mjs'], {
      ...endpoint(),
      OTEL_SERVICE_NAME: 'from-env',
      TEST_SERVICE_NAME: 'given',
    })
    expect(server.spans[0]?.resource[ATTR_SERVICE_NAME]).toBe('given')
  })

  test('samples as OTEL_TRACES_SAMPLER says', async () => {
    await run(['report-app.mjs'], { ...endpoint(), OTEL_TRACES_SAMPLER: 'always_off' })
    expect(server.spans).toEqual([])
    expect(server.events).toHaveLength(1)
  })

  test('sends nothing with OTEL_SDK_DISABLED', async () => {
    const ended = await run(['report-app.mjs'], { ...endpoint(), OTEL_SDK_DISABLED: 'true' })
    expect(ended.stdout).toContain('disabled')
    expect([server.spans, server.events]).toEqual([[], []])
  })

  test('counts what its queue could not hold, and reports it with the range of numbers', async () => {
    const ended = await run(['flood-app.mjs'], {
      ...endpoint(),
      WAYWARD_DETAIL: '*=all',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '50',
    })
    const { dropped } = JSON.parse(ended.stdout) as { dropped: number }
    expect(dropped).toBeGreaterThan(0)
    expect(server.spans.length + dropped).toBe(1000)
    const losses = server.events.filter((event) => event.name === EVENT_WAYWARD_EVENTS_DROPPED)
    const told = losses.map((loss) => Number(loss.attributes[ATTR_WAYWARD_EVENTS_DROPPED_COUNT]))
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(dropped)
    const loss = losses[0]?.attributes ?? {}
    expect(loss[ATTR_WAYWARD_EVENTS_DROPPED_REASON]).toBe('queue_full')
    const arrived = new Set(
      server.spans.map((span) => Number(span.attributes[ATTR_WAYWARD_EVENT_SEQUENCE])),
    )
    expect(arrived.has(Number(loss[ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE]))).toBe(false)
    expect(Number(loss[ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE])).toBe(1000)
  })

  test('holds 1000 spans without loss by default', async () => {
    const ended = await run(['flood-app.mjs'], { ...endpoint(), WAYWARD_DETAIL: '*=all' })
    expect(JSON.parse(ended.stdout)).toEqual({ dropped: 0 })
    expect(server.spans).toHaveLength(1000)
  })

  test('shares session and numbers with its worker threads, and tells them apart', async () => {
    const ended = await run(['worker-app.mjs'], endpoint())
    expect(ended.code).toBe(0)
    const of = (name: string) =>
      server.spans.find((span) => span.attributes[ATTR_WAYWARD_LOCK_NAME] === name)
    const main = of('main')
    const worker = of('worker')
    expect(main?.attributes[ATTR_THREAD_ID]).toBe('0')
    // The recorder's own is the first.
    expect(worker?.attributes[ATTR_THREAD_ID]).toBe('2')
    expect(worker?.resource[ATTR_WAYWARD_SESSION_ID]).toBe(main?.resource[ATTR_WAYWARD_SESSION_ID])
    const numbers = [main, worker].map((span) =>
      Number(span?.attributes[ATTR_WAYWARD_EVENT_SEQUENCE]),
    )
    expect(numbers).toEqual([1, 2])
  })
})

test('numbers, task ids and lock ids are unique over threads, and the numbers have no gaps', async () => {
  const ended = await run(['--import', '@wayward/sdk/register', 'threads-app.mjs'], endpoint())
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const values = (key: string) => server.spans.map((span) => span.attributes[key])
  const numbers = values(ATTR_WAYWARD_EVENT_SEQUENCE)
    .map(Number)
    .toSorted((a, b) => a - b)
  expect(numbers).toEqual(Array.from({ length: 1500 }, (_, index) => index + 1))
  expect(new Set(values(ATTR_THREAD_ID)).size).toBe(5)
  for (const key of [ATTR_WAYWARD_LOCK_ID, ATTR_WAYWARD_TASK_ID]) {
    const threads = new Map<unknown, unknown>()
    for (const { attributes } of server.spans) {
      const thread = attributes[ATTR_THREAD_ID]
      expect(threads.get(attributes[key]) ?? thread).toBe(thread)
      threads.set(attributes[key], thread)
    }
  }
  expect(new Set(values(ATTR_WAYWARD_LOCK_ID)).size).toBe(5)
})

describe('a collector that does not work', () => {
  test('and is down: the application is unharmed and ends at once', async () => {
    const ended = await run(['report-app.mjs'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('registered')
    expect(ended.ms).toBeLessThan(soonMs)
  })

  test('and hangs: the application ends after the deadline of its last flush', async () => {
    const hanging: TcpServer = createServer(() => undefined)
    await new Promise<void>((resolve) => {
      hanging.listen(0, '127.0.0.1', resolve)
    })
    const address = hanging.address()
    const port = typeof address === 'object' ? address?.port : 0
    const ended = await run(['report-app.mjs'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      ...longTimeout,
    })
    hanging.close()
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.ms).toBeLessThan(soonMs)
  })

  /** Connections are taken, and nothing is answered: over TLS not even in the handshake. */
  const hang = async (
    args: readonly string[],
    env: Record<string, string> = {},
    scheme = 'http',
  ) => {
    const hanging: TcpServer = createServer(() => undefined)
    await new Promise<void>((resolve) => {
      hanging.listen(0, '127.0.0.1', resolve)
    })
    const address = hanging.address()
    const port = typeof address === 'object' ? address?.port : 0
    const ended = await run(args, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${scheme}://localhost:${port}`,
      ...env,
    })
    hanging.close()
    return ended
  }

  const report = "import { register } from '@wayward/sdk'; register().reporter.zone('z', () => 1);"
  test.each([
    ['grpc', 'and has nothing else to do', ''],
    ['grpc', 'after its first export', 'setTimeout(() => undefined, 1500)'],
    ['http/protobuf', 'and has nothing else to do', ''],
    ['http/protobuf', 'after its first export', 'setTimeout(() => undefined, 1500)'],
    ['grpc', 'with shutdown()', 'await register().shutdown()'],
  ])('and hangs in the TLS handshake of %s: a process ends %s', async (protocol, _name, code) => {
    const ended = await hang(
      ['--input-type=module', '--eval', report + code],
      { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_TIMEOUT: '2000' },
      'https',
    )
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    // Its own 1.5 s, calls that are under way (2 s each), and the deadline of the last flush (2 s)
    // or of the shutdown (5 s); without our part it never ended.
    expect(ended.ms).toBeLessThan(soonMs)
  })

  test('and hangs with a full queue: memory is bounded, and the process ends', async () => {
    const ended = await hang(['burst-app.mjs'], {
      TEST_COUNT: '50000',
      WAYWARD_DETAIL: '*=all',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1500',
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const { dropped, rssMiB } = JSON.parse(ended.stdout) as { dropped: number; rssMiB: number }
    expect(dropped).toBeGreaterThan(16_384)
    expect(rssMiB).toBeLessThan(400)
    // Its own time, the call that is under way (1.5 s), and the deadline of the last flush (2 s).
    expect(ended.ms).toBeLessThan(soonMs)
  })

  const setUp = `import { register } from '@wayward/sdk'
    register({ exitFlushMsMax: 60_000 }).reporter.zone('work', () => undefined);`
  test.each([
    ['process.exit(3)', 'process.exit(3)', 3, ''],
    ['an uncaught exception', "throw new Error('mine')", 1, 'Error: mine'],
    ['an unhandled rejection', "void Promise.reject(new Error('mine'))", 1, 'Error: mine'],
    [
      'SIGTERM',
      "process.kill(process.pid, 'SIGTERM'); await new Promise(() => setInterval(() => 1, 1e3))",
      null,
      '',
    ],
  ])('and hangs: %s ends the process as ever', async (_name, code, exitCode, stderr) => {
    const ended = await hang(['--input-type=module', '--eval', setUp + code], longTimeout)
    expect(ended.code).toBe(exitCode)
    expect(ended.stderr).toContain(stderr)
    if (stderr === '') expect(ended.stderr).toBe('')
    expect(ended.ms).toBeLessThan(soonMs)
  })

  test.each([
    ['shutdown() by its bound', 'await registration.shutdown()', ''],
    ['forceFlush() by its time-out', 'await registration.forceFlush({ timeoutMs: 400 })', ''],
  ])('and hangs with many batches waiting: %s', async (_name, code) => {
    const ended = await hang([
      '--input-type=module',
      '--eval',
      `import { register } from '@wayward/sdk'
      const registration = register({ shutdownMsMax: 400 })
      for (let i = 0; i < 5000; i++) registration.reporter.zone('work', () => undefined)
      const started = performance.now()
      ${code}
      console.log(JSON.stringify({ ms: performance.now() - started, dropped: registration.droppedCount }))
      process.exit(0)`,
    ])
    const { ms, dropped } = JSON.parse(ended.stdout) as { ms: number; dropped: number }
    expect(ms).toBeGreaterThan(350)
    expect(ms).toBeLessThan(soonMs)
    // What tells of the loss may be lost, too.
    expect([0, 1, 2]).toContain(dropped - (code.includes('shutdown') ? 5000 : 0))
  })

  test('and comes back: what was reported meanwhile arrives', async () => {
    const port = new URL(server.url).port
    server.close()
    const running = run(['burst-app.mjs'], { ...endpoint(), TEST_MS: '3000' })
    await new Promise((resolve) => {
      setTimeout(resolve, 800)
    })
    server = await startOtlpServer(Number(port))
    const ended = await running
    expect(ended.code).toBe(0)
    const { dropped } = JSON.parse(ended.stdout) as { dropped: number }
    const numbers = server.spans.map((span) => Number(span.attributes[ATTR_WAYWARD_EVENT_SEQUENCE]))
    expect(Math.min(...numbers)).toBe(1)
    expect(new Set(numbers).size).toBe(numbers.length)
    const told = server.events
      .filter((event) => event.name === EVENT_WAYWARD_EVENTS_DROPPED)
      .map((event) => Number(event.attributes[ATTR_WAYWARD_EVENTS_DROPPED_COUNT]))
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(dropped)
  })
})

describe("an application's own OpenTelemetry", () => {
  const ownSetUp = `
    import { trace } from '@opentelemetry/api'
    import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
    const exporter = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    trace.setGlobalTracerProvider(provider)
    const names = () => exporter.getFinishedSpans().map((span) => span.name)
  `
  const evaluate = (code: string) => run(['--input-type=module', '--eval', code], endpoint())

  test('stays when register() comes second, and receives the reports', async () => {
    const ended = await evaluate(`${ownSetUp}
      import { register } from '@wayward/sdk'
      const registration = register()
      registration.reporter.lock({ name: 'mine' }).request().granted().released()
      trace.getTracer('app').startSpan('own').end()
      await registration.forceFlush()
      await registration.shutdown()
      console.log(JSON.stringify({ status: registration.status, names: names() }))`)
    expect(JSON.parse(ended.stdout)).toEqual({
      status: 'already_registered',
      names: ['hold mine', 'own'],
    })
    expect(ended.stderr).toBe('')
    expect(server.spans).toEqual([])
  })

  test('works without register(), with the parts, whichever comes first', async () => {
    const ended = await evaluate(`
      import { createReporter } from '@wayward/sdk'
      const early = createReporter()
      ${ownSetUp}
      early.lock({ name: 'early' }).request().granted().released()
      console.log(JSON.stringify(names()))`)
    expect(JSON.parse(ended.stdout)).toEqual(['hold early'])
  })

  test('and the standard registerInstrumentations take our instrumentations', async () => {
    const ended = await evaluate(`${ownSetUp}
      import { createRequire } from 'node:module'
      import { registerInstrumentations } from '@opentelemetry/instrumentation'
      import { AsyncMutexInstrumentation } from '@wayward/sdk'
      const instrumentation = new AsyncMutexInstrumentation()
      registerInstrumentations({ instrumentations: [instrumentation] })
      const { Mutex } = createRequire(import.meta.url)('async-mutex')
      const mutex = new Mutex()
      await mutex.runExclusive(() => 1)
      instrumentation.disable()
      await mutex.runExclusive(() => 1)
      instrumentation.enable()
      await mutex.runExclusive(() => 1)
      console.log(JSON.stringify(names().length))`)
    expect(ended.stderr).toBe('')
    expect(JSON.parse(ended.stdout)).toBe(2)
  })

  test('a second register() of ours is refused, and its handle flushes the first', async () => {
    const ended = await evaluate(`
      import { register } from '@wayward/sdk'
      const first = register()
      const second = register()
      first.reporter.zone('once', () => undefined)
      await second.shutdown()
      console.log(second.status, second.droppedCount)`)
    expect(ended.stdout.trim()).toBe('already_registered 0')
    expect(server.spans).toHaveLength(1)
  })

  test('a register() after shutdown() says that it does not work again', async () => {
    const ended = await evaluate(`
      import { register } from '@wayward/sdk'
      await register().shutdown()
      const second = register()
      console.log(second.status, second.problems.length)`)
    expect(ended.stdout.trim()).toBe('failed 1')
    expect(ended.stderr).toContain('again after shutdown()')
  })

  const first = [
    ['a meter provider', 'metrics.setGlobalMeterProvider({ getMeter: () => ({}) })'],
    ['a logger of diagnostics', 'diag.setLogger(console)'],
    [
      'a propagator',
      'propagation.setGlobalPropagator({ inject() {}, extract: (c) => c, fields: () => [] })',
    ],
  ] as const
  test.each([
    ...first.map((what) => ['older', '1.8.0', ...what] as const),
    ...first.map((what) => ['newer', '1.10.0', ...what] as const),
  ])(
    'a copy of the API that is %s (%s) and registered %s first makes register() fail in words',
    async (age, version, _name, code) => {
      const ended = await evaluate(`
      import { diag, metrics, propagation } from '${age}-api'
      ${code}
      const { register } = await import('@wayward/sdk')
      const registration = register()
      registration.reporter.zone('lost', () => undefined)
      await registration.shutdown()
      console.log(JSON.stringify({ status: registration.status, problems: registration.problems }))`)
      const line = ended.stdout.trim().split('\n').at(-1) ?? ''
      const { status, problems } = JSON.parse(line) as { status: string; problems: string[] }
      expect(status).toBe('failed')
      expect(problems[0]).toContain(
        `Version ${version} of @opentelemetry/api registered something first`,
      )
      expect(ended.stderr).toContain('npm ls @opentelemetry/api')
    },
  )

  test("a newer API's tracer provider that was there first takes the reports", async () => {
    const ended = await evaluate(`
      import { trace } from 'newer-api'
      import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
      const exporter = new InMemorySpanExporter()
      const spanProcessors = [new SimpleSpanProcessor(exporter)]
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }))
      const { register } = await import('@wayward/sdk')
      const { status, reporter } = register()
      reporter.zone('theirs', () => undefined)
      console.log(status, exporter.getFinishedSpans().map(({ name }) => name).join())`)
    expect(ended.stdout.trim()).toBe('already_registered theirs')
  })

  test('a logger provider that is there stays, and is reported', async () => {
    const ended = await evaluate(`
      import { logs } from '@opentelemetry/api-logs'
      logs.setGlobalLoggerProvider({ getLogger: () => ({ emit() {}, enabled: () => true }) })
      const { register } = await import('@wayward/sdk')
      const registration = register()
      registration.reporter.zone('sent', () => undefined)
      await registration.shutdown()
      console.log(JSON.stringify({ status: registration.status, problems: registration.problems }))`)
    const { status, problems } = JSON.parse(ended.stdout) as { status: string; problems: string[] }
    expect(status).toBe('already_registered')
    expect(problems).toEqual([expect.stringContaining('logger provider')])
    expect(server.spans.map((span) => span.name)).toEqual(['sent'])
  })
})

describe('the end of a process', () => {
  test.each([
    ['at once', "reporter.zone('late', () => undefined)"],
    ['a while later', "setTimeout(() => reporter.zone('late', () => undefined), 50)"],
  ])('sends what a listener of beforeExit reports %s', async (_name, code) => {
    const ended = await run(
      [
        '--input-type=module',
        '--eval',
        `import { register } from '@wayward/sdk'
        const { reporter } = register()
        reporter.zone('early', () => undefined)
        process.once('beforeExit', () => { ${code} })`,
      ],
      endpoint(),
    )
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(server.spans.map((span) => span.name)).toEqual(['early', 'late'])
  })

  test('is not held by a span processor that hangs, and what is given up is counted', async () => {
    const ended = await run(
      [
        '--input-type=module',
        '--eval',
        `import { register } from '@wayward/sdk'
        const hang = () => new Promise(() => undefined)
        const spanProcessors = [{ onStart() {}, onEnd() {}, forceFlush: hang, shutdown: hang }]
        const registration = register({ spanProcessors, shutdownMsMax: 200 })
        for (let count = 0; count < 20; count++) registration.reporter.log({ body: 'x' })
        await registration.shutdown()
        console.log(registration.droppedCount)`,
      ],
      endpoint(),
    )
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(Number(ended.stdout)).toBe(20)
    expect(ended.ms).toBeLessThan(soonMs)
  })

  test('is not held by a listener that reports each time', async () => {
    const ended = await run(
      [
        '--input-type=module',
        '--eval',
        `import { register } from '@wayward/sdk'
        const { reporter } = register()
        process.on('beforeExit', () => reporter.zone('again', () => undefined))`,
      ],
      endpoint(),
    )
    expect(ended.code).toBe(0)
    expect(ended.ms).toBeLessThan(soonMs)
    expect(server.spans.length).toBeGreaterThan(0)
  })

  test('what was reported as open is reported as ended, sampled or not', async () => {
    const ended = await run(
      [
        '--input-type=module',
        '--eval',
        `import { register } from '@wayward/sdk'
        const { reporter, shutdown } = register({ snapshots: { thresholdMs: 0, intervalMs: 0 } })
        const run = reporter.job({ name: 'resize' }).start()
        reporter.snapshot()
        run.ended('success')
        reporter.job({ name: 'short' }).start().ended('success')
        await shutdown()`,
      ],
      { ...endpoint(), OTEL_TRACES_SAMPLER: 'always_off' },
    )
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(server.spans).toEqual([])
    expect(server.events.map((event) => event.name)).toEqual([
      EVENT_WAYWARD_OPERATION_OPEN,
      EVENT_WAYWARD_OPERATION_ENDED,
    ])
    const [open, end] = server.events
    const key = ATTR_WAYWARD_OPERATION_SEQUENCE
    expect(end?.attributes[key]).toBe(open?.attributes[key])
  })

  test('a wall clock set back: a snapshot is never before start plus age', async () => {
    const ended = await run(
      [
        '--input-type=module',
        '--eval',
        `import { register } from '@wayward/sdk'
        const { reporter, shutdown } = register({ snapshots: { thresholdMs: 0, intervalMs: 50 } })
        reporter.lock({ name: 'cart' }).request().granted()
        // Whoever reads what is recorded may be slow to start.
        await new Promise((done) => setTimeout(done, 1000))
        const real = Date.now
        Date.now = () => real() - 3600_000
        await new Promise((done) => setTimeout(done, 300))
        reporter.snapshot()
        await shutdown()`,
      ],
      endpoint(),
    )
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const operations = server.events.filter((event) => event.name !== EVENT_WAYWARD_CLOCK_STEP)
    expect(operations.length).toBeGreaterThan(3)
    expect(operations.length).toBeLessThan(server.events.length)
    for (const event of operations) {
      const start = Date.parse(String(event.attributes[ATTR_WAYWARD_OPERATION_START_TIME]))
      const ageMs = Number(event.attributes[ATTR_WAYWARD_OPERATION_AGE]) / 1e6
      const seen = Number(BigInt(event.timeUnixNano) / 1000n) / 1000
      expect(Math.abs(seen - start - ageMs)).toBeLessThan(2)
    }
  })
})
