// Goal: threads and processes that start together with one name each get a file of their own.
// Method: workers that are let go at once, in an empty folder and beside a file that was left; a
// second process; locks that were left by processes that have died.
import { counter, createStats, readStatsFile } from '@wayward/mmstats'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-lock-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const door = new URL('../../../mmstats/dist/index.js', import.meta.url).href

const worker = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(${JSON.stringify(door)}).then(({ createStats, counter }) => {
    parentPort.postMessage('ready')
    Atomics.wait(workerData.gate, 0, 0)
    const settings = { path: workerData.folder, filename: 'app.mmstats' }
    const stats = createStats({ a: counter() }, settings)
    stats.a.increment(workerData.index)
    parentPort.postMessage(stats.filename)
    setInterval(() => stats, 1000)
  })`

function message(thread: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
  })
}

async function startTogether(count: number): Promise<unknown[]> {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const threads = Array.from(
    { length: count },
    (_, index) => new Worker(worker, { eval: true, workerData: { gate, folder, index } }),
  )
  await Promise.all(threads.map(message))
  const names = threads.map(message)
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  const given = await Promise.all(names)
  const read = given.map((name) => {
    const { stats } = readStatsFile(String(name))
    return new Map(stats.map(({ label, value }) => [label, Number(value)]))
  })
  // Each says its own thread, though all of them made the same fields.
  expect(new Set(read.map((file) => file.get('sys.tid'))).size).toBe(count)
  expect(new Set(read.map((file) => file.get('sys.pid')))).toEqual(new Set([process.pid]))
  const values = read.map((file) => file.get('a'))
  await Promise.all(threads.map((thread) => thread.terminate()))
  return values
}

test.each([
  ['an empty folder', ''],
  ['a folder with a file that was left', 'left by another'],
])('threads that start together in %s each have their file', async (_, left) => {
  if (left !== '') writeFileSync(join(folder, 'app.mmstats'), left)
  expect(await startTogether(4)).toEqual([0, 1, 2, 3])
  expect(readdirSync(folder).toSorted()).toEqual([
    'app-2.mmstats',
    'app-3.mmstats',
    'app-4.mmstats',
    'app.mmstats',
  ])
})

test('the file of a process that lives is left alone, that of a dead one is replaced', async () => {
  const script = `
    const { createStats, counter } = await import(${JSON.stringify(door)})
    const settings = { path: ${JSON.stringify(folder)}, filename: 'app.mmstats' }
    console.log(createStats({ theirs: counter() }, settings).filename)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const settings = { path: folder, filename: 'app.mmstats' } as const
  const beside = createStats({ ours: counter() }, settings)
  expect(beside.filename).toBe(join(folder, 'app-2.mmstats'))
  beside.remove()
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  const instead = createStats({ ours: counter() }, settings)
  expect(instead.filename).toBe(join(folder, 'app.mmstats'))
  instead.remove()
})

test('locks that were left, or are something else, do not hold up for long', () => {
  const { pid: dead } = spawnSync(process.execPath, ['-e', ''])
  const lock = join(folder, '.app.mmstats.lock')
  const make = (): string[] => {
    createStats({ a: counter() }, { path: folder, filename: 'app.mmstats' }).remove()
    return readdirSync(folder)
  }
  writeFileSync(lock, String(dead))
  expect(make()).toEqual([])
  execFileSync('mkfifo', [lock])
  expect(make()).toEqual([])
  writeFileSync(lock, String(process.pid))
  expect(make()).toEqual([])
})
