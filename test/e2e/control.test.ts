// Goal: an operator sees a running application and changes what it sends, and the change is there
// after a restart. Method: the built command in processes of its own, an application that asks.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, expect, test, vi } from 'vitest'
import { anyPorts, runWayward, startService, temporaryFolder } from './wayward-process.ts'

const folder = temporaryFolder()
const token = 'ops-token-0123456789'
afterAll(() => folder.remove())

/** Takes a lock twice in each turn, and tells what it has recorded and left out. */
const recording = (url: string): string => `
  import { register } from '@wayward/sdk'
  const registration = register({
    serviceName: 'tills',
    recorder: true,
    endpoint: 'http://127.0.0.1:9',
    control: { url: '${url}', token: '${token}', intervalMs: 50 },
  })
  const lock = registration.reporter.lock({ name: 'cache.rows' })
  let before = registration.recordedCount
  setInterval(() => {
    lock.acquired().released()
    lock.acquired().released()
    const { recordedCount } = registration
    console.log(recordedCount - before)
    before = recordedCount
  }, 20)`

const application = (url: string): string => `
  import { createMetlogClient, createStdoutSender } from '@wayward/metlog'
  const metlog = createMetlogClient({
    logger: 'shop',
    sender: createStdoutSender(),
    control: { url: '${url}', token: '${token}', intervalMs: 50 },
  })
  setInterval(() => {
    metlog.info('for information')
    metlog.error('an error')
  }, 20)`

function start(code: string): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: new URL('../../', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** @returns the lines that have come so far */
function linesOf(stream: Readable): () => readonly string[] {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text.split('\n').slice(0, -1)
}

test('wayward control', async () => {
  const tokens = join(folder.path, 'tokens')
  writeFileSync(tokens, `ops: ${token}\n`)
  const dataDir = join(folder.path, 'data')
  const flags = [...anyPorts, '--token-file', tokens]
  let service = await startService(dataDir, flags)
  const control = (...args: string[]) =>
    runWayward(['control', ...args, '--data-dir', dataDir], {
      cwd: folder.path,
      env: { WAYWARD_API_TOKEN: token },
    })
  const child = start(application(service.endpoints.api))
  const recorder = start(recording(service.endpoints.api))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  try {
    await vi.waitFor(async () => expect((await control('list')).stdout).toContain('shop'), 30_000)
    const shown = await control('list')
    expect(shown.stdout).toMatch(/shop +metlog +0\.1\.0 .*current/)

    const set = await control('set', 'severity', '3', '--client', 'sh*')
    expect(set).toMatchObject({ code: 0, stdout: 'Set severity to 3 for clients "sh*".\n' })
    await vi.waitFor(async () => {
      said = ''
      await vi.waitFor(() => expect(said).toContain('an error'))
      expect(said).not.toContain('for information')
    }, 20_000)

    const figures = linesOf(recorder.stdout)
    await vi.waitFor(async () => {
      expect((await control('list')).stdout).toMatch(/tills +sdk +0\.1\.0 .*current/)
    }, 30_000)
    expect(figures()).toContain('2')
    const off = await control('set', 'detail', 'off', '--client', 'tills', '--name', 'cache.*')
    expect(off).toMatchObject({ code: 0 })
    await vi.waitFor(() => expect(new Set(figures().slice(-5))).toEqual(new Set(['0'])), 20_000)
    expect((await control('set', 'detail', 'loud')).stderr).toContain('500/s')

    const wrong = await control('set', 'severity', '9')
    expect(wrong).toMatchObject({ code: 2 })
    expect(wrong.stderr).toContain('0 to 7')
    expect((await control('unset', 'timer', '--name', 'x')).stderr).toContain('is not set')
    const stranger = await runWayward(['control', 'set', 'severity', '7', '--data-dir', dataDir], {
      cwd: folder.path,
    })
    expect(stranger).toMatchObject({ code: 3 })
    expect(stranger.stderr).toContain('token')
  } finally {
    child.kill()
    recorder.kill('SIGKILL')
  }
  await service.stop()
  service = await startService(dataDir, flags)
  try {
    const listed = JSON.parse((await control('list', '--format', 'json')).stdout) as {
      readonly settings: readonly object[]
    }
    expect(listed.settings).toMatchObject([
      { setting: 'severity', client: 'sh*', name: '*', value: '3', setBy: 'ops' },
      { setting: 'detail', client: 'tills', name: 'cache.*', value: 'off', setBy: 'ops' },
    ])
    expect(await control('unset', 'severity', '--client', 'sh*')).toMatchObject({ code: 0 })
    expect((await control('list')).stdout).not.toContain('sh*')
  } finally {
    await service.stop()
  }
}, 180_000)
