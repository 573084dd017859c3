// Goal: the drivers of other languages work with the SQL door as it is. Method: a program for each
// (go/, java/), at the defaults that tools have; what it prints is compared. Where a language or a
// download is missing, its tests are skipped and say why.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as zlib from 'node:zlib'
import { migrate } from '@wayward/clickhouse'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'
import { grafanaQueries } from './grafana-queries.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'wayward-clients-'))
let engine: TestEngine
let address = ''
let goProgram = ''
let goReason = ''

beforeAll(async () => {
  engine = await startTestEngine()
  address = engine.url.replace('http://', '')
  await migrate(engine.writer)
  await insertTelemetry(engine)
  goProgram = join(folder, 'sql')
  const built = await run('go', ['build', '-o', goProgram, './sql'], '', join(here, 'go'))
  if (built.code !== 0) {
    goReason = built.output.includes('GOPROXY=off')
      ? 'its modules are not downloaded: cd test/e2e/clients/go && go mod download'
      : built.output.slice(-300)
  }
}, 240_000)

afterAll(async () => {
  await engine.shutdown()
  rmSync(folder, { recursive: true, force: true })
})

/** Two services, one of which calls the other, and a log record for each span. */
async function insertTelemetry(into: TestEngine): Promise<void> {
  const spans = Array.from({ length: 40 }, (_, index) => {
    const traceId = String(index >> 1).padStart(32, '0')
    const isServer = index % 2 === 1
    return {
      Timestamp: `2026-01-02 03:04:${String(index).padStart(2, '0')}.000000000`,
      TraceId: traceId,
      SpanId: String(index).padStart(16, '0'),
      ParentSpanId: isServer ? String(index - 1).padStart(16, '0') : '',
      SpanName: isServer ? 'GET /cart' : 'checkout',
      SpanKind: isServer ? 'Server' : 'Client',
      ServiceName: isServer ? 'cart' : 'shop',
      ResourceAttributes: { 'service.version': `1.${index >> 4}` },
      SpanAttributes: { index: String(index) },
      Duration: 1_000_000 * (index + 1),
      StatusCode: index % 10 === 0 ? 'Error' : 'Ok',
      'Events.Timestamp': ['2026-01-02 03:04:05.000000000'],
      'Events.Name': ['started'],
      'Events.Attributes': [{ a: 'b' }],
      'Links.TraceId': [traceId],
      'Links.SpanId': ['1'],
      'Links.TraceState': [''],
      'Links.Attributes': [{}],
    }
  })
  await into.insertRows('otel_traces', spans)
  const logs = spans.map(({ Timestamp, TraceId, SpanId, ServiceName }, index) => {
    const SeverityText = index % 4 === 0 ? 'ERROR' : 'INFO'
    return { Timestamp, TraceId, SpanId, ServiceName, SeverityText, Body: `orderId=${index} done` }
  })
  await into.insertRows('otel_logs', logs)
}

describe('clickhouse-go', () => {
  const go = async (context: TestContext, mode: string, input: string): Promise<string[]> => {
    if (goReason !== '') skip(context, goReason)
    const ended = await run(goProgram, [address, mode, engine.writerToken], input)
    expect(ended.code, ended.output).toBe(0)
    return ended.output.trimEnd().split('\n')
  }

  test('pings, reads, fails and inserts with each compression', async (context) => {
    const lines = await go(context, 'compressions', '')
    const wanted = ['none', 'lz4', 'zstd', 'gzip', 'deflate', 'br'].flatMap((name) => [
      `${name} rows 100000`,
      `${name} error 47`,
      `${name} refused 164`,
      // Node has no Zstandard before 22.15; what was not understood is not inserted.
      name === 'zstd' && !('zstdDecompress' in zlib)
        ? 'zstd insert 89'
        : `${name} inserted 5000 12497500`,
    ])
    expect(lines).toEqual(wanted)
  }, 120_000)

  test('reads values of all types', async (context) => {
    const lines = await go(context, 'types', JSON.stringify(goTypes.map(([sql]) => sql)))
    expect(lines).toEqual(goTypes.flatMap(([, ...values]) => values))
  })

  test("runs what Grafana's data source asks", async (context) => {
    const lines = await go(context, 'queries', JSON.stringify(grafanaQueries.map(([sql]) => sql)))
    expect(lines).toEqual(grafanaQueries.map(([, rows]) => `rows ${rows}`))
  })
})

