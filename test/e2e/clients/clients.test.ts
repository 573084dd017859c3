import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as GrpcLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as GrpcMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as GrpcTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordExporter,
} from '@opentelemetry/sdk-logs'
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { ATTR_SERVICE_NAME } from '@wayward/semconv'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { startTestService, type TestService } from '../../collector/test-service.ts'

const items = 300
let service: TestService

beforeAll(async () => {
  service = await startTestService()
})

afterAll(async () => {
  await service.shutdown()
})

interface Ended {
  readonly code: number
  readonly output: string
}

function run(command: string, args: readonly string[], cwd?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, GOPROXY: 'off', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' }
    const child = spawn(command, args, { env, ...(cwd === undefined ? {} : { cwd }) })
    let output = ''
    const add = (chunk: Buffer): void => void (output += chunk.toString())
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Skips, and says why where everybody sees it. */
function skip(context: TestContext, reason: string): void {
  process.stderr.write(`Skipped "${context.task.name}": ${reason}\n`)
  context.skip(reason)
}

describe('the OpenTelemetry SDK for JavaScript', () => {
  const gzip = { compression: 'gzip' } as const
  const http = (path: string): { url: string } => ({
    url: `http://${service.addresses.otlpHttp}/v1/${path}`,
  })
  const grpc = (): { url: string } => ({ url: `http://${service.addresses.otlpGrpc}` })

  test.each<[string, () => SpanExporter]>([
    ['gRPC', () => new GrpcTraceExporter(grpc())],
    ['HTTP and protobuf', () => new ProtobufTraceExporter(http('traces'))],
    [
      'HTTP, protobuf and gzip',
      () => new ProtobufTraceExporter({ ...http('traces'), ...gzip } as object),
    ],
    ['HTTP and JSON', () => new JsonTraceExporter(http('traces'))],
  ])('sends spans over %s', async (name, createExporter) => {
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: name }),
      spanProcessors: [new BatchSpanProcessor(createExporter())],
    })
    const tracer = provider.getTracer('js-client', '1.2.3')
    for (let index = 0; index < items; index++) {
      const span = tracer.startSpan(`work ${index}`, { attributes: { index, list: ['a', 'ü'] } })
      span.addEvent('halfway', { at: 0.5 })
      span.end()
    }
    await provider.shutdown()
    expect(await service.count('otel_traces', name)).toBe(items)
    const rows = await service.query(
      `SELECT ScopeName, ScopeVersion, SpanAttributes['list'] AS list, Events.Name AS events
      FROM otel_traces WHERE ServiceName = {name:String} AND SpanAttributes['index'] = '7'`,
      { name },
    )
    expect(rows).toEqual([
      {
        ScopeName: 'js-client',
        ScopeVersion: '1.2.3',
        list: '["a","ü"]',
        events: ['halfway'],
      },
    ])
  })

  test.each<[string, () => LogRecordExporter]>([
    ['gRPC', () => new GrpcLogExporter(grpc())],
    ['HTTP and protobuf', () => new ProtobufLogExporter(http('logs'))],
    ['HTTP and JSON', () => new JsonLogExporter(http('logs'))],
  ])('sends log records over %s', async (name, createExporter) => {
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: name }),
      processors: [new BatchLogRecordProcessor({ exporter: createExporter() })],
    })
    const logger = provider.getLogger('js-client')
    for (let index = 0; index < items; index++) {
      logger.emit({
        severityNumber: SeverityNumber.WARN,
        body: `line ${index}`,
        attributes: { index },
      })
    }
    await provider.shutdown()
    expect(await service.count('otel_logs', name)).toBe(items)
    const rows = await service.query(
      `SELECT SeverityNumber, LogAttributes FROM otel_logs
      WHERE ServiceName = {name:String} AND Body = 'line 7'`,
      { name },
    )
    expect(rows).toEqual([{ SeverityNumber: 13, LogAttributes: { index: '7' } }])
  })

  test.each<[string, () => PushMetricExporter]>([
    ['gRPC', () => new GrpcMetricExporter(grpc())],
    ['HTTP and protobuf', () => new ProtobufMetricExporter(http('metrics'))],
    [
      'HTTP, protobuf and gzip',
      () => new ProtobufMetricExporter({ ...http('metrics'), ...gzip } as object),
    ],
    ['HTTP and JSON', () => new JsonMetricExporter(http('metrics'))],
  ])('sends metrics over %s', async (name, createExporter) => {
    const provider = new MeterProvider({
      resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: name }),
      readers: [new PeriodicExportingMetricReader({ exporter: createExporter() })],
      views: [
        {
          instrumentName: 'work.exponential',
          aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
        },
      ],
    })
    const meter = provider.getMeter('js-client', '1.2.3')
    const done = meter.createCounter('work.done', {
      description: 'Pieces of work',
      unit: '{piece}',
    })
    const level = meter.createGauge('work.level')
    const duration = meter.createHistogram('work.duration', { unit: 'ms' })
    const exponential = meter.createHistogram('work.exponential')
    for (let index = 0; index < items; index++) {
      done.add(1, { worker: index % 3 })
      level.record(index / 2)
      duration.record(index)
      exponential.record(index)
    }
    await provider.shutdown()
    const ask = (columns: string, table: string): Promise<unknown> =>
      service.query(
        `SELECT ${columns} FROM otel_metrics_${table} WHERE ServiceName = {name:String} ORDER BY ALL`,
        { name },
      )
    const sums =
      'Attributes, MetricName, MetricDescription, MetricUnit, Value, AggregationTemporality, IsMonotonic'
    const sum = {
      MetricName: 'work.done',
      MetricDescription: 'Pieces of work',
      MetricUnit: '{piece}',
      Value: items / 3,
      AggregationTemporality: 2,
      IsMonotonic: true,
    }
    expect(await ask(sums, 'sum')).toEqual(
      ['0', '1', '2'].map((worker) => ({ Attributes: { worker }, ...sum })),
    )
    expect(await ask('ScopeName, ScopeVersion, Value', 'gauge')).toEqual([
      { ScopeName: 'js-client', ScopeVersion: '1.2.3', Value: (items - 1) / 2 },
    ])
    const total = (items * (items - 1)) / 2
    const histograms =
      'Count, Sum, Min, Max, arraySum(BucketCounts) AS counted, length(ExplicitBounds) AS bounds'
    expect(await ask(histograms, 'histogram')).toEqual([
      {
        Count: String(items),
        Sum: total,
        Min: 0,
        Max: items - 1,
        counted: String(items),
        bounds: '15',
      },
    ])
    const exponentials = 'Count, Sum, ZeroCount, arraySum(PositiveBucketCounts) AS counted, Max'
    expect(await ask(exponentials, 'exponential_histogram')).toEqual([
      {
        Count: String(items),
        Sum: total,
        ZeroCount: '1',
        counted: String(items - 1),
        Max: items - 1,
      },
    ])
  })
})

