// `wayward query`, `analyze` and `sessions` on a running service: formats, errors and exit codes.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
const dataDir = join(folder.path, '.wayward')
let service: RunningService

beforeAll(async () => {
  service = await startService(dataDir)
})
afterAll(async () => {
  try {
    await service.stop()
  } finally {
    folder.remove()
  }
})

/**
 * In the folder whose `.wayward` the service has: found through endpoints.json, without any flag.
 */
const run = (...args: string[]) => runWayward(args, { cwd: folder.path })

describe('query', () => {
  test('shows a table with numbers on the right', async () => {
    const { code, stdout } = await run('query', "SELECT 7 AS number, 'seven' AS name")
    expect(code).toBe(0)
    expect(stdout).toBe('number  name\n──────  ─────\n     7  seven\n')
  })

  test('gives the whole answer as JSON, with 64-bit integers as strings', async () => {
    const { stdout } = await run('query', '--format', 'json', 'SELECT 18446744073709551615 AS big')
    expect(JSON.parse(stdout)).toMatchObject({
      data: [{ big: '18446744073709551615' }],
      rows: 1,
    })
  })

  test('gives the rows as CSV', async () => {
    const { stdout } = await run('query', '--format', 'csv', "SELECT 1 AS a, 'x,y' AS b;")
    expect(stdout).toBe('"a","b"\n1,"x,y"\n')
  })

  test('lets the statement choose another format', async () => {
    const { stdout } = await run('query', 'SELECT 1 AS a FORMAT TSKV')
    expect(stdout).toBe('a=1\n')
  })

  test.each([
    [
      "SELECT number, 'row' FROM numbers(4) FORMAT JSONCompactEachRow",
      '["0", "row"]\n["1", "row"]\n["2", "row"]\n["3", "row"]\n',
    ],
    ['SELECT [number, number + 1] FROM numbers(4) FORMAT TSV', '[0,1]\n[1,2]\n[2,3]\n[3,4]\n'],
    ['SELECT toUInt8(200) FORMAT RowBinary', '\u00c8'],
    ["SELECT unhex('00ff0a0d5b') AS x FORMAT RawBLOB", '\u0000\u00ff\n\r['],
    ["SELECT '[1]' FORMAT LineAsString", '[1]\n'],
  ])('gives the bytes of the format that the statement has: %s', async (sql, wanted) => {
    for (const format of ['table', 'json', 'csv']) {
      const { stdoutBytes, code } = await run('query', '--format', format, sql)
      expect(stdoutBytes.toString('latin1'), format).toBe(wanted)
      expect(code).toBe(0)
    }
  })

  test('says in a line that the disk behind its output is full', async () => {
    const args = ['query', '--format', 'csv', 'SELECT number FROM numbers(100000)']
    const { code, stderr } = await runWayward(args, { cwd: folder.path, stdout: '/dev/full' })
    expect(stderr).toBe(
      'Cannot write the answer to the standard output: the disk is full (ENOSPC); what was written so far is not whole\n',
    )
    expect(code).toBe(4)
  })

  test('passes the flags to the parameters of the statement', async () => {
    const sql = 'SELECT {from:DateTime64(9)} < {to:DateTime64(9)} AS ok, {service:String} AS s'
    const args = ['--since', '1h', '--to', 'now', '--service', 'shop', '--format', 'csv']
    const { stdout } = await run('query', ...args, sql)
    expect(stdout).toBe('"ok","s"\n1,"shop"\n')
  })

  test('refuses a flag that the statement does not use', async () => {
    const { code, stderr } = await run('query', '--since', '1h', 'SELECT 1')
    expect(code).toBe(2)
    expect(stderr).toContain('--since has no effect: the statement does not use {from:')
  })

  test.each<[string, string, RegExp]>([
    [
      'a syntax error',
      'SELEC 1',
      /Syntax error: failed at position 1 \(SELEC\).*SYNTAX_ERROR, code 62/,
    ],
    ['an unknown table', 'SELECT * FROM nothing', /nothing/],
    ['a file', "SELECT * FROM file('/etc/passwd', 'LineAsString')", /file/i],
    ['the network', "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", /url|read/i],
    ['a program', "SELECT * FROM executable('id', 'CSV', 'a String')", /executable|privileges/i],
    ['DDL', 'DROP TABLE otel_traces', /readonly|read-only|privileges|not allowed/i],
    [
      'an insert',
      'INSERT INTO otel_logs (Body) SELECT 1',
      /readonly|read-only|privileges|not allowed/i,
    ],
    ['leaving the read-only state', 'SET readonly = 0', /readonly|read-only|modify/i],
    ['too many rows', 'SELECT number FROM numbers(20000000) ORDER BY number', /limit/i],
  ])('%s gives the text of ClickHouse and exit code 2', async (_, sql, message) => {
    const { code, stdout, stderr } = await run('query', '--format', 'csv', sql)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stderr.length).toBeLessThan(500)
    expect(stdout).not.toContain('root:')
    expect(code).toBe(2)
  })

  test('an error after the first rows is an error all the same', async () => {
    const sql = 'SELECT throwIf(number = 700000) FROM numbers(900000)'
    const { code, stderr } = await run('query', '--format', 'csv', sql)
    expect(stderr).toMatch(/throwIf/)
    expect(code).toBe(2)
  })

  test('a reader that has seen enough (| head) ends it silently', async () => {
    const main = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url))
    const sql = 'SELECT number FROM numbers(900000)'
    const child = spawn(
      'bash',
      [
        '-c',
        `"$0" "$1" query --format csv "$2" | head -2; echo "\${PIPESTATUS[0]}"`,
        process.execPath,
        main,
        sql,
      ],
      { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const result = await outputOf(child)
    expect(result.stdout).toBe('"number"\n0\n0\n')
    expect(result.stderr).toBe('')
  })

  test('Ctrl-C ends an endless statement, here and in ClickHouse', async () => {
    const sql = 'SELECT count() FROM system.numbers WHERE sipHash64(number) = 1 -- endless'
    const result = await runWayward(['query', sql], {
      cwd: folder.path,
      onStart: (child) => setTimeout(() => child.kill('SIGINT'), 1500),
    })
    expect(result.signal).toBe('SIGINT')
    expect(result.ms).toBeLessThan(2000)
    const running =
      "SELECT count() FROM system.processes WHERE query LIKE '%-- endless%' AND query NOT LIKE '%processes%'"
    await expect
      .poll(async () => (await run('query', '--format', 'csv', running)).stdout, { timeout: 8000 })
      .toBe('"count()"\n0\n')
  })
})

