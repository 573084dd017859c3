// Goal: an order of locks that was taken once is known, however much else is thinned. Method: a
// real process, recording and not, a collector, and the analyzer.
import { fileURLToPath } from 'node:url'
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestService, type TestService, whenDrained } from '../collector/test-service.ts'
import { run } from '../sdk/program.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let service: TestService

beforeAll(async () => {
  service = await startTestService()
})

afterAll(() => service.shutdown())

async function report(name: string, recorder: boolean): Promise<number> {
  const program = fileURLToPath(new URL('../sdk/programs/inverted-app.mjs', import.meta.url))
  const { stdout, stderr } = await run([program], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${service.addresses.otlpGrpc}`,
    OTEL_SERVICE_NAME: name,
    WAYWARD_RECORDER: String(recorder),
    WAYWARD_DETAIL: '*=1/5000',
  })
  expect(stderr).toBe('')
  await whenDrained(service.addresses.api)
  return Number(stdout)
}

describe.each([
  ['recorded', true],
  ['as spans', false],
])('an inversion that happened once, %s', (name, recorder) => {
  let thinned: number
  beforeAll(async () => {
    thinned = await report(name, recorder)
  })

  test('is told with both sides', async () => {
    if (recorder) expect(thinned).toBeGreaterThan(39_000)
    const { rows } = await runAnalyzer(service.engine.reader, 'lock-order', { service: name })
    // The other two are never taken at a time: a lock is held besides, in both orders.
    expect(rows).toMatchObject([{ locks: 'accounts, orders', services: name, times: 1 }])
    expect(rows[0]?.['counts']).toEqual([20_000, 1])
  })

  test('is in its table, with the places in the code', async () => {
    const rows = await service.query<Readonly<Record<string, unknown>>>(
      `SELECT held_name, lock_name, sum(times) AS times, groupArrayIntersect(gates) AS gates,
         max(site) LIKE 'nest (%inverted-app.mjs:1_)' AS has_site,
         max(held_site) LIKE 'nest (%inverted-app.mjs:1_)' AS has_held_site
       FROM wayward_lock_orders WHERE service = {name:String}
       GROUP BY ALL ORDER BY held_name, lock_name`,
      { name },
    )
    const pair = (held_name: string, lock_name: string, times: string, gates: string[] = []) => ({
      held_name,
      lock_name,
      times,
      gates,
    })
    expect(rows).toMatchObject([
      pair('accounts', 'orders', '20000'),
      pair('audit', 'stock', '1', ['gate']),
      pair('gate', 'audit', '2'),
      pair('gate', 'stock', '2'),
      pair('orders', 'accounts', '1'),
      pair('stock', 'audit', '1', ['gate']),
    ])
    expect(rows[0]).toMatchObject({ has_site: 1, has_held_site: 1 })
  })
})
