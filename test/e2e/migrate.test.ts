import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import { anyPorts, runWayward, startService } from './wayward-process.ts'

let engine: TestEngine
let cwd: string
let server: readonly string[]

beforeAll(async () => {
  engine = await startTestEngine()
  cwd = mkdtempSync(join(tmpdir(), 'wayward-migrate-'))
  server = ['--url', `${engine.url}/shop`, '--clickhouse-user', 'wayward_writer']
})

afterAll(async () => {
  await engine.shutdown()
  rmSync(cwd, { recursive: true })
})

const env = (): Record<string, string> => ({ WAYWARD_CLICKHOUSE_PASSWORD: engine.writerToken })

test('migrate shows what it would do, does it, and then has nothing to do', async () => {
  const dry = await runWayward(['migrate', ...server, '--dry-run'], { cwd, env: env() })
  expect(dry.code).toBe(1)
  expect(dry.stdout).toContain('-- The database is missing\nCREATE DATABASE IF NOT EXISTS `shop`;')
  expect(dry.stdout).toContain('CREATE TABLE IF NOT EXISTS otel_traces')
  expect(
    await engine.reader.query("SELECT name FROM system.databases WHERE name = 'shop'"),
  ).toEqual([])

  const refused = await runWayward(
    [
      'serve',
      '--data-dir',
      join(cwd, 'data'),
      ...anyPorts,
      '--create-schema',
      'no',
      '--clickhouse-url',
      `${engine.url}/shop`,
      '--clickhouse-user',
      'wayward_writer',
    ],
    { cwd, env: env() },
  )
  expect(refused.code).toBe(3)
  expect(refused.stderr).toMatch(/missing: the database itself.*Run "wayward migrate"/s)

  const real = await runWayward(['migrate', ...server], { cwd, env: env() })
  expect(real).toMatchObject({ code: 0, stdout: '' })
  expect(real.stderr).toMatch(/The tables are up to date \(migrations 1, 2/)
  const again = await runWayward(['migrate', ...server, '--dry-run'], { cwd, env: env() })
  expect(again).toMatchObject({ code: 0, stdout: '' })
  expect(again.stderr).toContain('Nothing to do')
})

test('migrate leaves the folder of a running service to it, and can look at it', async () => {
  const dataDir = join(cwd, 'served')
  const service = await startService(dataDir)
  try {
    const dry = await runWayward(['migrate', '--data-dir', dataDir, '--dry-run'], { cwd })
    expect(dry.code).toBe(0)
    const real = await runWayward(['migrate', '--data-dir', dataDir], { cwd })
    expect(real.code).toBe(3)
    expect(real.stderr).toMatch(/A service has .* open/)
  } finally {
    await service.stop()
  }
  const alone = await runWayward(['migrate', '--data-dir', dataDir], { cwd })
  expect(alone.code).toBe(0)
  expect(alone.stderr).toContain('nothing was new')
})
