// Goal: where memory cannot be mapped, values are written, the file is the same, and it is said
// why. Method: the built package in a folder without koffi, and with one that refuses.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-backing-'))
  cpSync(fileURLToPath(new URL('../../../mmstats/dist', import.meta.url)), join(folder, 'dist'), {
    recursive: true,
  })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a program beside the package. */
function run(settings: string): unknown {
  const script = `
    import { createStats, counter, readStatsFile } from './dist/index.js'
    try {
      const stats = createStats({ a: counter() }, { path: '.', filename: 'f', ${settings} })
      stats.a.increment(3)
      const { backing, backingReason, failedWrites } = stats
      const { value } = readStatsFile('f').stats.find(({ label }) => label === 'a')
      stats.flush()
      stats.flush(true)
      console.log(JSON.stringify([backing, backingReason, String(value), failedWrites]))
    } catch (error) {
      console.log(JSON.stringify(error.message))
    }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

function installKoffi(source: string): void {
  const home = join(folder, 'node_modules', 'koffi')
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'index.cjs'), source)
  writeFileSync(join(home, 'package.json'), '{"main":"index.cjs"}')
}

test('without koffi each update is written', () => {
  expect(run('')).toEqual(['written', expect.stringMatching(/Cannot find module 'koffi'/), '3', 0])
  expect(run("backing: 'mapped'")).toMatch(
    /^Cannot map "f": Cannot find module 'koffi'; wanted the package koffi and a system with mmap/,
  )
})

test('where memory from outside is refused, as in Electron, each update is written', () => {
  // mmap succeeds; the engine does not take the memory.
  installKoffi(`
    module.exports = {
      load: () => ({ func: () => () => 4096n }),
      view: () => { throw new Error('External buffers are not allowed') },
    }`)
  expect(run('')).toEqual(['written', 'External buffers are not allowed', '3', 0])
})

test('where the system refuses to map, each update is written', () => {
  installKoffi('module.exports = { load: () => ({ func: () => () => 2n ** 64n - 1n }) }')
  expect(run('')).toEqual(['written', 'the system refused to map the file', '3', 0])
})
