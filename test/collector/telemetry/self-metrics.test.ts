// Goal: what /metrics shows is what is declared, in a form that parsers take. Method: a whole
// collector with a journal of files and a real engine, some traffic, and a strict reader of the
// text format.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricDeclaration } from '@wayward/collector/telemetry/metrics'
import { exportPaths } from '@wayward/collector/receivers/otlp-grpc'
import { countedMetrics, observedMetrics } from '@wayward/collector/telemetry/self-metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeExportRequest } from '../../bench/load/export-request.ts'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { createRawGrpcClient, failureOf } from '../raw-grpc-client.ts'
import { readMetric } from '../receiver-harness.ts'
import { memoryJournal, portOf, startCollector, whenDrained } from '../test-service.ts'

const declarations: readonly MetricDeclaration[] = [
  ...Object.values(countedMetrics),
  ...Object.values(observedMetrics),
]
const nowMs = Date.now()
let engine: TestEngine
let folder: string
let text = ''

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly name: string
  readonly help: string
  readonly kind: string
  readonly samples: Sample[]
}

beforeAll(async () => {
  engine = await startTestStore()
  folder = mkdtempSync(join(tmpdir(), 'wayward-metrics-'))
  const journal = {
    ...memoryJournal,
    folder: join(folder, 'journal'),
    durability: 'fsync' as const,
  }
  const away = {
    insertNative: () => Promise.resolve({ status: 'retryable' as const, error: new Error('Away') }),
    ping: () => Promise.resolve(false),
  }
  const before = await startCollector(away, {}, { journal })
  await send(portOf(before.addresses.otlpGrpc), 4)
  await before.collector.shutdown(100)
  const { collector, addresses } = await startCollector(engine.writer, {}, { journal })
  await send(portOf(addresses.otlpGrpc), 3)
  const client = createRawGrpcClient(portOf(addresses.otlpGrpc))
  await failureOf(client.call(exportPaths.logs, Buffer.alloc(10, 0xff)))
  await whenDrained(addresses.api)
  collector.noteDropped({
    table: 'otel_logs',
    partition: '20260101',
    rows: 5,
    bytes: 50,
    reason: 'The disk is full',
  })
  text = await (await fetch(`http://${addresses.api}/metrics`)).text()
  client.close()
  await collector.shutdown(2_000)
})

afterAll(async () => {
  await engine.shutdown()
  rmSync(folder, { recursive: true, force: true })
})

async function send(port: number, spans: number): Promise<void> {
  const client = createRawGrpcClient(port)
  await client.call(exportPaths.traces, encodeExportRequest(spans, nowMs))
  client.close()
}

/** Reads the Prometheus text format 0.0.4 and takes nothing that is not in it. */
function parse(source: string): Family[] {
  const families: Family[] = []
  const lines = source.split('\n')
  expect(lines.pop()).toBe('')
  for (let index = 0; index < lines.length; ) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(lines[index++] ?? '')
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(lines[index++] ?? '')
    const family = { name: help?.[1] ?? '', help: help?.[2] ?? '', kind: type?.[2] ?? '' }
    expect(type?.[1], lines[index - 1]).toBe(family.name)
    const samples: Sample[] = []
    while (index < lines.length && lines[index]?.startsWith('#') === false) {
      samples.push(parseSample(lines[index++] ?? ''))
    }
    families.push({ ...family, samples })
  }
  return families
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  const pairs = [
    ...(match?.[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g),
  ]
  expect(pairs.map(([pair]) => pair).join(''), line).toBe(match?.[2] ?? '')
  const value = Number(match?.[3])
  expect(value, line).not.toBeNaN()
  const labels = Object.fromEntries(pairs.map(([, name = '', text = '']) => [name, text]))
  return { name: match?.[1] ?? '', labels, value }
}

test('/metrics shows every declared metric once, and no other', () => {
  const shown = parse(text).map(({ name, kind, help }) => ({ name, kind, help }))
  const byName = (one: { name: string }, other: { name: string }): number =>
    one.name < other.name ? -1 : 1
  expect(shown.toSorted(byName)).toEqual(
    declarations.map(({ name, kind, help }) => ({ name, kind, help })).toSorted(byName),
  )
})

