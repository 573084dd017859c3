import { WireReader } from '@wayward/otlp'
import type { Clock, SignalDecoder } from './decoder.ts'
import { RequestTime } from './item-checks.ts'
import type { DecodeLimits } from './limits.ts'
import { MetricReader } from './metric-reader.ts'
import { createSignalDecoder } from './signal-decoder.ts'
import { Tally } from './tally.ts'

/** Decodes OTLP metrics requests into blocks of the five stock tables `otel_metrics_…`. */
export function createMetricsDecoder(limits: DecodeLimits, clock: Clock): SignalDecoder {
  const wire = new WireReader(['resource_metrics', 'scope_metrics', 'metrics', 'data_points'])
  const tally = new Tally('data point', limits.messageBytesMax)
  const time = new RequestTime(clock, limits)
  const metrics = new MetricReader(wire, tally, time, limits)
  return createSignalDecoder({
    signal: 'metrics',
    limits,
    tally,
    time,
    tables: metrics.tables,
    items: metrics,
    request: metrics.request,
    dictionaries: metrics.dictionaries,
  })
}
