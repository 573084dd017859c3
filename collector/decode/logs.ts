import { WireReader } from '@wayward/otlp'
import type { Clock, SignalDecoder } from './decoder.ts'
import { RequestTime } from './item-checks.ts'
import type { DecodeLimits } from './limits.ts'
import { LogReader } from './log-reader.ts'
import { createSignalDecoder } from './signal-decoder.ts'
import { Tally } from './tally.ts'

/** Decodes OTLP log requests into blocks of the stock table `otel_logs`. */
export function createLogsDecoder(limits: DecodeLimits, clock: Clock): SignalDecoder {
  const wire = new WireReader(['resource_logs', 'scope_logs', 'log_records'])
  const tally = new Tally('log record', limits.messageBytesMax)
  const time = new RequestTime(clock, limits)
  const logs = new LogReader(wire, tally, time, limits)
  return createSignalDecoder({
    signal: 'logs',
    limits,
    tally,
    time,
    tables: [{ table: 'otel_logs', block: logs.block, lists: logs.lists }],
    items: logs,
    request: logs.request,
    dictionaries: logs.dictionaries,
  })
}
