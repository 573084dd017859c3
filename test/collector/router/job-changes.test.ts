// Goal: changes of jobs reach endpoints by rules, as all data do, and the states of jobs stay in
// the store whatever rules say. Method: a real collector and engine, a job that is reported over
// HTTP.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemTime } from '@wayward/base'
import { createCollector, defaultCollectorLimits } from '@wayward/collector'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { memoryJournal, whenDrained } from '../test-service.ts'
import { until } from './router-harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'job-changes-'))
const path = join(folder, 'pager.txt')
const anyPort = { host: '127.0.0.1', port: 0 }
let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})
afterAll(async () => {
  await engine?.shutdown()
  rmSync(folder, { recursive: true })
})

test('changes of jobs go to endpoints by rules', async () => {
  const format = '{attributes.wayward.job.name} {attributes.wayward.job.change.type}'
  const settings = {
    endpoints: { pager: { type: 'file', path, format, queue: { batchWaitMs: 0 } } },
    rules: [{ when: 'name == "wayward.job.change"', to: ['pager'] }, { drop: true }],
  }
  const collector = createCollector(
    {
      otlpGrpc: anyPort,
      otlpHttp: anyPort,
      api: anyPort,
      journal: memoryJournal,
      limits: defaultCollectorLimits,
      router: { settings, folder },
    },
    {
      store: engine.writer,
      storeIsReady: Promise.resolve(),
      logger: { info() {}, warn() {}, error() {} },
      time: systemTime,
    },
  )
  const { api } = await collector.start()
  const id = '0b5b0e6e-8a64-4b05-9a68-6a1f6f6a0001'
  const ping = async (end: string): Promise<number> =>
    (await fetch(`http://${api}/ping/${id}/backup${end}?create=1`, { method: 'POST' })).status
  await until(async () => (await ping('/start')) < 400, 'the job service')
  expect(await ping('/fail')).toBeLessThan(400)
  await until(() => existsSync(path) && readFileSync(path, 'utf8').includes('run_ended'), 'the end')
  await whenDrained(api)
  const [row] = await engine.reader.query<{ n: number }>(
    "SELECT toUInt32(count()) AS n FROM otel_logs WHERE EventName = 'wayward.job.change'",
  )
  expect(row?.n).toBeGreaterThan(0)
  await collector.shutdown(5_000)
})
