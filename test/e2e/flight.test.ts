// Goal: what a process did last is read after kill -9, with koffi and without, and imported once.
// Method: real processes that are killed, and the built command.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestService, type TestService } from '../collector/test-service.ts'
import { runWayward, temporaryFolder } from './wayward-process.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const folder = temporaryFolder()
let service: TestService

beforeAll(async () => {
  service = await startTestService()
})

afterAll(async () => {
  folder.remove()
  await service.shutdown()
})

/** Makes `koffi` a package that is not there. */
const noKoffi = join(folder.path, 'no-koffi.cjs')
writeFileSync(
  noKoffi,
  `const Module = require('node:module')
   const resolve = Module._resolveFilename
   Module._resolveFilename = function (name, ...rest) {
     if (name === 'koffi') throw new Error('not installed')
     return resolve.call(this, name, ...rest)
   }`,
)

function start(flights: string, end: string, args: readonly string[] = []) {
  return spawn(process.execPath, [...args, 'flown-app.mjs'], {
    cwd: fileURLToPath(new URL('../sdk/programs/', import.meta.url)),
    env: {
      PATH: process.env['PATH'],
      // Nobody is there: nothing is sent.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      TEST_FOLDER: flights,
      TEST_END: end,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

const wayward = (...args: string[]) => runWayward(args, { cwd: folder.path })

describe.each([
  ['mapped', []],
  ['without koffi', ['--require', noKoffi]],
])('a process that was killed, %s', (name, args) => {
  const flights = join(folder.path, name)
  const file = (): string => join(flights, readdirSync(flights)[0] ?? '')

  test('is told while it runs, and after', async () => {
    const app = start(flights, 'kill', args)
    await once(app.stdout, 'data')
    const running = await wayward('flight', file())
    expect(running.stdout).toMatch(/^flown, process \d+ on .*, and it runs still\n/)
    expect(await wayward('import', file())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('still runs') as string,
    })
    app.kill('SIGKILL')
    await once(app, 'close')
    const { stdout, stderr } = await wayward('flight', file())
    expect(stdout).toContain('last seen at 20')
    expect(stdout).not.toContain('runs still')
    expect(stdout).toMatch(/placing +holds +inventory +[\d.]+ s +placeOrder \(flown-app\.mjs:\d+\)/)
    expect(stdout).toMatch(/waiting +waits for +inventory +[\d.]+ s +\d+ /)
    expect(stdout).toMatch(/processes of +mails 1 /)
    expect(stdout).toMatch(/placing +held +orders +[\d.]+ [mµ]s/)
    expect(stderr.includes('koffi was missing')).toBe(name !== 'mapped')
  })

  test('is imported once', async () => {
    const endpoint = `http://${service.addresses.otlpHttp}`
    const imported = await wayward('import', file(), '--endpoint', endpoint)
    expect(imported).toMatchObject({ code: 0 })
    expect(imported.stderr).toContain('1 spans, 2 events and 3 operations that were open')
    const again = await wayward('import', file(), '--endpoint', endpoint)
    expect(again).toMatchObject({ code: 0 })
    expect(again.stderr).toContain('was imported before')
    const session = /Session (\S+) of flown/.exec(imported.stderr)?.[1] ?? ''
    const held = await service.query(
      'SELECT lock_name, task_name FROM wayward_lock_holds WHERE session = {session:String}',
      { session },
    )
    expect(held).toEqual([{ lock_name: 'orders', task_name: 'placing' }])
    const open = await service.query(
      `SELECT kind, name, age_ns > 1e8 AS is_old FROM wayward_open_now
       WHERE session = {session:String} ORDER BY kind, name`,
      { session },
    )
    expect(open).toEqual([
      { kind: 'lock_hold', name: 'inventory', is_old: 1 },
      { kind: 'lock_wait', name: 'inventory', is_old: 1 },
      { kind: 'queue_item', name: 'mails', is_old: 1 },
    ])
  })
})

test('a file that is cut or none is read as far as it goes, or refused in a line', async () => {
  const nothing = join(folder.path, 'nothing')
  writeFileSync(nothing, 'nothing')
  expect(await wayward('flight', nothing)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^Cannot read .*nothing: it is no file of the flight recorder/,
    ) as string,
  })
  expect(await wayward('flight', join(folder.path, 'nowhere'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no such file') as string,
  })
})
