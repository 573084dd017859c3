// What receivers share, made once.
import { createByteBudget } from '@wayward/base'
import type { Protection } from '../access/protection.ts'
import { single } from '../telemetry/process-metrics.ts'
import { createInflater } from './inflater.ts'
import type { ReceiverParts } from './receiver.ts'

/** Makes what receivers share of what the collector has. */
export function createReceiverParts(
  shared: Pick<ReceiverParts, 'consumer' | 'telemetry' | 'limits' | 'time' | 'mixUpLog'>,
  { access, tls, cors }: Protection,
): ReceiverParts {
  const { limits, telemetry } = shared
  const requestBytes = createByteBudget(limits.requestBytesInFlightMax)
  telemetry.observe(
    'requestBytes',
    single(() => requestBytes.usedBytes),
  )
  const inflater = createInflater(limits.requestBytesMax, limits.decompressionsMax)
  return { ...shared, inflater, requestBytes, access, tls, cors }
}
