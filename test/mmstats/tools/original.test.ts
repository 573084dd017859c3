// Goal: the original's tools read our files, ours read its files, and both print the same, also
// while both write. Method: mmstats 0.8.0 from PyPI under Python 2.7, where both can be had; the
// reason is printed where not.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  bool,
  byte,
  counter,
  createStats,
  double,
  float,
  int,
  readStatsFile,
  string,
  timer,
} from '@wayward/mmstats'
import { runTool, type ToolName } from '@wayward/mmstats/tools/command-line'
import { createMmash } from '@wayward/mmstats/tools/mmash'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'mmstats-original-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Original {
  readonly python: string
  readonly env: NodeJS.ProcessEnv
}

/** Where pyenv keeps its Pythons, and what is on the path. */
function pythons(): string[] {
  const root = process.env['PYENV_ROOT'] ?? join(process.env['HOME'] ?? '', '.pyenv')
  const versions = join(root, 'versions')
  const kept = existsSync(versions)
    ? readdirSync(versions)
        .filter((name) => name.startsWith('2.7'))
        .map((name) => join(versions, name, 'bin', 'python2.7'))
    : []
  return [...kept, 'python2.7', 'python2']
}

function findOriginal(): Original | string {
  const python = pythons().find((name) => {
    try {
      return execFileSync(name, ['-V'], { stdio: 'pipe' }) !== undefined
    } catch {
      return false
    }
  })
  if (python === undefined) return 'there is no Python 2.7'
  const target = join(folder, 'packages')
  try {
    const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--no-deps', '-q']
    execFileSync(python, [...pip, '--target', target, 'mmstats==0.8.0'], {
      stdio: 'pipe',
      timeout: 60_000,
    })
  } catch (error) {
    return `mmstats 0.8.0 cannot be installed: ${error instanceof Error ? error.message : ''}`
  }
  const env = {
    ...process.env,
    PYTHONPATH: target,
    PYTHONIOENCODING: 'utf-8',
    MMSTATS_PATH: join(folder, 'mmash'),
  }
  return { python, env }
}

/** What mmash stands on, in the last version for Python 2.7. @returns whether it is there */
function installFlask({ python, env }: Original): boolean {
  const target = env['PYTHONPATH'] ?? ''
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '-q', '--target', target]
  const { status } = spawnSync(python, [...pip, 'flask==1.1.4'], { timeout: 120_000 })
  return status === 0
}

const original = findOriginal()
if (typeof original === 'string') console.log(`mmstats 0.8.0 is not compared: ${original}`)

async function python(args: readonly string[]): Promise<string> {
  if (typeof original === 'string') throw new Error(original)
  const options = { env: original.env, encoding: 'utf8' as const }
  return (await promisify(execFile)(original.python, args, options)).stdout
}

async function ours(tool: ToolName, argv: readonly string[]): Promise<string> {
  let text = ''
  const terminal = {
    write: (part: string) => {
      text += part
    },
    error: (part: string) => {
      throw new Error(part)
    },
    wait: async () => true,
  }
  await runTool(terminal, { tool, name: tool, argv })
  return text
}

/** pollstats asks for its own version, for which its dependency Flask would have to be there. */
const pollstats = `
import sys, types
packages = types.ModuleType('pkg_resources')
packages.require = lambda name: [type('D', (), {'version': '0.8.0'})]
sys.modules['pkg_resources'] = packages
from mmstats import pollstats
pollstats.main()
`

/** Asks mmash for each of the paths, without a socket. */
const mmash = `
import json, sys
from mmstats import mmash
client = mmash.app.test_client()
for path in json.loads(sys.argv[1]):
    answer = client.get(path)
    print json.dumps([answer.status_code, answer.data.decode('utf-8'), answer.headers.get('Location')])
`

const writer = `
import sys, time
import mmstats
class S(mmstats.MmStats):
    ok = mmstats.CounterField(label='hits')
    big = mmstats.DoubleField()
    up = mmstats.BoolField(initial=True)
    state = mmstats.StringField(size=12)
    t = mmstats.TimerField()
    small = mmstats.ShortField()
s = S(path=sys.argv[1], filename='theirs.mmstats', label_prefix='their.')
s.big = 1.25e16
s.state = u'gr\\u00fc\\u00dfe'
s.small = -7
for i in range(5):
    s.ok.incr()
print s.filename
sys.stdout.flush()
end = time.time() + float(sys.argv[2])
while time.time() < end:
    s.ok.incr()
`

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

