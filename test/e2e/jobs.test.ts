// Goal: a run whose start and end come to two lives of the service is one run, and what was
// answered is there once. Method: the real service, killed with its engine, and started again.
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

test('a kill between report and answer loses nothing that was answered, and doubles nothing', async () => {
  const dataDir = join(folder.path, 'killed', '.wayward')
  const answered = new Set<string>()
  const sent: string[] = []
  const lives = 3
  for (let life = 0; life < lives; life++) {
    const service = await startService(dataDir)
    const report = async (id: string): Promise<void> => {
      const path = `/api/jobs/often-${Number(id.split('-')[1]) % 40}/runs`
      const start = { method: 'POST', body: JSON.stringify({ id }) }
      await fetch(`${service.endpoints.api}${path}`, start)
      const end = { method: 'PATCH', body: JSON.stringify({ result: 'success' }) }
      const { status } = await fetch(`${service.endpoints.api}${path}/${id}`, end)
      if (status === 200) answered.add(id)
    }
    // What was not answered before comes again, as clients do it.
    const again = sent.filter((id) => !answered.has(id))
    const fresh = Array.from({ length: 200 }, (_, index) => `${life}-${index}`)
    sent.push(...fresh)
    const reports = [...again, ...fresh].map((id) => report(id).catch(() => undefined))
    await expect.poll(() => answered.size).toBeGreaterThan(life * 100)
    await service.stop('SIGKILL')
    await Promise.all(reports)
  }
  const last = await startService(dataDir)
  try {
    await fetch(`${last.endpoints.api}/inserted`)
    const sql = `SELECT run_id, count() AS runs FROM wayward_job_runs WHERE startsWith(job_name, 'often-') GROUP BY run_id`
    const { stdout } = await runWayward(['query', '--format', 'json', sql], {
      cwd: join(folder.path, 'killed'),
    })
    const rows = (
      JSON.parse(stdout) as { data: readonly { readonly run_id: string; readonly runs: string }[] }
    ).data
    expect(rows.filter(({ runs }) => Number(runs) !== 1)).toEqual([])
    const stored = new Set(rows.map(({ run_id }) => run_id))
    expect([...answered].filter((id) => !stored.has(id))).toEqual([])
    expect(answered.size).toBeGreaterThan(lives * 50)
  } finally {
    await last.stop('SIGTERM')
  }
}, 300_000)
