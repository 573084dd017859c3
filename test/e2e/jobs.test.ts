// Goal: a run whose start and end come to two lives of the service is one run. Method: the real
// service, killed with its engine between the two, and started again.
import { afterAll, expect, test } from 'vitest'
import { runWayward, startService, temporaryFolder } from './wayward-process.ts'
import { join } from 'node:path'

const folder = temporaryFolder()
afterAll(() => folder.remove())

test('a run goes on over kill -9 of the service, and its reports are known when they come again', async () => {
  const dataDir = join(folder.path, '.wayward')
  const post = async (api: string, path: string, json: unknown, method = 'POST') => {
    const response = await fetch(`${api}${path}`, { method, body: JSON.stringify(json) })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const first = await startService(dataDir)
  const start = { id: 'over', host: 'one' }
  const path = '/api/jobs/survivor/runs'
  expect(await post(first.endpoints.api, path, start)).toMatchObject({ status: 201 })
  expect(
    await post(first.endpoints.api, '/api/jobs/other/runs/gone', { result: 'error' }, 'PATCH'),
  ).toMatchObject({ status: 200 })
  await first.stop('SIGKILL')

  const second = await startService(dataDir)
  try {
    const { api } = second.endpoints
    expect(await post(api, path, start)).toMatchObject({
      status: 200,
      json: { id: 'over', status: 'running', isRepeated: true },
    })
    expect(await post(api, `${path}/over`, { result: 'success' }, 'PATCH')).toMatchObject({
      status: 200,
      json: { status: 'success' },
    })
    await fetch(`${api}/inserted`)
    const { stdout } = await runWayward(
      [
        'query',
        '--format',
        'csv',
        `SELECT job_name, run_id, result, duration_ns > 1e8 AS is_long, count() AS runs
         FROM wayward_job_runs GROUP BY ALL ORDER BY job_name`,
      ],
      { cwd: folder.path },
    )
    expect(stdout).toBe(
      '"job_name","run_id","result","is_long","runs"\n' +
        '"other","gone","error",0,1\n"survivor","over","success",1,1\n',
    )
  } finally {
    await second.stop('SIGTERM')
  }
}, 120_000)
