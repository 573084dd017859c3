import { WireReader } from '@wayward/otlp'
import type { Clock, SignalDecoder } from './decoder.ts'
import { RequestTime } from './item-checks.ts'
import type { DecodeLimits } from './limits.ts'
import { createSignalDecoder } from './signal-decoder.ts'
import { SpanReader } from './span-reader.ts'
import { Tally } from './tally.ts'

/** Decodes OTLP trace requests into blocks of the stock table `otel_traces`. */
export function createTracesDecoder(limits: DecodeLimits, clock: Clock): SignalDecoder {
  const wire = new WireReader(['resource_spans', 'scope_spans', 'spans'])
  const tally = new Tally('span', limits.messageBytesMax)
  const time = new RequestTime(clock, limits)
  const spans = new SpanReader(wire, tally, time, limits)
  return createSignalDecoder({
    signal: 'traces',
    limits,
    tally,
    time,
    tables: [{ table: 'otel_traces', block: spans.block, lists: spans.lists }],
    items: spans,
    request: spans.request,
    dictionaries: spans.dictionaries,
  })
}
