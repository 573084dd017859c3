// Goal: the example's progress is seen while it runs and stays when it is killed. Method: the
// example as a process.
import { readStatsFile } from '@wayward/mmstats'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'mmstats-progress-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const main = fileURLToPath(new URL('../../examples/progress/dist/main.js', import.meta.url))

function start(parts: number): {
  readonly path: Promise<string>
  readonly child: ReturnType<typeof spawn>
} {
  const env = { ...process.env, MMSTATS_PATH: folder }
  const child = spawn(process.execPath, [main, String(parts)], { env })
  const path = new Promise<string>((resolve) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
  })
  return { child, path }
}

function files(path: string): unknown {
  return readStatsFile(path).stats.find(({ label }) => label === 'copy.files')?.value
}

test('the example is seen from outside, also when it was killed, and cleans up at its end', async () => {
  const long = start(10_000)
  const path = await long.path
  await expect.poll(() => files(path), { timeout: 10_000 }).toBeGreaterThan(3)
  long.child.kill('SIGKILL')
  await new Promise((resolve) => long.child.once('exit', resolve))
  const last = files(path)
  expect(last).toBeGreaterThan(3n)
  expect(files(path)).toBe(last)
  const short = start(2)
  const second = await short.path
  await new Promise((resolve) => short.child.once('exit', resolve))
  expect(existsSync(second)).toBe(false)
})

test('each worker thread has a file of its own, that says its own thread', async () => {
  const door = new URL('../../mmstats/dist/index.js', import.meta.url).href
  const source = `
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(door)}).then(({ createStats, counter }) => {
      const stats = createStats({ hits: counter() }, { path: ${JSON.stringify(folder)} })
      stats.hits.increment()
      parentPort.postMessage(stats.filename)
      parentPort.once('message', () => process.exit(0))
    })`
  const workers = [1, 2].map(() => new Worker(source, { eval: true }))
  const paths = await Promise.all(
    workers.map((worker) => new Promise<string>((resolve) => worker.once('message', resolve))),
  )
  const tids = paths.map(
    (path) => readStatsFile(path).stats.find(({ label }) => label === 'sys.tid')?.value,
  )
  expect(new Set(paths).size).toBe(2)
  expect(new Set(tids).size).toBe(2)
  paths.forEach((path, index) => expect(path).toContain(`-${String(tids[index])}.mmstats`))
  await Promise.all(workers.map((worker) => worker.terminate()))
})
