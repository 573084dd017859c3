import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lockFolder } from '@wayward/collector/journal/folder-lock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTestFolder, type TestFolder } from './journal-harness.ts'

let folder: TestFolder

beforeEach(() => {
  folder = makeTestFolder()
})

afterEach(() => {
  folder.remove()
})

function writeLock(text: string): void {
  writeFileSync(join(folder.path, 'lock'), text)
}

describe('lockFolder()', () => {
  test('refuses a folder that a living process has, and names the process', async () => {
    const journal = await folder.open()
    await expect(folder.open()).rejects.toMatchObject({
      code: 'journal_in_use',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await journal.close()
    await (await folder.open()).close()
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('takes over the lock of a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    try {
      await new Promise((resolve) => child.once('spawn', resolve))
      const ticks = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .split(') ')
        .at(-1)
        ?.split(' ')[19]
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      writeLock(JSON.stringify({ pid: child.pid, start: `${boot}/${ticks}` }))
      await expect(lockFolder(folder.path)).rejects.toMatchObject({ code: 'journal_in_use' })
    } finally {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
    }
    const lock = await lockFolder(folder.path)
    lock.release()
    expect(existsSync(join(folder.path, 'lock'))).toBe(false)
  })

  test('takes over when the id of the owner went to another process', async () => {
    writeLock(JSON.stringify({ pid: process.pid, start: 'another boot/1' }))
    const lock = await lockFolder(folder.path)
    expect(JSON.parse(readFileSync(join(folder.path, 'lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    })
    lock.release()
  })

  test.each(['', '{', 'null', '{"pid":"1"}', '{"pid":-1}', '\0\0\0'])(
    'takes over a lock that says %j',
    async (text) => {
      writeLock(text)
      writeFileSync(join(folder.path, 'lock.takeover'), text)
      const lock = await lockFolder(folder.path)
      lock.release()
      expect(readdirSync(folder.path)).toEqual([])
    },
  )

  test('gives it to one of many that try at once', async () => {
    writeLock('{"pid":0}')
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => lockFolder(folder.path)),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('openJournal()', () => {
  test('says what to do when the folder cannot be used', async () => {
    const path = join(folder.path, 'file')
    writeFileSync(path, '')
    await expect(folder.open({ folder: path })).rejects.toMatchObject({
      code: 'journal_unusable',
      message: expect.stringContaining('choose another data folder'),
    })
    mkdirSync(join(folder.path, 'journal'))
    await expect(folder.open({ folder: join(path, 'below') })).rejects.toMatchObject({
      code: 'journal_unusable',
    })
  })
})
