// The three signals as the tests go through them: how to decode one, and what must come out.

import type { Signal } from '@wayward/collector/consumer'
import type { SignalDecoder } from '@wayward/collector/decode/decoder'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { createMetricsDecoder } from '@wayward/collector/decode/metrics'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { readNativeBlock, type Row } from '../../clickhouse/native/native-reader.ts'
import { expectedMetricRows } from './expected-metric-rows.ts'
import { expectedLogRows, expectedSpanRows, type OracleRequest } from './expected-rows.ts'
import { nowMs } from './request-generator.ts'

export interface SignalCase {
  readonly signal: Signal
  readonly create: () => SignalDecoder
  /** The rows by table, in the order of the decoder's blocks. */
  readonly expected: (request: OracleRequest) => Record<string, Row[]>
}

const clock = (): number => nowMs

export const signals: readonly SignalCase[] = [
  {
    signal: 'traces',
    create: () => createTracesDecoder(defaultDecodeLimits, clock),
    expected: (request) => ({ otel_traces: expectedSpanRows(request) }),
  },
  {
    signal: 'logs',
    create: () => createLogsDecoder(defaultDecodeLimits, clock),
    expected: (request) => ({ otel_logs: expectedLogRows(request) }),
  },
  {
    signal: 'metrics',
    create: () => createMetricsDecoder(defaultDecodeLimits, clock),
    expected: expectedMetricRows,
  },
]

/** What the open blocks hold, by table; they are empty afterwards. */
export function takeRows(decoder: SignalDecoder): Record<string, Row[]> {
  return Object.fromEntries(
    decoder.blocks.map((block) => [block.table, readNativeBlock(Buffer.concat(block.take())).rows]),
  )
}

/** Rows in all open blocks. */
export function countRows(decoder: SignalDecoder): number {
  return decoder.blocks.reduce((sum, block) => sum + block.rows, 0)
}

/** The rows of several requests, table by table. */
export function joinRows(requests: readonly Record<string, Row[]>[]): Record<string, Row[]> {
  const joined: Record<string, Row[]> = {}
  for (const tables of requests) {
    for (const [table, rows] of Object.entries(tables)) (joined[table] ??= []).push(...rows)
  }
  return joined
}