test('names, labels and series of /metrics are as Prometheus wants them', () => {
  const series = new Set<string>()
  for (const { name, kind, samples } of parse(text)) {
    const declared = declarations.find((one) => one.name === name)
    for (const sample of samples) {
      const key = `${sample.name} ${JSON.stringify(sample.labels)}`
      expect(series.has(key), key).toBe(false)
      series.add(key)
      const labels = Object.keys(sample.labels).filter((label) => label !== 'le')
      expect(labels, key).toEqual(declared?.labels)
      expect(sample.value, key).toBeGreaterThanOrEqual(0)
      const suffixes = kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      expect(suffixes.map((suffix) => name + suffix)).toContain(sample.name)
    }
  }
  expect(series.size).toBeLessThan(1_000)
})

test.each(declarations)('$name has a unit, a sentence, and _total where it only grows', (one) => {
  const { name, kind, unit, help } = one
  expect(help).toMatch(/^[A-Z].*\.$/)
  expect(name.endsWith('_total')).toBe(kind === 'counter')
  if (unit !== '1') expect(name.replace(/_total$/, '')).toMatch(new RegExp(`_${unit}$`))
})

test('buckets of histograms are cumulated up to their count', () => {
  for (const { name, samples } of parse(text).filter(({ kind }) => kind === 'histogram')) {
    const keyOf = (sample: Sample): string => JSON.stringify({ ...sample.labels, le: '' })
    const keys = new Set(samples.map(keyOf))
    const byLabels = new Map(
      [...keys].map((key) => [key, samples.filter((one) => keyOf(one) === key)]),
    )
    for (const group of byLabels.values()) {
      const buckets = group.filter((one) => one.name === `${name}_bucket`)
      const values = buckets.map(({ value }) => value)
      expect(values).toEqual(values.toSorted((a, b) => a - b))
      const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')))
      expect(bounds).toEqual(bounds.toSorted((a, b) => a - b))
      expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY)
      expect(group.find((one) => one.name === `${name}_count`)?.value).toBe(values.at(-1))
    }
  }
})

test('the figures tell what happened', () => {
  const read = (line: string): number => readMetric(text, line)
  const traces = '{table="otel_traces"}'
  expect(read(`wayward_replay_rows${traces}`)).toBe(4)
  expect(read(`wayward_replay_blocks${traces}`)).toBe(1)
  expect(read(`wayward_replay_remaining_rows${traces}`)).toBe(0)
  expect(read(`wayward_replayed_rows_total${traces}`)).toBe(4)
  expect(read(`wayward_journalled_rows_total${traces}`)).toBe(3)
  expect(read(`wayward_inserted_rows_total${traces}`)).toBe(7)
  expect(read(`wayward_insert_rows_sum${traces}`)).toBe(7)
  expect(read(`wayward_insert_rows_count${traces}`)).toBe(2)
  expect(read(`wayward_inserts_total{table="otel_traces",status="inserted"}`)).toBe(2)
  expect(read('wayward_journal_sync_duration_seconds_count')).toBeGreaterThanOrEqual(1)
  expect(read('wayward_journalled_frames_total')).toBe(1)
  expect(read('wayward_journal_limit_bytes')).toBe(2 ** 30)
  expect(read('wayward_table_state{table="otel_traces",state="well"}')).toBe(1)
  expect(read('wayward_table_state{table="otel_traces",state="refused"}')).toBe(0)
  expect(read('wayward_connections{listener="otlp_grpc"}')).toBeGreaterThanOrEqual(1)
  expect(read('wayward_connections{listener="api"}')).toBeGreaterThanOrEqual(1)
  expect(read('wayward_dropped_rows_total{table="otel_logs"}')).toBe(5)
  const refused = 'wayward_requests_total{receiver="otlp_grpc",signal="logs",status="malformed"}'
  expect(read(refused)).toBe(1)
  expect(read('wayward_ledger_entries')).toBe(2)
  expect(read('wayward_event_loop_delay_seconds_count')).toBeGreaterThan(0)
  expect(read('process_open_fds')).toBeGreaterThan(5)
})
