// Goal: a file that is bad in any way is told with a clear error, and the files beside it are read;
// no file stops, fills or steers who reads it. Method: bad files beside a good one, under the tool
// that prints all; and a process that cuts, grows, replaces and removes a file while it is read.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  bool,
  counter,
  createStats,
  openStatsReader,
  readStats,
  readStatsFile,
  StatsFileError,
  string,
  uint,
} from '@wayward/mmstats'
import { runTool } from '@wayward/mmstats/tools/command-line'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-bad-'))
  chmodSync(folder, 0o755)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const door = fileURLToPath(new URL('../../../mmstats/dist/index.js', import.meta.url))

async function slurp(
  ...files: readonly string[]
): Promise<{ text: string; errors: string; code: number }> {
  let text = ''
  let errors = ''
  const terminal = {
    write: (part: string) => {
      text += part
    },
    error: (part: string) => {
      errors += part
    },
    wait: async () => false,
  }
  const code = await runTool(terminal, { tool: 'slurp', name: 'slurp', argv: files })
  return { text, errors, code }
}

/** A record of a boolean that is true. */
function record(label: string): Buffer {
  const head = Buffer.alloc(2)
  head.writeUInt16LE(Buffer.byteLength(label))
  return Buffer.concat([head, Buffer.from(label), Buffer.of(1, 0, 0x3f, 255, 1)])
}

const one = Buffer.of(1)
const zeros = Buffer.alloc(64)

const bad: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['empty', Buffer.alloc(0), /the file is empty/],
  ['foreign', Buffer.from('#!/bin/sh\n'), /got 0x23, wanted version byte/],
  ['cut in a label', Buffer.concat([one, Buffer.of(9, 0, 0x61)]), /cut at byte 1: the label/],
  ['cut in a value', Buffer.concat([one, record('ok').subarray(0, 8)]), /cut at byte 9: the val/],
  [
    'of an unknown type',
    Buffer.concat([one, Buffer.of(1, 0, 0x61, 1, 0, 0x7a, 255, 1), zeros]),
    /Unknown type at byte 4: got "z"/,
  ],
  [
    'of a type without end',
    Buffer.concat([one, Buffer.of(1, 0, 0x61, 0xff, 0xff), Buffer.alloc(70_000, 0x31)]),
    /Unknown type at byte 4: got "1111/,
  ],
  [
    'with a label twice',
    Buffer.concat([one, record('a'), record('a'), zeros]),
    /"a" stands .* twi/,
  ],
  [
    'with a write buffer of 7',
    Buffer.concat([one, Buffer.of(1, 0, 0x61, 1, 0, 0x51, 7), zeros]),
    /got write buffer 7, wanted 0, 1 or 255/,
  ],
  [
    'of version 2 with an array beyond the record',
    Buffer.concat([
      Buffer.of(2, 13, 0, 0, 0, 1, 0, 0x61, 21, 0, 0, 0, 5, 0, 0xff, 0xff, 1, 2),
      zeros,
    ]),
    /its value is longer than the record/,
  ],
]

