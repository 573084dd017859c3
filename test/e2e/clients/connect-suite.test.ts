// Goal: what clickhouse-connect's own integration suite says of the SQL door. Method: its source is
// cloned, what it needs is installed beside it, and it runs as the writing account. Only with
// WAYWARD_CLIENT_SUITES=1, as it downloads some 300 MB and takes minutes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'

const isAsked = process.env['WAYWARD_CLIENT_SUITES'] === '1'
if (!isAsked) {
  process.stderr.write(
    "Skipped clickhouse-connect's own suite: set WAYWARD_CLIENT_SUITES=1 to run it\n",
  )
}

const source = 'https://github.com/ClickHouse/clickhouse-connect'
const client = 'clickhouse-connect==1.12.0'
const packages =
  'pytest pytest-asyncio pytest-mock pytest-dotenv pytest-xdist pyjwt setuptools pandas pyarrow ' +
  'polars sqlalchemy alembic aiohttp lz4 zstandard backports.zstd'

/** Why tests of the suite may fail here. */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  'an answer is whole before it is sent: no error comes behind rows': [
    'test_client::test_stream_error_show_clickhouse_errors_modes',
    'test_mid_stream_exception::test_mid_stream_exception',
    'test_mid_stream_exception::test_mid_stream_exception_async',
    'test_mid_stream_exception::test_mid_stream_exception_streaming',
    'test_mid_stream_exception::test_mid_stream_exception_streaming_async',
    'test_streaming::test_stream_failure_async',
    'test_streaming::test_stream_failure_sync',
  ],
  'there are two accounts, and no roles or row policies to be made': [
    'test_client::test_role_setting_works',
    'test_client::test_show_row_policies',
  ],
  'they read more than 128 MiB': [
    'test_async_features::test_streaming_early_termination',
    'test_pandas::test_pandas_small_blocks',
  ],
  'they want `default` as the database': ['test_client::test_none_database'],
  'there is no system.query_log': ['test_client::test_query_id_in_query_logs'],
  'a system table has no SHOW CREATE': ['test_client::test_show_create'],
  'a statement that is not UTF-8 is refused': ['test_client::test_embedded_binary'],
  'they ask the port of the native protocol': [
    'test_error_handling::test_wrong_port_error_message',
  ],
  'another version of the engine writes values in another way': [
    'test_dynamic::test_dynamic_shared_variant_unsupported_types',
  ],
  'other versions of their libraries, or a busy machine': [
    'test_async_features::test_concurrent_queries',
    'test_error_handling::test_async_non_remote_close_connection_errors_are_not_retried',
    'test_pandas::test_pandas_datetime64',
    'test_sqlalchemy.test_alembic::test_alembic_autogenerate_dictionary_round_trip_live',
    'test_sqlalchemy.test_alembic::test_alembic_autogenerate_positional_engine_live',
    'test_sqlalchemy.test_alembic::test_alembic_dictionary_downgrade_uses_drop_dictionary_live',
  ],
}

test.skipIf(!isAsked)(
  "clickhouse-connect's own integration suite",
  async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-connect-suite-'))
    const engine = await startTestEngine()
    try {
      const missing = prepare(folder)
      if (missing !== undefined) {
        process.stderr.write(`Skipped clickhouse-connect's own suite: ${missing}\n`)
        context.skip()
      }
      const results = runSuite(folder, engine)
      const count = (wanted: Result['outcome']): number =>
        results.filter(({ outcome }) => outcome === wanted).length
      process.stderr.write(
        `clickhouse-connect: ${count('passed')} passed, ${count('skipped')} skipped by themselves, ` +
          `${count('failed')} left out\n`,
      )
      const known = new Set(Object.values(leftOut).flat())
      const failed = results.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)
      expect(failed.filter((name) => !known.has(name))).toEqual([])
      expect(count('passed')).toBeGreaterThan(700)
    } finally {
      await engine.shutdown()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  1_800_000,
)

/** @returns why the suite cannot run, or undefined */
function prepare(folder: string): string | undefined {
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['git', 'clone', '--quiet', '--depth=1', source, join(folder, 'suite')],
    ['python3', '-m', 'venv', join(folder, 'venv')],
    [python(folder), '-m', 'pip', 'install', '--quiet', client, ...packages.split(' ')],
  ]
  for (const [program, ...words] of steps) {
    const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
    if (status === 0) continue
    return `${program} ${words[0]} says ${error?.message ?? stderr.trim().split('\n').at(-1) ?? ''}`
  }
  // The one that was installed is tried, with its compiled parts.
  rmSync(join(folder, 'suite', 'clickhouse_connect'), { recursive: true })
  return undefined
}

const python = (folder: string): string => join(folder, 'venv', 'bin', 'python')

interface Result {
  readonly name: string
  readonly outcome: 'passed' | 'skipped' | 'failed'
}

function runSuite(folder: string, engine: TestEngine): readonly Result[] {
  const report = join(folder, 'report.xml')
  const { hostname, port } = new URL(engine.url)
  const options = '-q -n 2 -p no:cacheprovider -o addopts= -o log_cli=false'
  const words = ['-m', 'pytest', 'tests/integration_tests', `--junitxml=${report}`]
  spawnSync(python(folder), [...words, ...options.split(' ')], {
    cwd: join(folder, 'suite'),
    env: {
      ...process.env,
      CLICKHOUSE_CONNECT_TEST_HOST: hostname,
      CLICKHOUSE_CONNECT_TEST_PORT: port,
      CLICKHOUSE_CONNECT_TEST_USER: 'wayward_writer',
      CLICKHOUSE_CONNECT_TEST_PASSWORD: engine.writerToken,
    },
    stdio: 'ignore',
  })
  const cases = readFileSync(report, 'utf8').matchAll(
    /<testcase classname="tests\.integration_tests\.([\w.]+)" name="(\w+)[^>]*?(?:\/>|>(<\w+)?)/g,
  )
  return Array.from(cases, ([, file = '', name = '', child = '']) => ({
    name: `${file}::${name}`,
    outcome: outcomes[child] ?? 'passed',
  }))
}

const outcomes: Readonly<Record<string, Result['outcome']>> = {
  '<skipped': 'skipped',
  '<failure': 'failed',
  '<error': 'failed',
}
