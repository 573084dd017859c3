// Goal: what stops a thread is seen, with its length and its end, and nothing else is. Method: real
// garbage collections and a real loop that blocks, in this process and in one of its own.
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSleepMeter, type Pause, watchPauses } from '@wayward/sdk/process/pause-watch'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startOtlpServer } from '../otlp-server.ts'
import { run } from '../program.ts'

let stop: () => void = () => undefined
afterEach(() => stop())

function watch(settings: { readonly gcMs?: number; readonly stallMs?: number }): Pause[] {
  const pauses: Pause[] = []
  stop = watchPauses(settings, (pause) => pauses.push(pause))
  return pauses
}

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end) Math.sqrt(end)
}

describe('watchPauses()', () => {
  test('sees that the event loop was blocked, and for how long at least', async () => {
    const pauses = watch({ gcMs: 1e9, stallMs: 100 })
    await sleep(150)
    pauses.length = 0
    block(400)
    await vi.waitFor(() => expect(pauses).not.toEqual([]))
    const [stall] = pauses
    expect(stall).toMatchObject({ cause: 'eventloop_stall', agoMs: 0 })
    // A turn of its timer may have passed before.
    expect(stall?.lengthMs).toBeGreaterThan(340)
  })

  test('sees garbage collections of the length that is asked for, and of which kind', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const kept = Array.from({ length: 300_000 }, (_, index) => ({ index }))
    const pauses = watch({ gcMs: 0, stallMs: 1e9 })
    const before = performance.now()
    collect()
    await vi.waitFor(() => expect(pauses.some(({ gcType }) => gcType === 'major')).toBe(true))
    const major = pauses.find(({ gcType }) => gcType === 'major')
    expect(major?.cause).toBe('garbage_collection')
    const passed = performance.now() - before
    expect((major?.lengthMs ?? 0) + (major?.agoMs ?? 0)).toBeLessThan(passed + 1)
    expect(pauses.every(({ lengthMs }) => lengthMs >= 1)).toBe(true)
    stop()
    const left = watch({ gcMs: 1e6, stallMs: 1e9 })
    collect()
    await sleep(50)
    expect(left).toEqual([])
    expect(kept).toHaveLength(300_000)
  })

  test('ends when it is told to, and keeps no process alive', async () => {
    const pauses = watch({ stallMs: 10 })
    await sleep(30)
    stop()
    pauses.length = 0
    block(60)
    await sleep(30)
    expect(pauses).toEqual([])
    const program = `import { register } from '@wayward/sdk'; register({ pauses: { stallMs: 1 } })`
    const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 60_000,
    })
    expect(status).toBe(0)
  })
})

describe('createSleepMeter()', () => {
  test('tells sleep once, and takes no drift of clocks for it', () => {
    const slept = createSleepMeter()
    expect(slept(5_000, 1_000)).toBe(0)
    // 10 ms of coarseness.
    for (let second = 1; second <= 60; second++) {
      expect(slept(5_000 + second * 1_000 + (second % 2) * 10, 1_000 + second * 1_000)).toBe(0)
    }
    expect(slept(3_665_000, 62_000)).toBe(3_599_000)
    expect(slept(3_666_000, 63_000)).toBe(0)
    // A clock that was set back is no sleep.
    expect(slept(1_000, 64_000)).toBe(0)
    expect(slept(2_000, 65_000)).toBe(0)
  })
})

describe('register()', () => {
  test.each([
    [{ WAYWARD_PAUSES: 'true' }, ['eventloop_stall', 'garbage_collection']],
    [{ WAYWARD_PAUSES: 'false' }, []],
  ])('reports pauses by the environment: %j', async (env, causes) => {
    const server = await startOtlpServer()
    try {
      const ended = await run(['--expose-gc', 'paused-app.mjs'], {
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        TEST_SERVICE_NAME: 'shop',
        ...env,
      })
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      const pauses = server.spans.filter(({ attributes }) => attributes['wayward.kind'] === 'pause')
      const seen = new Set(pauses.map(({ attributes }) => attributes['wayward.pause.cause']))
      for (const cause of causes) expect(seen).toContain(cause)
      if (causes.length === 0) expect(pauses).toEqual([])
      for (const { attributes, traceId } of pauses) {
        expect(attributes).not.toHaveProperty('wayward.task.id')
        expect(traceId).not.toBe('')
      }
      expect(server.spans.filter(({ name }) => name === 'run invoices')).toHaveLength(1)
    } finally {
      server.close()
    }
  })

  test('complains of a value that it does not know', async () => {
    const ended = await run(['report-app.mjs'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_LOG_LEVEL: 'warn',
      WAYWARD_PAUSES: 'sometimes',
    })
    expect(ended.stderr).toContain('WAYWARD_PAUSES=sometimes: "true" or "false" is wanted')
  })
})