describe('analyze and sessions without data', () => {
  test('say NA with what is missing, and that nobody reported', async () => {
    const analyzed = await run('analyze', 'lock-contention')
    expect(analyzed.code).toBe(0)
    expect(analyzed.stdout).toMatch(/NA: nothing has been reported yet.*lock_hold/s)
    const listed = await run('sessions')
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    expect(listed.stdout).toMatch(/No session/)
  })

  test('JSON is the whole report', async () => {
    const { stdout } = await run('analyze', 'job-runs', '--format', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ analyzer: 'job-runs', status: 'NA', findings: [] })
  })

  test.each([[['analyze']], [['analyze', '--list']]])('%j lists the analyzers', async (args) => {
    const { code, stdout } = await run(...args)
    expect(code).toBe(0)
    for (const name of ['lock-contention', 'queue-delay', 'job-runs'])
      expect(stdout).toContain(name)
  })
})

describe('wrong usage has exit code 2 and says what would be right', () => {
  test.each<[string[], RegExp]>([
    [['analyse'], /Unknown command 'analyse'; did you mean analyze\?/],
    [['analyze', 'lock-contentoin'], /did you mean "lock-contention"\?/],
    [['analyze', 'job-runs', '--sinc', '1h'], /Unknown option '--sinc'; did you mean --since\?/],
    [
      ['analyze', 'job-runs', '--since', 'yesterday'],
      /"yesterday".*flag --since.*such as 90s, 15m/,
    ],
    [['analyze', 'job-runs', '--from', '2026-02-30T00:00:00Z'], /not in the calendar/],
    [['analyze', 'job-runs', '--since', '1h', '--from', 'now'], /--since and --from/],
    [['analyze', 'job-runs', '--fail-on', '101'], /whole number from 0 to 100/],
    [['analyze', 'job-runs', '--format', 'xml'], /one of table, json, csv/],
    [['analyze', 'job-runs', '--session', 'nobody'], /No session begins with "nobody"/],
    [['query'], /statement is empty; wanted SQL/i],
    [['query', ' '], /The statement is empty.* \(see docs\/query\.md\)$/m],
    [['query', 'SELECT 1', 'FROM x'], /Too many arguments.* got 2; see .* query --help$/im],
    [['sessions', '--url', 'not a url'], /not a URL.* \(see docs\/configuration\.md\)$/m],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test('no command at all shows the help', async () => {
    const { code, stderr } = await run()
    expect(code).toBe(2)
    expect(stderr).toMatch(/Usage: wayward/)
  })

  test.each(['', 'serve', 'query', 'analyze', 'sessions', 'demo'])(
    '%s --help has examples, defaults and exit codes',
    async (command) => {
      const { code, stdout } = await run(...command.split(' ').filter(Boolean), '--help')
      expect(code).toBe(0)
      expect(stdout).toMatch(/Examples:|First steps:/)
      expect(stdout).toMatch(/Exit codes:/)
      if (command !== '') expect(stdout).toMatch(/--data-dir <path>/)
    },
  )

  test.each(['serve', 'query', 'analyze', 'sessions', 'migrate', 'demo'])(
    'the options of %s are set within a terminal of 80 columns',
    async (command) => {
      const env = { COLUMNS: '80' }
      const { stdout } = await runWayward([command, '--help'], { cwd: folder.path, env })
      const [options = ''] = stdout.split('\nExamples:')
      const tooLong = options.split('\n').filter((line) => line.length > 80)
      // What has no blank is not broken.
      expect(tooLong.filter((line) => line.trim().includes(' '))).toEqual([])
    },
  )

  test('--version is a version', async () => {
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('where the data are', () => {
  test('--url names any ClickHouse', async () => {
    const { url } = service.endpoints.clickhouse
    const elsewhere = join(folder.path, 'elsewhere')
    mkdirSync(elsewhere)
    const args = ['query', '--format', 'csv', '--url', url, 'SELECT currentDatabase() AS d']
    expect((await runWayward(args, { cwd: elsewhere })).stdout).toBe('"d"\n"wayward"\n')
  })

  test.each<[string, string[], RegExp]>([
    [
      'a server that is down',
      ['--url', 'http://127.0.0.1:1'],
      /Cannot reach ClickHouse at http:\/\/127\.0\.0\.1:1/,
    ],
    ['no data folder', ['--data-dir', 'nowhere'], /Nothing has been recorded in ".*nowhere" yet/],
  ])('%s has exit code 3', async (_, args, message) => {
    for (const command of [['query', 'SELECT 1'], ['analyze', 'job-runs'], ['sessions']]) {
      const { code, stderr } = await run(...command, ...args)
      expect(stderr).toMatch(message)
      expect(code, command.join(' ')).toBe(3)
    }
  })

  test('a refused password has exit code 3 and is not shown', async () => {
    const url = service.endpoints.clickhouse.url.replace('http://', 'http://default:se%20cret@')
    const { code, stderr } = await run('sessions', '--url', url)
    expect(stderr).toMatch(/refuses user "default"/)
    expect(stderr).not.toMatch(/se(%20| )cret/)
    expect(code).toBe(3)
  })

  test('an unknown database has exit code 3', async () => {
    const { code, stderr } = await run(
      'sessions',
      '--url',
      service.endpoints.clickhouse.url,
      '--clickhouse-database',
      'none',
    )
    expect(stderr).toMatch(/none/)
    expect(code).toBe(3)
  })

  test('a database without our tables has exit code 3 and says how they come', async () => {
    const { url } = service.endpoints.clickhouse
    const { code, stderr } = await run('sessions', '--url', url, '--clickhouse-database', 'system')
    expect(stderr).toMatch(/no tables of Wayward yet; start "wayward serve"/)
    expect(code).toBe(3)
  })

  test('an endpoints.json that is not to be understood is as none', async () => {
    const broken = join(folder.path, 'broken')
    mkdirSync(broken)
    writeFileSync(join(broken, 'endpoints.json'), '{"version":1,"pid":"me"')
    const { code, stderr } = await run('sessions', '--data-dir', broken)
    expect(stderr).toMatch(/Nothing has been recorded/)
    expect(code).toBe(3)
  })

  test('an endpoints.json of a process that is somebody else now is seen through', async () => {
    const stale = join(folder.path, 'stale')
    mkdirSync(stale)
    const nobody = 'http://127.0.0.1:1'
    const clickhouse = { url: nobody, user: 'default', database: 'wayward' }
    const endpoints = { ...service.endpoints, pid: process.pid, api: nobody, clickhouse }
    writeFileSync(join(stale, 'endpoints.json'), JSON.stringify(endpoints))
    const { code, stderr } = await run('sessions', '--data-dir', stale)
    expect(stderr).toMatch(/Nothing has been recorded/)
    expect(code).toBe(3)
  })
})

async function outputOf(child: ChildProcess): Promise<{ stdout: string; stderr: string }> {
  const result = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      result[name] += chunk
    })
  }
  await new Promise((resolve) => child.once('close', resolve))
  return result
}
