// Goal: what clickhouse-go's own suite says of the SQL door, over HTTP. Method: the module's source
// is copied, what needs the native protocol is turned off there, and each test runs by itself. Only
// with WAYWARD_CLIENT_SUITES=1, as it downloads the suite's dependencies and takes a minute or two.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'

const isAsked = process.env['WAYWARD_CLIENT_SUITES'] === '1'
if (!isAsked) {
  process.stderr.write("Skipped clickhouse-go's own suite: set WAYWARD_CLIENT_SUITES=1 to run it\n")
}

/** Why tests of the suite do not pass here. */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  'they open the native protocol themselves': [
    'TestBatchAppendRows',
    'TestBatchCloseConnectionHold',
    'TestBatchCloseConnectionReleased',
    'TestBatchCloseConnectionReleasedOnError',
    'TestBatchContextCancellation',
    'TestBatchReleaseConnection',
    'TestBatchReleaseConnectionFlush',
    'TestBatchSendConnectionReleased',
    'TestBatchSendRetryWatchdogConnRace',
    'TestClientInfo',
    'TestConnCustomDialStrategy',
    'TestConnectionCloseIdle',
    'TestConnectionExpiresIdleConnection',
    'TestCustomDialContext',
    'TestEmptyDatabaseConfig',
    'TestFreeBufOnConnRelease',
    'TestJWTError',
    'TestQueryDeadline',
    'TestQueryParameters',
    'TestReadDeadline',
    'TestReadOnlyUser',
    'TestRowsHasData',
  ],
  'an answer is whole before it is sent: no error comes after rows, and none of 4 GB is made': [
    'TestFormatCancellation',
    'TestFormatMidStreamException',
    'TestFormatMidStreamExceptionCompressed',
    'TestHTTPExceptionHandling',
  ],
  'settings with a prefix of their own': ['TestCustomSettings'],
  ...('zstdDecompress' in zlib ? {} : { 'Node.js has no Zstandard': ['TestZSTDCompression'] }),
}

test.skipIf(!isAsked)(
  "clickhouse-go's own suite over HTTP",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-go-suite-'))
    const engine = await startTestEngine()
    try {
      const results = runSuite(copySuite(folder), engine)
      const failed = results.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)
      const count = (wanted: string): number =>
        results.filter(({ outcome }) => outcome === wanted).length
      process.stderr.write(
        `clickhouse-go: ${count('passed')} passed, ${count('skipped')} skipped by themselves, ` +
          `${failed.length} left out\n`,
      )
      expect(failed.toSorted()).toEqual(Object.values(leftOut).flat().toSorted())
      expect(count('passed')).toBeGreaterThan(250)
    } finally {
      await engine.shutdown()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  900_000,
)

/** The suite, compiled, and where it runs. */
interface Suite {
  readonly program: string
  readonly cwd: string
}

function copySuite(folder: string): Suite {
  const client = fileURLToPath(new URL('go/', import.meta.url))
  const list = ['list', '-m', '-f', '{{.Dir}}', 'github.com/ClickHouse/clickhouse-go/v2']
  const source = execFileSync('go', list, { cwd: client, encoding: 'utf8' }).trim()
  const copy = join(folder, 'clickhouse-go')
  cpSync(source, copy, { recursive: true })
  execFileSync('chmod', ['-R', 'u+w', copy])
  const utils = join(copy, 'tests', 'utils.go')
  writeFileSync(utils, overHttp(readFileSync(utils, 'utf8')))
  const program = join(folder, 'suite')
  execFileSync('go', ['test', '-c', '-o', program, './tests'], { cwd: copy, stdio: 'pipe' })
  return { program, cwd: join(copy, 'tests') }
}

/** The suite prepares itself over the native protocol, and runs most tests over both. */
function overHttp(source: string): string {
  const edits: readonly (readonly [string, string])[] = [
    ['port := env.Port\n\tvar tlsConfig', 'port := env.HttpPort\n\tvar tlsConfig'],
    ['\t\tSettings: nil,\n', '\t\tProtocol: clickhouse.HTTP,\n\t\tSettings: nil,\n'],
    ['\trootT.Run("Native", func(t *testing.T) {\n\t\ttestFunc(t, clickhouse.Native)\n\t})\n', ''],
    [
      '\tcase clickhouse.Native:\n\t\treturn getConnection(',
      '\tcase clickhouse.Native:\n\t\tt.Skip("native protocol only")\n\t\treturn getConnection(',
    ],
  ]
  let edited = source.replaceAll(
    'getConnection(env, "default", nil, nil, nil)',
    'getHTTPConnection(env, "", "default", nil, nil, nil)',
  )
  for (const [from, to] of edited === source ? [] : edits) {
    expect(edited, 'the suite is no longer what this test knows').toContain(from)
    edited = edited.replace(from, to)
  }
  return edited
}

interface Result {
  readonly name: string
  readonly outcome: 'passed' | 'skipped' | 'failed'
}

function runSuite({ program, cwd }: Suite, engine: TestEngine): readonly Result[] {
  const env = {
    ...process.env,
    CLICKHOUSE_USE_DOCKER: 'false',
    CLICKHOUSE_HOST: '127.0.0.1',
    // Nobody listens there.
    CLICKHOUSE_PORT: '1',
    CLICKHOUSE_HTTP_PORT: new URL(engine.url).port,
    CLICKHOUSE_USERNAME: 'wayward_writer',
    CLICKHOUSE_PASSWORD: engine.writerToken,
    CLICKHOUSE_DIAL_TIMEOUT: '1',
    CLICKHOUSE_QUORUM_INSERT: '0',
  }
  const listed = execFileSync(program, ['-test.list', '.'], { cwd, env, encoding: 'utf8' })
  return listed.match(/^Test\w+$/gm)?.map((name) => runOne(program, name, { cwd, env })) ?? []
}

/** By itself, as one that ends the program would take the others with it. */
function runOne(
  program: string,
  name: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Result {
  try {
    const args = ['-test.v', '-test.run', `^${name}$`]
    const output = execFileSync(program, args, {
      ...options,
      encoding: 'utf8',
      timeout: 60_000,
      stdio: 'pipe',
    })
    return { name, outcome: /^--- SKIP/m.test(output) ? 'skipped' : 'passed' }
  } catch {
    return { name, outcome: 'failed' }
  }
}
