// Goal: the command line tells how jobs are. Method: the real service, with runs of five weeks.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
const dayMs = 86_400_000
let service: RunningService

beforeAll(async () => {
  service = await startService(join(folder.path, '.wayward'))
  for (let day = 35; day >= 1; day--) {
    await end('nightly', {
      run: `day-${day}`,
      minutes: day < 7 ? 20 : 10,
      at: Date.now() - day * dayMs,
      result: day === 3 ? 'failure' : 'success',
      output: day === 3 ? 'first line\nno space left on device' : undefined,
      exitCode: day === 3 ? 28 : 0,
    })
  }
  await end('import', { run: 'i1', minutes: 1, at: Date.now() - 60_000, result: 'failure' })
  const { api } = service.endpoints
  await fetch(`${api}/api/jobs/sweep`, {
    method: 'PUT',
    body: JSON.stringify({ schedule: ['@hourly'], tags: ['night'] }),
  })
  await fetch(`${api}/inserted`)
}, 120_000)

afterAll(async () => {
  await service.stop('SIGTERM')
  folder.remove()
})

interface Ended {
  readonly run: string
  readonly minutes: number
  readonly at: number
  readonly result: string
  readonly output?: string | undefined
  readonly exitCode?: number
}

async function end(job: string, { at, minutes, run, ...facts }: Ended): Promise<void> {
  const body = JSON.stringify({
    ...facts,
    startedAt: new Date(at - minutes * 60_000).toISOString(),
    time: new Date(at).toISOString(),
  })
  const path = `${service.endpoints.api}/api/jobs/${job}/runs/${run}`
  const response = await fetch(path, { method: 'PATCH', body })
  expect(response.status).toBe(200)
}

const jobs = (...args: string[]) => runWayward(['jobs', ...args], { cwd: folder.path })

test('jobs lists them, those in trouble first', async () => {
  const { code, stdout } = await jobs()
  expect(code).toBe(0)
  const [head = '', , ...lines] = stdout.split('\n')
  expect(head.split(/\s{2,}/)).toEqual([
    'job',
    'service',
    'state',
    'for',
    'last run',
    'next',
    'median',
    'trend',
  ])
  expect(lines.map((line) => line.split(/\s+/).slice(0, 3))).toMatchObject([
    ['import', 'jobs', 'failing'],
    ['nightly', 'jobs', 'up'],
    ['sweep', 'jobs', 'new'],
    ['Times', 'are', 'UTC.'],
    [''],
  ])
  expect(stdout).toMatch(/nightly .* 10 min 0 s +o{17}xoo\n/)
  expect((await jobs('--tag', 'night')).stdout).not.toContain('nightly')
  expect((await jobs('--fail-on', 'trouble')).code).toBe(1)
  expect((await jobs('--status', 'down', '--fail-on', 'trouble')).code).toBe(0)
})

test('jobs show has bars, weeks, and what failures wrote', async () => {
  const { stdout } = await jobs('show', 'nightly')
  expect(stdout).toContain(`▅`.repeat(29))
  expect(stdout).toMatch(/███×██\n/)
  expect(stdout).toContain('35 runs, 1 failed; 10 min 0 s to 20 min 0 s, median 10 min 0 s')
  expect(stdout).toMatch(/last 7 days +6 runs +1 failed +median 20 min/)
  expect(stdout).toMatch(/1 before +7 runs +0 failed +median 10 min/)
  expect(stdout).toMatch(/failure, exit code 28 after 20 min/)
  expect(stdout).toContain('    no space left on device\n')
  const { stdout: json } = await jobs('show', 'nightly', '--format', 'json')
  expect((JSON.parse(json) as { runs: unknown[] }).runs).toHaveLength(35)
})

test('jobs show says that there is no such job, and jobs that there is no service', async () => {
  const unknown = await jobs('show', 'none')
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain('There is no job "none"')
  const away = await jobs('--api-url', 'http://127.0.0.1:1')
  expect(away.code).toBe(3)
})

test('analyze knows for how long a run goes on that was told once', async () => {
  const { api } = service.endpoints
  const time = new Date(Date.now() - 40 * 60_000).toISOString()
  const body = JSON.stringify({ id: 'long', time })
  expect((await fetch(`${api}/api/jobs/slow/runs`, { method: 'POST', body })).status).toBe(201)
  await fetch(`${api}/inserted`)
  for (const window of [[], ['--since', '10m']]) {
    const { stdout } = await runWayward(['analyze', 'job-runs', '--format', 'json', ...window], {
      cwd: folder.path,
    })
    const { rows } = JSON.parse(stdout) as { readonly rows: readonly Record<string, unknown>[] }
    const slow = rows.find(({ job_name }) => job_name === 'slow')
    expect(slow?.['running_max_ns'], window[1]).toBeGreaterThanOrEqual(40 * 60e9)
  }
})

test('jobs watch shows a change while it goes on', async () => {
  let seen = ''
  let isToldToEnd = false
  const { stdout } = await runWayward(['jobs', 'watch'], {
    cwd: folder.path,
    onStart: (child) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        seen += chunk.toString()
        if (/sweep +jobs +running/.test(seen)) child.kill('SIGINT')
        else if (seen.includes('sweep') && !isToldToEnd) {
          isToldToEnd = true
          void fetch(`${service.endpoints.api}/api/jobs/sweep/runs`, { method: 'POST' })
        }
      })
    },
  })
  expect(stdout).toMatch(/sweep +jobs +running/)
})
