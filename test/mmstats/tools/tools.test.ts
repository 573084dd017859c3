// Goal: the tools print what the original prints where it is right, and what it should where it
// is not. Method: files in a temporary folder, output as text.
import { spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bool,
  counter,
  createStats,
  double,
  type MmStats,
  staticDouble,
  staticUint,
  string,
} from '@wayward/mmstats'
import { runTool, type ToolName } from '@wayward/mmstats/tools/command-line'
import { createMmash } from '@wayward/mmstats/tools/mmash'
import { startMmash } from '@wayward/mmstats/tools/mmash-server'
import { processStart, processState } from '@wayward/mmstats/tools/process-state'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-tools-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number
  readonly text: string
  readonly errors: string
}

async function run(
  tool: ToolName,
  argv: readonly string[],
  onWait: (turn: number) => boolean = () => true,
): Promise<Ran> {
  let text = ''
  let errors = ''
  let turn = 0
  const terminal = {
    write: (part: string) => {
      text += part
    },
    error: (part: string) => {
      errors += part
    },
    wait: async () => onWait(turn++),
  }
  const code = await runTool(terminal, { tool, name: tool, argv })
  return { code, text, errors }
}

function model(
  filename: string,
  ok: number,
  prefix = 'web.',
): MmStats & { ok: ReturnType<typeof counter> } {
  const fields = { ok: counter(), seconds: double(), state: string({ size: 8 }) }
  const stats = createStats(fields, { path: folder, filename, prefix, defaults: false })
  stats.ok.increment(ok)
  stats.seconds.value = 0.25
  stats.state.value = 'idle'
  return stats
}

describe('mmash', () => {
  test('says what is wrong with its port and its folder', async () => {
    const first = await startMmash({ port: 0, folder })
    const { port } = new URL(first.url)
    expect(await run('mmash', ['--port', port])).toMatchObject({
      code: 2,
      errors: expect.stringContaining(`The port ${port} is in use; wanted another`) as string,
    })
    await first.close()
    const missing = join(folder, 'nowhere')
    expect(await run('mmash', ['--port', '0', '--folder', missing])).toMatchObject({
      code: 2,
      errors: expect.stringContaining(`The folder is "${missing}"`) as string,
    })
  })
})

