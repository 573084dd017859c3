// Goal: the last values of a process that is killed are in ClickHouse. Method: a process that
// writes a stats file and is killed, beside a service that reads it, and `watch` to that service.
import { spawn } from 'node:child_process'
import { counter, createStats, staticDouble } from '@wayward/mmstats'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { anyPorts, runWayward, startService, temporaryFolder } from './wayward-process.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

test('serve --mmstats and watch bring the last values of a killed process into the tables', async () => {
  const door = fileURLToPath(new URL('../../mmstats/dist/index.js', import.meta.url))
  const files = join(folder.path, 'stats')
  mkdirSync(files)
  const script = join(folder.path, 'crasher.mjs')
  writeFileSync(
    script,
    `import { createStats, counter } from ${JSON.stringify(door)}
     const stats = createStats({ done: counter() }, { path: ${JSON.stringify(files)}, prefix: 'jobs.' })
     stats.done.increment(1234)
     process.kill(process.pid, 'SIGKILL')`,
  )
  const child = spawn(process.execPath, [script])
  await new Promise((resolve) => child.once('exit', resolve))
  expect(child.signalCode).toBe('SIGKILL')

  // Files beside it that would stop a reader which trusted them.
  const path = files
  createStats(
    { created: staticDouble({ label: 'sys.created', value: 9e12 }), ok: counter() },
    { path, filename: 'liar.mmstats', defaults: false },
  )
  writeFileSync(join(files, 'foreign.mmstats'), 'nonsense')
  symlinkSync('/etc/hostname', join(files, 'link.mmstats'))

  const dataDir = join(folder.path, '.wayward')
  const glob = join(files, '*.mmstats')
  const service = await startService(dataDir, [
    ...anyPorts,
    '--mmstats',
    glob,
    '--mmstats-interval',
    '200ms',
  ])
  try {
    const run = (...args: string[]) => runWayward(args, { cwd: folder.path })
    const ask = async (sql: string): Promise<string> =>
      (await run('query', '--format', 'csv', sql)).stdout
    const count =
      "SELECT max(Value) AS value, any(ServiceName) AS service FROM otel_metrics_sum WHERE MetricName = 'jobs.done'"
    await expect
      .poll(() => ask(count), { timeout: 20_000, interval: 300 })
      .toContain('1234,"crasher"')
    const ends =
      "SELECT count() AS ends FROM otel_logs WHERE EventName = 'wayward.mmstats.abandoned'"
    await expect.poll(() => ask(ends), { timeout: 20_000, interval: 300 }).toBe('"ends"\n1\n')
    const watched = await run(
      'mmstats',
      'watch',
      '--once',
      '--endpoint',
      service.endpoints.otlpHttp,
      glob,
    )
    expect(watched).toMatchObject({ code: 0 })
    expect(watched.stderr).toContain('Its process has ended')
    await expect.poll(() => ask(ends), { timeout: 20_000, interval: 300 }).toBe('"ends"\n2\n')
    const slurped = await run('mmstats', 'slurp', glob)
    expect(slurped.stdout).toContain('jobs.done')
    expect((await run('mmstats', 'nope')).code).toBe(2)
  } finally {
    await service.stop()
  }
})