test('the OpenTelemetry SDK for Python sends spans, log records and metrics', async (context) => {
  const imports = 'import opentelemetry.sdk, opentelemetry.exporter.otlp.proto.grpc'
  const probe = await run('python3', ['-c', imports])
  if (probe.code !== 0) {
    skip(
      context,
      'python3 has no OpenTelemetry: pip install opentelemetry-sdk opentelemetry-exporter-otlp',
    )
  }
  const { otlpGrpc, otlpHttp } = service.addresses
  const script = fileURLToPath(new URL('python-client.py', import.meta.url))
  const ended = await run('python3', [script, otlpGrpc, otlpHttp, String(items)])
  expect(ended.code, ended.output).toBe(0)
  for (const name of ['python-grpc', 'python-http']) {
    expect(await service.count('otel_traces', name)).toBe(items)
    expect(await service.count('otel_logs', name)).toBe(items)
    const [metrics] = await service.query<object>(
      `SELECT s.Value AS Value, s.IsMonotonic AS IsMonotonic, h.Count AS Count, h.Sum AS Sum,
        h.Exemplars.TraceId != [] AS isSampled
      FROM otel_metrics_sum AS s INNER JOIN otel_metrics_histogram AS h USING (ServiceName)
      WHERE ServiceName = {name:String}`,
      { name },
    )
    expect(metrics).toEqual({
      Value: items,
      IsMonotonic: true,
      Count: String(items),
      Sum: (items * (items - 1)) / 2,
      isSampled: 1,
    })
  }
  const [row] = await service.query<{ n: string }>(
    `SELECT count() AS n FROM otel_logs AS l INNER JOIN otel_traces AS t ON l.SpanId = t.SpanId
    WHERE l.ServiceName = 'python-grpc' AND l.TraceId = t.TraceId`,
  )
  expect(Number(row?.n)).toBe(items)
}, 60_000)

test('the OpenTelemetry SDK for Go sends spans', async (context) => {
  const source = fileURLToPath(new URL('go/', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'wayward-go-'))
  try {
    const program = join(folder, 'client')
    // Nothing is downloaded by a test: who wants this one runs `go mod download` in that folder
    // first.
    const built = await run('go', ['build', '-o', program, './otlp'], source)
    if (built.code === 127) skip(context, 'there is no go')
    if (/GOPROXY=off|requires go/.test(built.output)) {
      skip(
        context,
        'its modules are not downloaded, or it is too old: cd test/e2e/clients/go && go mod download',
      )
    }
    expect(built.code, built.output).toBe(0)
    const { otlpGrpc, otlpHttp } = service.addresses
    const ended = await run(program, [otlpGrpc, otlpHttp, String(items)])
    expect(ended.code, ended.output).toBe(0)
    expect(await service.count('otel_traces', 'go-grpc')).toBe(items)
    expect(await service.count('otel_traces', 'go-http')).toBe(items)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 180_000)