const goTypes: readonly (readonly [string, ...string[]])[] = [
  ['SELECT toInt8(-1), toUInt8(200), toInt16(-300)', 'Int8 = -1', 'UInt8 = 200', 'Int16 = -300'],
  [
    'SELECT toUInt16(60000), toInt32(-5), toUInt32(4000000000), toInt64(-9)',
    'UInt16 = 60000',
    'Int32 = -5',
    'UInt32 = 4000000000',
    'Int64 = -9',
  ],
  ['SELECT toUInt64(18446744073709551615)', 'UInt64 = 18446744073709551615'],
  [
    "SELECT toInt128('-170141183460469231731687303715884105728'), toUInt256('7')",
    'Int128 = -170141183460469231731687303715884105728',
    'UInt256 = 7',
  ],
  [
    "SELECT toFloat32(1.5), toFloat64(-2.25), toBFloat16(0.5), true, 'a\\nb'",
    'Float32 = 1.5',
    'Float64 = -2.25',
    'BFloat16 = 0.5',
    'Bool = true',
    'String = a\\nb',
  ],
  [
    "SELECT toDecimal32('1.23', 2), toDecimal128('7.5', 1), toDecimal256('8.25', 2)",
    'Decimal(9, 2) = 1.23',
    'Decimal(38, 1) = 7.5',
    'Decimal(76, 2) = 8.25',
  ],
  [
    "SELECT toDate('2026-01-02'), toDateTime('2026-01-02 03:04:05', 'Asia/Tokyo')",
    'Date = 2026-01-02 00:00:00 +0000 UTC',
    "DateTime('Asia/Tokyo') = 2026-01-02 03:04:05 +0900 JST",
  ],
  [
    "SELECT toDateTime64('2026-01-02 03:04:05.123456789', 9, 'UTC'), CAST('12:34:56.789' AS Time64(3))",
    "DateTime64(9, 'UTC') = 2026-01-02 03:04:05.123456789 +0000 UTC",
    'Time64(3) = 12h34m56.789s',
  ],
  [
    "SELECT toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), toIPv4('1.2.3.4'), toIPv6('2001:db8::1')",
    'UUID = 61f0c404-5cb3-11e7-907b-a6006ad3dba0',
    'IPv4 = 1.2.3.4',
    'IPv6 = 2001:db8::1',
  ],
  [
    "SELECT CAST('b' AS Enum8('a' = 1, 'b' = 2)), CAST('it''s' AS Enum16('it\\'s' = 1000))",
    "Enum8('a' = 1, 'b' = 2) = b",
    "Enum16('it\\'s' = 1000) = it's",
  ],
  [
    'SELECT toNullable(5), CAST(NULL AS Nullable(String)), NULL',
    'Nullable(UInt8) = 5',
    'Nullable(String) = <nil>',
    'Nullable(Nothing) = <nil>',
  ],
  [
    "SELECT [['x'], []], map('k', 'v'), tuple(1, 'x'), CAST((1, 'y') AS Tuple(a UInt8, b String))",
    'Array(Array(String)) = [[x] []]',
    'Map(String, String) = map[k:v]',
    'Tuple(UInt8, String) = [1 x]',
    'Tuple(a UInt8, b String) = map[a:1 b:y]',
  ],
  [
    "SELECT 'lc'::LowCardinality(String), map('k'::LowCardinality(String), 'v')",
    'LowCardinality(String) = lc',
    'Map(LowCardinality(String), String) = map[k:v]',
  ],
  [
    "SELECT CAST(3 AS SimpleAggregateFunction(sum, UInt64)), CAST([(1, 'n')] AS Nested(a UInt8, b String))",
    'SimpleAggregateFunction(sum, UInt64) = 3',
    'Array(Tuple(a UInt8, b String)) = [map[a:1 b:n]]',
  ],
  [
    'SELECT toIntervalSecond(5), (1., 2.)::Point, [[(0., 0.)]]::Polygon',
    'IntervalSecond = 5 Seconds',
    'Point = [1 2]',
    'Polygon = [[[0 0]]]',
  ],
  [
    'SELECT 42::Variant(UInt64, String), toUInt8(1)::Dynamic, \'{"a":{"b":1}}\'::JSON',
    'Variant(String, UInt64) = {42 UInt64}',
    'Dynamic = {1 UInt8}',
    'JSON = {map[a.b:{1 Int64}]}',
  ],
  ['SELECT sumState(1)', 'error 48'],
]

describe.each(['0.9.9', '0.10.0'])('JDBC %s', (version) => {
  test('reads, binds, describes and inserts with its defaults', async (context) => {
    const jars = join(here, 'java', 'lib', version)
    if (!existsSync(jars)) {
      const fetch = `mvn -f test/e2e/clients/java/pom.xml -Djdbc=${version} dependency:copy-dependencies`
      skip(context, `its jars are not downloaded: ${fetch}`)
    }
    const port = new URL(engine.url).port
    const program = join(here, 'java', 'Jdbc.java')
    const ended = await run('java', ['-cp', `${jars}/*`, program, port, engine.writerToken])
    if (ended.code === 127) skip(context, 'there is no java')
    expect(ended.code, ended.output).toBe(0)
    expect(ended.output.split('\n').filter((line) => !/^(?:SLF4J|$)/.test(line))).toEqual(ofJdbc)
  }, 120_000)
})

const ofJdbc = [
  'valid true',
  'rows 100000',
  'Int8 = -1',
  'UInt64 = 18446744073709551615',
  'Int256 = -5',
  'Float32 = 1.5',
  'Bool = true',
  'String = a\\nb',
  'Decimal(18, 3) = 1.500',
  'Date = 2026-01-02',
  "DateTime64(3, 'UTC') = 2026-01-02 03:04:05.678",
  'UUID = 61f0c404-5cb3-11e7-907b-a6006ad3dba0',
  'IPv4 = 1.2.3.4',
  "Enum8('a' = 1, 'b' = 2) = b",
  'Nullable(String) = null',
  'LowCardinality(String) = lc',
  'Map(String, UInt8) = {k=1}',
  'Array(UInt8) = [1, 2]',
  'Nullable(Nothing) = null',
  'error 47',
  'refused 164',
  "bound 42 IT'S",
  'product ClickHouse',
  'schemas true',
  'tables 1',
  'columns true',
  'keys true',
  'types true',
  'inserted 1000 499500',
]

function skip(context: TestContext, reason: string): never {
  process.stderr.write(`Skipped "${context.task.name}": ${reason}\n`)
  context.skip(reason)
  throw new Error(reason)
}

interface Ended {
  readonly code: number
  readonly output: string
}

function run(
  command: string,
  args: readonly string[],
  input = '',
  cwd: string = folder,
): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, GOPROXY: 'off', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' }
    const child = spawn(command, args, { cwd, env })
    let output = ''
    const add = (chunk: Buffer): void => void (output += chunk.toString())
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    child.stdin.on('error', () => undefined).end(input)
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