/** An answer's JSON, its lists in order; whole numbers of 64 bits as they are written, no means. */
function ordered(body: string, path: string): unknown {
  const exact = path.includes('avg')
    ? body
    : body.replaceAll(/(?<=[[,:\s])(\d{16,})(?=[\],}\s])/g, '"$1"')
  return JSON.parse(exact, (_, value: unknown) =>
    Array.isArray(value) ? value.toSorted(byText) : value,
  )
}

describe.skipIf(typeof original === 'string')('beside mmstats 0.8.0', () => {
  const script = join(folder, 'writer.py')
  writeFileSync(script, writer)

  test('its slurpstats prints our files as ours does', async () => {
    const fields = {
      ok: counter(),
      working: bool({ initial: true }),
      time: timer(),
      last: string({ size: 16 }),
      tiny: byte(),
      signed: int(),
      ...Object.fromEntries(
        [1.5e20, -0.00001234, 3, 1e11, 123456789012.34, 1e-4, 0, 0.1, -1e12, 2 / 3].map(
          (_, index) => [`double${index}`, double()],
        ),
      ),
      half: float(),
    }
    const stats = createStats(fields, { path: folder, filename: 'ours.mmstats', prefix: 'our.' })
    stats.ok.increment(15)
    stats.time.add(0.1001234567891)
    stats.last.value = 'req-4 ü'
    stats.tiny.value = -3
    stats.signed.value = -70_000
    stats.half.value = 0.3
    const later: readonly number[] = [1.5e20, -0.00001234, 3, 1e11, 123456789012.34, 1e-4, 0, 0.1]
    later.forEach((value, index) => {
      const field: unknown = Reflect.get(stats, `double${index}`)
      Object.assign(field as object, { value })
    })
    const theirs = await python(['-m', 'mmstats.slurpstats', stats.filename])
    expect(await ours('slurp', [stats.filename])).toBe(theirs)
    expect(theirs).toContain('our.ok')
    const polled = await python([
      '-c',
      pollstats,
      '-c',
      '1',
      '-p',
      'our.',
      'ok,working',
      stats.filename,
    ])
    expect(await ours('poll', ['-c', '1', '-p', 'our.', 'ok,working', stats.filename])).toBe(polled)
    const cleaned = await python(['-m', 'mmstats.clean', stats.filename]).catch(() => '')
    if (cleaned !== '') expect(await ours('clean', [stats.filename])).toBe(cleaned)
    stats.remove()
  })

  test('its files are printed alike by both, dead ones are removed with the same words', async () => {
    const path = (await python([script, folder, '0'])).trim()
    const theirs = await python(['-m', 'mmstats.slurpstats', path])
    expect(await ours('slurp', [path])).toBe(theirs)
    const values = Object.fromEntries(
      readStatsFile(path).stats.map((one) => [one.label, one.value]),
    )
    expect(values).toMatchObject({ 'their.hits': 5n, 'their.state': 'grüße', 'their.small': -7 })
    expect(await ours('clean', [path])).toMatch(
      /^PID \d+ not found\. Deleting .*theirs\.mmstats\nRemoved 1 {2}- {2}0 alive\n$/,
    )
  })

  test('mmash answers as its mmash does, route by route', async (context) => {
    if (typeof original === 'string' || !installFlask(original)) {
      context.skip('Flask for Python 2.7 cannot be installed')
      return
    }
    const home = join(folder, 'mmash')
    mkdirSync(join(home, 'inner'), { recursive: true })
    for (const [filename, ok] of [
      ['a.mmstats', 3],
      ['b.mmstats', 5],
      ['c.mmstats', 0],
      ['inner/d.mmstats', 100],
    ] as const) {
      const fields = {
        ok: counter(),
        okay: double(),
        big: counter(),
        up: bool({ initial: ok > 3 }),
        state: string({ size: 8 }),
        zero: int(),
      }
      const stats = createStats(fields, { path: home, filename, prefix: 'web.', defaults: false })
      stats.ok.increment(ok)
      stats.okay.value = ok / 8
      stats.big.value = 2n ** 60n + BigInt(ok)
      stats.state.value = `s${ok} ü`
    }
    writeFileSync(join(home, 'bad.mmstats'), 'nonsense')
    const names = ['ok', 'okay', 'big', 'up', 'state', 'zero']
    const aggregators = 'avg max min sum nonzero-min nonzero-avg what'.split(' ')
    const paths = [
      '/stats/',
      '/files/',
      '/files/a*',
      '/files/[ab].mmstats',
      '/files/[!a]*',
      '/files/..',
      '/files/none*',
      '/nothing',
      '/stats/none',
      '/stats/web.',
      '/stats/web.o',
      '/stats/web.ok?glob=b*',
      '/stats/web.ok?glob=inner/*',
      '/stats/web.ok?glob=../*',
      '/stats/web.okay?exact=1',
      '/stats/web.ok?glob=a*&aggr=one',
      '/stats',
      '/files',
      '/graph',
      ...names.flatMap((name) => aggregators.map((aggr) => `/stats/web.${name}?aggr=${aggr}`)),
    ]
    const said = await python(['-c', mmash, JSON.stringify(paths)])
    const theirs = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [number, string, string | null])
    const answer = createMmash({ folder: home })
    expect(theirs).toHaveLength(paths.length)
    for (const [index, path] of paths.entries()) {
      const [status, data, location] = theirs[index] ?? [0, '', null]
      const own = answer(path)
      expect([path, own.status]).toEqual([path, status])
      if (status === 308) expect(location).toMatch(new RegExp(`${own.location}$`))
      // Files come in no order from the original.
      else if (status === 200)
        expect([path, ordered(own.body, path)]).toEqual([path, ordered(data, path)])
    }
    const pages = ['/', '/graph/'].map((path) => answer(path).body)
    const theirPages = (await python(['-c', mmash, JSON.stringify(['/', '/graph/'])])).trim()
    for (const [index, line] of theirPages.split('\n').entries()) {
      const [status, html] = JSON.parse(line) as [number, string]
      expect(status).toBe(200)
      for (const label of names.map((name) => `web.${name}`)) {
        expect(html).toContain(label)
        expect(pages[index]).toContain(label)
      }
    }
  }, 180_000)

  test('slurpstats of both agree on a file that both of them write beside', async () => {
    if (typeof original === 'string') return
    const child = spawn(original.python, [script, folder, '30'], { env: original.env })
    const path = await new Promise<string>((resolve) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
    })
    const stats = createStats(
      { ok: counter(), level: double(), state: string({ size: 12 }) },
      { path: folder, filename: 'beside.mmstats', prefix: 'our.' },
    )
    const writing = setInterval(() => {
      for (let count = 0; count < 1000; count++) stats.ok.increment()
    }, 1)
    const settled = (text: string): string =>
      text.replaceAll(/^( {2}(their\.hits|our\.ok) +)\d+$/gm, '$1N')
    for (const file of [path, stats.filename]) {
      const before = await ours('slurp', [file])
      const theirs = await python(['-m', 'mmstats.slurpstats', file])
      const after = await ours('slurp', [file])
      expect(settled(before)).toBe(settled(theirs))
      const counts = [before, theirs, after].map((text) =>
        Number(/(?:their\.hits|our\.ok) +(\d+)/.exec(text)?.[1]),
      )
      // What is read later is not less.
      expect(counts.toSorted((a, b) => a - b)).toEqual(counts)
      expect(new Set(counts).size).toBeGreaterThan(1)
    }
    clearInterval(writing)
    child.kill()
    stats.remove()
  }, 60_000)

  test('both read the other while both write', async () => {
    if (typeof original === 'string') return
    const child = spawn(original.python, [script, folder, '3'], { env: original.env })
    const path = await new Promise<string>((resolve) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
    })
    const stats = createStats({ ok: counter() }, { path: folder, filename: 'both.mmstats' })
    const writing = setInterval(() => {
      for (let index = 0; index < 1000; index++) stats.ok.increment()
    }, 1)
    let last = 0n
    for (let round = 0; round < 50; round++) {
      const now = readStatsFile(path).stats.find(({ label }) => label === 'their.hits')?.value
      expect(typeof now).toBe('bigint')
      expect(BigInt(Number(now))).toBeGreaterThanOrEqual(last)
      last = BigInt(Number(now))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const seen = await python(['-m', 'mmstats.slurpstats', stats.filename])
    expect(Number(/ ok +(\d+)/.exec(seen)?.[1])).toBeGreaterThan(0)
    clearInterval(writing)
    child.kill()
    stats.remove()
    expect(last).toBeGreaterThan(5n)
  }, 20_000)
})
