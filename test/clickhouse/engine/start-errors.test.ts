import { spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEngine, defaultEngineLimits, EngineError } from '@wayward/clickhouse'
import { expect, test } from 'vitest'
import { recordingLogger, tokenText } from './running-engine.ts'

test('a full disk is refused and named', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'wayward-full-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  if (mounted.status !== 0) {
    await rm(folder, { recursive: true })
    context.skip('Skipped: only root can mount a small file system')
  }
  try {
    const engine = createEngine({
      dataDir: folder,
      listen: { host: '127.0.0.1', port: 0 },
      writerToken: tokenText,
      memoryBytesMax: 500_000_000,
      limits: defaultEngineLimits,
      logger: recordingLogger([]),
    })
    const error = await engine.start().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(EngineError)
    expect(error).toMatchObject({ code: 'disk_full', message: expect.stringContaining(folder) })
  } finally {
    spawnSync('umount', [folder])
    await rm(folder, { recursive: true, force: true })
  }
})

test('a missing chDB package is named with its cure', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wayward-no-chdb-'))
  const built = join(
    dirname(fileURLToPath(import.meta.resolve('@wayward/clickhouse'))).replace(/\/dist$/, ''),
    'dist',
    'engine',
  )
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  for (const name of ['chdb.js', 'engine-error.js']) {
    await copyFile(join(built, name), join(folder, name))
  }
  const script = `import { loadChdb } from './chdb.js'
    try { loadChdb() } catch ({ code, message }) { console.log(code, message) }`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(stdout).toMatch(
    /^platform_package_missing The package chdb, .* npm install chdb, or name a ClickHouse server/,
  )
  await rm(folder, { recursive: true, force: true })
})
