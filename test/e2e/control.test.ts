// Goal: an operator sees a running application and changes what it sends, and the change is there
// after a restart. Method: the built command in processes of its own, an application that asks.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { anyPorts, runWayward, startService, temporaryFolder } from './wayward-process.ts'

const folder = temporaryFolder()
const token = 'ops-token-0123456789'
afterAll(() => folder.remove())

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
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', application(service.endpoints.api)],
    { cwd: new URL('../../', import.meta.url), stdio: ['ignore', 'pipe', 'inherit'] },
  )
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
  }
  await service.stop()
  service = await startService(dataDir, flags)
  try {
    const listed = JSON.parse((await control('list', '--format', 'json')).stdout) as {
      readonly settings: readonly object[]
    }
    expect(listed.settings).toMatchObject([
      { setting: 'severity', client: 'sh*', name: '*', value: '3', setBy: 'ops' },
    ])
    expect(await control('unset', 'severity', '--client', 'sh*')).toMatchObject({ code: 0 })
    expect((await control('list')).stdout).not.toContain('sh*')
  } finally {
    await service.stop()
  }
}, 180_000)
