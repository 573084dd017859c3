// Goal: a run that starts late because its process blocked its event loop and collected garbage is
// told so. Method: a real process with the SDK, the real service, the built command.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestService, type TestService } from '../collector/test-service.ts'
import { run } from '../sdk/program.ts'
import { runWayward, temporaryFolder } from './wayward-process.ts'

const folder = temporaryFolder()
let service: TestService

beforeAll(async () => {
  service = await startTestService()
})

afterAll(async () => {
  folder.remove()
  await service.shutdown()
})

interface Row {
  readonly job_name: string
  readonly lateness_ns: number
  readonly gc_ns: number
  readonly stall_ns: number
  readonly unknown_ns: number
  readonly main_cause: string
}

test.each([
  ['as spans', {}],
  ['recorded', { WAYWARD_RECORDER: 'true' }],
])('job-delay knows what stopped a process, %s', async (how, env) => {
  const name = `shop ${how}`
  const ended = await run(['--expose-gc', 'paused-app.mjs'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${service.addresses.otlpGrpc}`,
    TEST_SERVICE_NAME: name,
    WAYWARD_PAUSES: 'true',
    ...env,
  })
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const { url } = service.engine
  await service.query('SELECT 1')
  const told = await runWayward(
    ['analyze', 'job-delay', '--service', name, '--url', url, '--format', 'json'],
    { cwd: folder.path },
  )
  const { rows } = JSON.parse(told.stdout) as { readonly rows: readonly Row[] }
  const [row, ...others] = rows
  expect(others).toEqual([])
  expect(row?.job_name).toBe('invoices')
  expect(row?.gc_ns).toBeGreaterThan(10e6)
  expect((row?.gc_ns ?? 0) + (row?.stall_ns ?? 0)).toBeGreaterThan(2e9)
  expect(row?.unknown_ns).toBeLessThan(row?.lateness_ns ?? 0)
  expect(['gc', 'stall']).toContain(row?.main_cause)
  const pauses = await service.query(
    `SELECT DISTINCT cause, gc_type, thread_id FROM wayward_pauses
     WHERE service = {name:String} AND pause_ns > 10000000 ORDER BY cause, gc_type`,
    { name },
  )
  expect(pauses).toContainEqual({
    cause: 'garbage_collection',
    gc_type: 'major',
    thread_id: '0',
  })
  expect(pauses).toContainEqual({ cause: 'eventloop_stall', gc_type: '', thread_id: '0' })
})
