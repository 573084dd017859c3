// Goal: a command under `wayward job exec` behaves as without it, and its run is in the tables,
// also when the service was away. Method: real commands, the real service.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
const dataDir = join(folder.path, '.wayward')
let service: RunningService

beforeAll(async () => {
  service = await startService(dataDir)
}, 120_000)

afterAll(async () => {
  await service.stop('SIGTERM')
  folder.remove()
})

const exec = (name: string, ...args: string[]) =>
  runWayward(['job', 'exec', '--name', name, ...args], { cwd: folder.path })

async function rowsOf(job: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  await fetch(`${service.endpoints.api}/inserted`)
  const sql = `SELECT run_id, result, exit_code, output, message, cpu_ns, memory_bytes, written_bytes,
    duration_ns, flaws, trace_id FROM wayward_job_runs WHERE job_name = '${job}' ORDER BY started_at`
  const { stdout } = await runWayward(['query', '--format', 'json', sql], { cwd: folder.path })
  return (JSON.parse(stdout) as { data: readonly Readonly<Record<string, unknown>>[] }).data
}

describe('job exec', () => {
  test('passes output, input and exit code through, and reports what it took', async () => {
    const script =
      'read line; echo "got $line"; echo wrong >&2; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exit 3'
    const run = await runWayward(['job', 'exec', '--name', 'busy', '--', 'sh', '-c', script], {
      cwd: folder.path,
      stdin: 'hello\n',
    })
    expect(run).toMatchObject({ code: 3, stdout: 'got hello\n', stderr: 'wrong\n' })
    const [row, ...others] = await rowsOf('busy')
    expect(others).toEqual([])
    expect(row).toMatchObject({ result: 'failure', exit_code: 3, flaws: [] })
    expect(String(row?.['output']).split('\n').toSorted()).toEqual(['', 'got hello', 'wrong'])
    expect(Number(row?.['cpu_ns'])).toBeGreaterThan(0)
    expect(Number(row?.['memory_bytes'])).toBeGreaterThan(100_000)
    expect(Number(row?.['duration_ns'])).toBeGreaterThan(Number(row?.['cpu_ns']) / 2)
  })

  test('gives the command the run as parent of its spans', async () => {
    const run = await exec('parent', '--run-id', 'p1', '--', 'sh', '-c', 'echo "$TRACEPARENT"')
    const [row] = await rowsOf('parent')
    expect(row).toMatchObject({ run_id: 'p1', result: 'success' })
    expect(run.stdout).toContain(`00-${String(row?.['trace_id'])}-`)
  })

  test('passes signals on, and says how the command ended', async () => {
    const trap = 'trap "echo bye; exit 7" TERM; echo ready; while true; do sleep 0.05; done'
    const run = await runWayward(['job', 'exec', '--name', 'term', '--', 'sh', '-c', trap], {
      cwd: folder.path,
      onStart: (child) => {
        child.stdout?.once('data', () => child.kill('SIGTERM'))
      },
    })
    expect(run).toMatchObject({ code: 7, stdout: 'ready\nbye\n' })
    expect(await rowsOf('term')).toMatchObject([{ result: 'cancellation', exit_code: 7 }])
    const killed = await exec('killed', '--', 'sh', '-c', 'kill -9 $$')
    expect(killed.code).toBe(137)
    expect(await rowsOf('killed')).toMatchObject([
      { result: 'failure', exit_code: 137, message: 'Ended by SIGKILL' },
    ])
  })

  test('keeps the end of the output alone', async () => {
    const print = `process.stdout.write('a'.repeat(1e6) + 'the end')`
    const run = await exec('loud', '--output', '1KiB', '--', process.execPath, '-e', print)
    expect(run.stdout).toHaveLength(1_000_007)
    const [row] = await rowsOf('loud')
    expect(String(row?.['output'])).toHaveLength(1024)
    expect(String(row?.['output'])).toMatch(/aaathe end$/)
  })

  test('says as a shell that a command cannot be run', async () => {
    const run = await exec('absent', '--', './there-is-none')
    expect(run.code).toBe(127)
    expect(run.stderr).toContain('ENOENT')
    expect(await rowsOf('absent')).toMatchObject([{ result: 'error', exit_code: 127 }])
    const unnamed = await runWayward(['job', 'exec', '--', 'true'], { cwd: folder.path })
    expect(unnamed).toMatchObject({ code: 2 })
    expect(unnamed.stderr).toContain('give one with --name')
  })

  test('runs without the service, keeps the reports, and sends them later, once', async () => {
    const away = ['--api-url', 'http://127.0.0.1:1']
    const run = await exec('away', ...away, '--run-id', 'w1', '--', 'sh', '-c', 'exit 4')
    expect(run.code).toBe(4)
    expect(run.stderr).toContain('the report waits, as the service is away')
    const spool = join(dataDir, 'spool')
    expect(readdirSync(spool)).toHaveLength(1)
    expect(await rowsOf('away')).toEqual([])
    const sent = await runWayward(['job', 'send'], { cwd: folder.path })
    expect(sent).toMatchObject({ code: 0, stdout: 'Reports sent: 2\n' })
    expect(readdirSync(spool)).toEqual([])
    expect(await rowsOf('away')).toMatchObject([{ run_id: 'w1', result: 'failure', exit_code: 4 }])
    // The next run that reaches the service sends what waits as well.
    await exec('away', ...away, '--run-id', 'w2', '--', 'true')
    await exec('here', '--', 'true')
    expect(readdirSync(spool)).toEqual([])
    expect(await rowsOf('away')).toMatchObject([{ run_id: 'w1' }, { run_id: 'w2', flaws: [] }])
    const waiting = await exec('away', ...away, '--', 'true')
    expect(waiting.code).toBe(0)
    const stuck = await runWayward(['job', 'send', ...away], { cwd: folder.path })
    expect(stuck.code).toBe(3)
    expect(stuck.stdout).toContain('Runs that wait on: 1')
  })
})
