// The process with both receivers and nothing behind them: every request is accepted as it is. It
// prints its addresses as JSON, and ends with its standard input.
import { defaultCollectorLimits } from '@wayward/collector'
import { createByteBudget, openAccess, systemTime } from '@wayward/base'
import type { Consumer, ConsumeOutcome } from '@wayward/collector/consumer'
import { createInflater } from '@wayward/collector/receivers/inflater'
import { createOtlpGrpcReceiver } from '@wayward/collector/receivers/otlp-grpc'
import { createOtlpHttpReceiver } from '@wayward/collector/receivers/otlp-http'
import { createTelemetry } from '@wayward/collector/telemetry/telemetry'

export interface NullReceiverAddresses {
  readonly otlpGrpc: string
  readonly otlpHttp: string
}

const limits = defaultCollectorLimits
const outcome: ConsumeOutcome = {
  status: 'accepted',
  acceptedItems: 1,
  rejectedItems: 0,
  message: '',
}
const consumer: Consumer = { consume: () => Promise.resolve(outcome) }

async function serve(): Promise<void> {
  const parts = {
    consumer,
    telemetry: createTelemetry(),
    limits,
    inflater: createInflater(limits.requestBytesMax, limits.decompressionsMax),
    requestBytes: createByteBudget(limits.requestBytesInFlightMax),
    access: openAccess,
    tls: undefined,
    cors: undefined,
    time: systemTime,
    mixUpLog: { note: () => undefined },
  }
  const grpc = createOtlpGrpcReceiver(parts)
  const http = createOtlpHttpReceiver(parts)
  const anyPort = { host: '127.0.0.1', port: 0 }
  const addresses: NullReceiverAddresses = {
    otlpGrpc: `127.0.0.1:${(await grpc.start(anyPort)).port}`,
    otlpHttp: `127.0.0.1:${(await http.start(anyPort)).port}`,
  }
  process.stdout.write(`${JSON.stringify(addresses)}\n`)
  process.stdin.on('end', () => process.exit(0)).resume()
}

if (import.meta.filename === process.argv[1]) await serve()
