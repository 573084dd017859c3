// Goal: every way in which tools replace files is noticed, and none half done.
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWhole, watchFiles, type WatchedFiles } from '@wayward/collector/access/watched-files'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeTime, type FakeTime } from '../../harness/fake-time.ts'

let folder = ''
let watched: WatchedFiles | undefined
let time: FakeTime = createFakeTime()
const changes: string[] = []
const errors: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wayward-watch-'))
  time = createFakeTime()
  changes.length = 0
  errors.length = 0
})
afterEach(() => {
  watched?.stop()
  rmSync(folder, { recursive: true })
})

function watch(...names: string[]): void {
  const paths = names.map((name) => join(folder, name))
  watched = watchFiles({
    paths,
    contents: paths.map((path) => readWhole(path)),
    onChange: (contents) => changes.push(contents.join('|')),
    onUnreadable: (error) => errors.push(error.message),
    lookIntervalMs: 20,
    time,
  })
}

test('a file that is written in place, or replaced', async () => {
  const path = join(folder, 'a')
  writeFileSync(path, 'one')
  watch('a')
  writeFileSync(path, 'two')
  await time.pass(40)
  expect(changes).toEqual(['two'])
  writeFileSync(`${path}.new`, 'three')
  renameSync(`${path}.new`, path)
  await time.pass(40)
  expect(changes).toEqual(['two', 'three'])
  await time.pass(100)
  expect(changes).toHaveLength(2)
})

test('a Kubernetes secret, whose folder is a link that is swapped', async () => {
  const put = (version: string): void => {
    mkdirSync(join(folder, version))
    for (const name of ['cert', 'key'])
      writeFileSync(join(folder, version, name), `${name} ${version}`)
    symlinkSync(version, join(folder, '..data.new'))
    renameSync(join(folder, '..data.new'), join(folder, '..data'))
  }
  put('1')
  for (const name of ['cert', 'key']) symlinkSync(`..data/${name}`, join(folder, name))
  watch('cert', 'key')
  put('2')
  await time.pass(40)
  expect(changes).toEqual(['cert 2|key 2'])
})

test('a file that is away for a while is told once, and nothing changes until it is back', async () => {
  const path = join(folder, 'a')
  writeFileSync(path, 'one')
  watch('a')
  unlinkSync(path)
  await time.pass(40)
  expect(errors.length).toBe(1)
  await time.pass(100)
  writeFileSync(path, 'two')
  await time.pass(40)
  expect(changes).toEqual(['two'])
  expect(errors).toHaveLength(1)
})

test('a change is taken when it has come to rest', async () => {
  const path = join(folder, 'a')
  writeFileSync(path, '')
  watch('a')
  for (let part = 0; part < 30; part++) {
    writeFileSync(path, String(part), { flag: 'a' })
    await time.pass(10)
  }
  await time.pass(40)
  expect(changes.at(-1)).toBe(Array.from({ length: 30 }, (_, n) => n).join(''))
  expect(changes.length).toBeLessThan(10)
})

test('readWhole() refuses folders, pipes and large files, and does not wait for a pipe', () => {
  expect(() => readWhole(folder)).toThrow('is not a plain file')
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  expect(() => readWhole(pipe)).toThrow('is not a plain file')
  const large = join(folder, 'large')
  writeFileSync(large, Buffer.alloc(2 ** 20 + 1))
  expect(() => readWhole(large)).toThrow('has 1048577 bytes; at most 1048576 are read')
})