describe('slurp', () => {
  test('prints each file, as text and as JSON, and goes on after a bad one', async () => {
    model('a.mmstats', 3)
    writeFileSync(join(folder, 'b.mmstats'), 'nonsense')
    model('c.mmstats', 2 ** 40)
    truncateSync(join(folder, 'c.mmstats'), 45)
    const ran = await run('slurp', [join(folder, '*.mmstats')])
    const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, `${name}.mmstats`))
    expect(ran.text).toBe(
      `==> ${a}\n  web.ok      3\n  web.seconds 0.25\n  web.state   idle\n\n` +
        `==> ${c}\n  web.ok 1099511627776\n\n`,
    )
    expect(ran.errors).toContain(`Error reading: ${b}\nNot a stats file: got 0x6e`)
    expect(ran.errors).toContain(`Error reading: ${c}\nThe file is cut at byte`)
    expect(ran.code).toBe(1)
    const json = await run('slurp', ['--json', '--label', 'web.s', a ?? ''])
    expect(JSON.parse(json.text)).toEqual({
      file: a,
      stats: { 'web.seconds': 0.25, 'web.state': 'idle' },
    })
  })

  test('says which file is missing, a folder, or too large to be one of stats', async () => {
    mkdirSync(join(folder, 'dir'))
    writeFileSync(join(folder, 'huge'), '')
    truncateSync(join(folder, 'huge'), 2 ** 27)
    const ran = await run(
      'slurp',
      ['dir', 'huge', 'none'].map((name) => join(folder, name)),
    )
    expect(ran.errors).toMatch(/dir": it is not a file/)
    expect(ran.errors).toMatch(/huge": it has 134217728 bytes, wanted at most/)
    expect(ran.errors).toMatch(/none": ENOENT/)
  })
})

describe('poll', () => {
  const bold = (text: string): string => `\u{1b}[1m${text}\u{1b}[0;0m`
  const cell = (value: number): string => `\u{1b}[1;33m${String(value).padStart(19)}\u{1b}[0;0m `

  test('sums files and prints changes under headings', async () => {
    const first = model('a.mmstats', 20)
    const second = model('b.mmstats', 4)
    const ran = await run(
      'poll',
      ['-c', '2', '-p', 'web.', 'ok,seconds', join(folder, '*')],
      () => {
        first.ok.increment(50)
        second.ok.increment(10)
        return true
      },
    )
    const heading = `${bold('         ok         ')}|${bold('      seconds       ')}`
    expect(ran.text).toBe(`${heading}\n${cell(24)}|${cell(0)}\n${cell(60)}|${cell(0)}\n`)
  })

  test('repeats headings, prints rates and JSON, and stops when asked to', async () => {
    const stats = model('a.mmstats', 1)
    const lines = await run('poll', ['-n', '2', 'web.ok', stats.filename], (turn) => turn < 4)
    expect(lines.text.split('\n').filter((line) => line.includes('web.ok'))).toHaveLength(3)
    const json = await run(
      'poll',
      ['--json', '--rate', '-d', '2', '-c', '2', 'web.ok', stats.filename],
      () => {
        stats.ok.increment(8)
        return true
      },
    )
    expect(
      json.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([{ 'web.ok': 1 }, { 'web.ok': 4 }])
  })

  test('filters by keys and by values', async () => {
    model('a.mmstats', 5)
    model('b.mmstats', 7).remove()
    const busy = model('c.mmstats', 100)
    Object.assign(Reflect.get(busy, 'state') as object, { value: 'busy' })
    model('d.mmstats', 1000, 'other.')
    const sum = async (...filters: string[]): Promise<unknown> => {
      const flags = filters.flatMap((filter) => ['-f', filter])
      const ran = await run('poll', ['--json', '-c', '1', ...flags, 'web.ok', join(folder, '*')])
      return ran.code === 0 ? JSON.parse(ran.text) : ran.errors
    }
    expect(await sum()).toEqual({ 'web.ok': 105 })
    expect(await sum('web.state=busy')).toEqual({ 'web.ok': 100 })
    expect(await sum('web.sta', 'web.ok=5')).toEqual({ 'web.ok': 5 })
    expect(await sum('nothing')).toMatch(/No file has one of the fields web\.ok/)
  })

  test('says what is wrong with its arguments', async () => {
    expect(await run('poll', ['web.ok'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('missing'),
    })
    expect((await run('poll', ['-c', 'x', 'a', 'b'])).errors).toMatch(/-c is "x"; wanted a number/)
    expect((await run('clean', ['--help'])).text).toMatch(/^Usage: clean \[--dry-run\]/)
  })
})

describe('clean', () => {
  const by = (filename: string, pid: number, created?: number): void => {
    const fields = {
      pid: staticUint({ label: 'sys.pid', value: pid }),
      ...(created === undefined
        ? {}
        : { created: staticDouble({ label: 'sys.created', value: created }) }),
    }
    createStats(fields, { path: folder, filename, defaults: false, prefix: 'app.' })
  }

  test('removes the files of dead processes and of reused pids, and keeps the others', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => child.once('exit', resolve))
    const start = processStart(process.pid) ?? 0
    by('alive', process.pid, Date.now() / 1000)
    by('dead', child.pid ?? 0)
    by('reused', process.pid, start - 1000)
    // Of that file only the bytes are left: this process has mapped another.
    const left = readFileSync(join(folder, 'reused'))
    rmSync(join(folder, 'reused'))
    writeFileSync(join(folder, 'reused'), left)
    // The clock was set after this file was made.
    by('held', process.pid, start - 1000)
    writeFileSync(join(folder, 'foreign'), 'x')
    createStats({ up: bool() }, { path: folder, filename: 'nobody', defaults: false })
    mkdirSync(join(folder, 'dir'))
    const files = [join(folder, '*')]
    const dry = await run('clean', ['--dry-run', ...files])
    expect(dry.text).toMatch(/Removed 0 {2}- {2}2 alive/)
    const { text } = await run('clean', files)
    const at = (name: string): string => join(folder, name)
    expect(text).toBe(
      `PID ${child.pid} not found. Deleting ${at('dead')}\n` +
        `Invalid file: ${at('foreign')}\n` +
        `File has no sys.pid entry: ${at('nobody')}\n` +
        `PID ${process.pid} is another process now. Deleting ${at('reused')}\n` +
        `Removed 2  -  2 alive\n`,
    )
    expect(readdirSync(folder).toSorted()).toEqual(['alive', 'dir', 'foreign', 'held', 'nobody'])
  })
})

describe('processState()', () => {
  test('takes a process for dead whose parent does not ask how it ended', async () => {
    const script = `sh -c 'echo $$; exec true' & exec sleep 60`
    const parent = spawn('sh', ['-c', script])
    const said = await new Promise((resolve) => parent.stdout.once('data', resolve))
    const writer = { pid: Number(said), created: undefined }
    await expect.poll(() => processState(writer), { timeout: 9000 }).toBe('dead')
    // The system still knows the pid.
    expect(process.kill(writer.pid, 0)).toBe(true)
    parent.kill('SIGKILL')
  })
})

describe('mmash', () => {
  function get(target: string): unknown {
    const { status, body } = createMmash({ folder })(target)
    return status === 200 ? JSON.parse(body) : status
  }

  test('answers as the original does', () => {
    const a = model('a.mmstats', 3).filename
    model('b.mmstats', 5)
    const other = model('c.mmstats', 0).filename
    writeFileSync(join(folder, 'd.mmstats'), 'nonsense')
    expect(get('/stats/')).toEqual({ stats: ['web.ok', 'web.seconds', 'web.state'] })
    expect(get('/stats/web.s')).toEqual({
      'web.seconds': [0.25, 0.25, 0.25],
      'web.state': ['idle', 'idle', 'idle'],
    })
    expect(get('/stats/web.?exact=1')).toEqual({})
    expect(get('/stats/none')).toEqual({})
    expect(get('/stats/web.ok?glob=a*')).toEqual({ 'web.ok': [3] })
    expect(get('/files/')).toMatchObject({ files: [a, join(folder, 'b.mmstats'), other] })
    expect(get('/files/a*')).toEqual({ files: [a] })
    const by = (aggr: string): unknown => get(`/stats/web.ok?aggr=${aggr}`)
    expect(
      ['avg', 'one', 'max', 'min', 'sum', 'nonzero-min', 'nonzero-avg', 'what'].map(by),
    ).toEqual([8 / 3, 3, 5, 0, 8, 3, 4, [3, 5, 0]].map((value) => ({ 'web.ok': value })))
    expect(get('/stats/web.state?aggr=sum')).toBe(400)
    expect(get('/nothing')).toBe(404)
  })

  test('stays in its folder', () => {
    const secret = mkdtempSync(join(tmpdir(), 'mmstats-secret-'))
    const stats = createStats({ key: counter() }, { path: secret, filename: 'x.mmstats' })
    symlinkSync(secret, join(folder, 'link'))
    symlinkSync(stats.filename, join(folder, 'link.mmstats'))
    expect(get('/files/..%2f*')).toBe(400)
    expect(get(`/stats/key?glob=../*`)).toBe(400)
    expect(get('/files/link%2F*')).toEqual({ files: [] })
    expect(get('/files/link*')).toEqual({ files: [] })
    rmSync(secret, { recursive: true })
  })

  test('has pages whose texts cannot be code', () => {
    const fields = { '<b>': counter(), text: string({ size: 20 }) }
    const stats = createStats(fields, { path: folder, filename: 'a.mmstats', defaults: false })
    stats.text.value = '<script>'
    const pages = ['/', '/graph/'].map((path) => createMmash({ folder })(path).body)
    expect(pages[0]).toMatch(/href="\/graph\/">View with plots and polling/)
    expect(pages[0]).toContain('href="/stats/%3Cb%3E">&lt;b&gt;')
    expect(pages[1]).toContain('<dt>text</dt><dd>&lt;script&gt;</dd>')
    expect(pages[1]).toContain('<section data-label="&lt;b&gt;">')
  })

  test('serves on loopback, to no page of another site', async () => {
    model('a.mmstats', 3)
    const server = await startMmash({ folder, port: 0 })
    const ok = await fetch(`${server.url}stats/web.ok`)
    expect([ok.headers.get('content-type'), await ok.json()]).toEqual([
      'application/json',
      { 'web.ok': [3] },
    ])
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(405)
    const { request } = await import('node:http')
    const status = await new Promise((resolve) => {
      request(server.url, { headers: { host: 'evil.example' } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      }).end()
    })
    expect(status).toBe(403)
    await server.close()
  })
})