describe('a bad file', () => {
  test.each(bad)('%s is told, and the file beside it is read', async (_, bytes, problem) => {
    writeFileSync(join(folder, 'a'), bytes)
    writeFileSync(join(folder, 'b'), Buffer.concat([one, record('good'), zeros]))
    const { text, errors, code } = await slurp(join(folder, '*'))
    expect(text).toContain(`==> ${join(folder, 'b')}\n  good True\n`)
    expect(errors).toMatch(problem)
    expect(errors).toContain(`Error reading: ${join(folder, 'a')}\n`)
    expect(code).toBe(1)
  })

  test.each([255, 256, 512, 65_535])('with a label of %i bytes is a good one', (length) => {
    const label = 'y'.repeat(length)
    const stats = createStats({ a: bool({ label, initial: true }) }, { path: folder })
    const found = readStatsFile(stats.filename).stats.find((stat) => stat.label === label)
    expect(found?.value).toBe(true)
  })

  test('with a label of no bytes ends there', () => {
    const bytes = Buffer.concat([one, record('a'), record(''), record('b')])
    expect(readStats(bytes)).toMatchObject({ stats: [{ label: 'a' }], problem: undefined })
  })

  test('that is no file is not waited for', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    mkdirSync(join(folder, 'folder'))
    symlinkSync('/dev/zero', join(folder, 'zero'))
    symlinkSync(join(folder, 'none'), join(folder, 'broken'))
    symlinkSync(join(folder, 'round'), join(folder, 'round'))
    const { errors } = await slurp(join(folder, '*'))
    expect(errors).toMatch(/pipe": it is not a file/)
    expect(errors).toMatch(/folder": it is not a file/)
    expect(errors).toMatch(/zero": it is not a file/)
    expect(errors).toMatch(/broken": ENOENT/)
    expect(errors).toMatch(/round": ELOOP/)
    // A pipe in the place of a file to be made is not waited for either.
    const stats = createStats({ a: counter() }, { path: folder, filename: 'pipe' })
    expect(readStatsFile(stats.filename).problem).toBeUndefined()
  })

  test('that leads out of the folder of a pattern is refused, one that is named is not', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'mmstats-outside-'))
    writeFileSync(join(outside, 'secret'), Buffer.concat([one, record('secret')]))
    writeFileSync(join(folder, 'inner'), Buffer.concat([one, record('inner')]))
    symlinkSync(join(outside, 'secret'), join(folder, 'link'))
    symlinkSync(outside, join(folder, 'way'))
    symlinkSync(join(folder, 'inner'), join(folder, 'alias'))
    const { text, errors } = await slurp(join(folder, '*'), join(folder, '*/secret'))
    expect(errors).toMatch(/link": it is a link out of ".*"; wanted a file in that folder/)
    expect(errors).toMatch(/way\/secret": it is a link out of/)
    expect(text).not.toContain('  secret')
    expect(text.match(/ {2}inner True/g)).toHaveLength(2)
    expect((await slurp(join(folder, 'link'))).text).toContain('  secret True')
    rmSync(outside, { recursive: true })
  })

  test('that is large, or has fields without end, costs a bounded amount of memory', () => {
    const path = join(folder, 'large')
    writeFileSync(path, one)
    truncateSync(path, 2 ** 40)
    expect(() => readStatsFile(path)).toThrow(/has 1099511627776 bytes, wanted at most 67108864/)
    const label = (index: number): string => String(index).padStart(6, '0')
    const many = Array.from({ length: 3000 }, (_, index) => record(label(index)))
    writeFileSync(path, Buffer.concat([one, ...many]))
    const { stats, problem } = readStatsFile(path, { fieldsMax: 1000 })
    expect([stats.length, problem]).toEqual([
      1000,
      'The file has more than 1000 fields; the rest is left out',
    ])
    expect(readStatsFile(path).stats).toHaveLength(3000)
  })

  test('cannot steer the terminal by its name, its labels or its texts', async () => {
    const escape = '\u{1b}[2J'
    const fields = { [`a${escape}\n`]: string({ size: 40 }) }
    const stats = createStats(fields, { path: folder, filename: `f${escape}`, defaults: false })
    for (const field of Object.values(fields)) field.value = `x\r${escape}\u{202e}y\u{9b}z`
    const { text } = await slurp(join(folder, '*'))
    expect(text).toBe(
      `==> ${folder}/f\\x1b[2J\n  a\\x1b[2J\\x0a x\\x0d\\x1b[2J\\u{202e}y\\x9bz\n\n`,
    )
    stats.remove()
  })

  test('with a number that looks like the guard of a record does not hold up its reader', () => {
    // An application's own field of that name, which is odd for ever.
    const fields = { job: { sequence: uint(), a: counter(), b: counter() } }
    const stats = createStats(fields, { path: folder, filename: 'f' })
    stats.job.sequence.value = 7
    stats.job.a.increment(3)
    const values = readStatsFile(stats.filename).stats.map(({ label, value }) => [label, value])
    expect(values).toContainEqual(['job.a', 3n])
    expect(values).toContainEqual(['job.sequence', 7])
  })
})

describe('a file in change', () => {
  test('never throws anything but its own error, whatever another process does to it', async () => {
    const path = join(folder, 'changing')
    const script = `
      import { ftruncateSync, openSync, closeSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
      const path = ${JSON.stringify(path)}
      const label = (n) => Uint8Array.of(1, 0, 97 + n % 26, 1, 0, 63, 255, 1)
      console.log('ready')
      for (let n = 0; ; n++) {
        writeFileSync(path, Uint8Array.of(1))
        const file = openSync(path, 'r+')
        for (let k = 0; k < 20; k++) writeSync(file, label(k), 0, 8, 1 + 8 * k)
        ftruncateSync(file, n % 170)
        ftruncateSync(file, 4096)
        closeSync(file)
        writeFileSync(path + '.new', Uint8Array.of(n % 3, ...label(n), 0, 0))
        renameSync(path + '.new', path)
        if (n % 5 === 0) rmSync(path)
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const reader = openStatsReader(path)
    const seen = { whole: 0, problem: 0, error: 0 }
    const end = performance.now() + 1500
    while (performance.now() < end) {
      try {
        const { stats, problem } = reader.read()
        seen[problem === undefined ? 'whole' : 'problem']++
        expect(stats.length).toBeLessThanOrEqual(20)
        for (const { value } of stats) expect(value).toBeTypeOf('boolean')
      } catch (error) {
        if (!(error instanceof StatsFileError)) throw error
        expect(error.message).toMatch(/^Cannot read the stats file .*ENOENT/)
        seen.error++
      }
    }
    child.kill('SIGKILL')
    reader.close()
    expect(Object.values(seen).every((count) => count > 0)).toBe(true)
  })
})

describe('a file that cannot be made', () => {
  /** Runs as a user without rights where we are root, who has all. */
  function create(path: string, settings = '{}'): string {
    const script = `
      const { createStats, counter } = await import(${JSON.stringify(door)})
      try {
        const stats = createStats({ a: counter() }, { path: ${JSON.stringify(path)}, ...${settings} })
        console.log('made', stats.filename)
      } catch (error) {
        console.log(error.name, error.code, error.message)
      }`
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const args = ['--input-type=module', '-e', script]
    const options = { encoding: 'utf8', cwd: '/', ...user } as const
    const { stdout, stderr } = spawnSync(process.execPath, args, options)
    return stdout + stderr
  }

  test('says that the folder may not be written to, or read', async () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o555 })
    expect(create(closed)).toMatch(
      /^StatsFileError EACCES Cannot create the stats file ".*": EACCES.*wanted a folder with room/,
    )
    expect(create(join(closed, 'deeper'))).toMatch(/^StatsFileError EACCES/)
    writeFileSync(join(folder, 'file'), '')
    expect(create(join(folder, 'file'))).toMatch(/^StatsFileError (EEXIST|ENOTDIR|EACCES)/)
  })

  test('leaves a file of another user alone in a folder for all', () => {
    const shared = join(folder, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o1777)
    const path = join(shared, 'taken')
    writeFileSync(path, 'not yours')
    if (process.getuid?.() !== 0)
      return expect(create(shared, "{ filename: 'taken' }")).toMatch(/made/)
    expect(create(shared, "{ filename: 'taken' }")).toMatch(/^StatsFileError EPERM/)
    linkSync(path, join(shared, 'still'))
    expect(readStatsFile(join(shared, 'still')).problem).toMatch(/got 0x6e/)
  })

  test('says that the disk is full, and leaves nothing', (context) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', disk])
    if (mounted.status !== 0) context.skip('a small disk takes root')
    try {
      chmodSync(disk, 0o777)
      expect(create(disk, "{ extraSpace: 100_000, filename: 'full' }")).toMatch(
        /^StatsFileError ENOSPC Cannot create the stats file ".*ENOSPC: no space left.*with room/,
      )
      expect(create(disk, "{ filename: 'fits' }")).toMatch(/^made/)
      expect(execFileSync('ls', ['-A', disk], { encoding: 'utf8' })).toBe('fits\n')
    } finally {
      execFileSync('umount', [disk])
    }
  })
})
