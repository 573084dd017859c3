import { systemTime, type Logger, type Time } from '@wayward/base'
import { encode, exportLogsRequest, exportMetricsRequest, exportTraceRequest } from '@wayward/otlp'
import type { ExportRequest, Sender } from '@wayward/collector/consumer'
import { createRouter, type Router } from '@wayward/collector/router/router'
import { checkRouterForm } from '@wayward/collector/router/router-settings'
import { toItems } from '@wayward/collector/router/item-request'
import type { RoutedItem } from '@wayward/collector/router/routed-item'
import { createTelemetry, type Telemetry } from '@wayward/collector/telemetry/telemetry'
import { createOtlpBatch } from '@wayward/metlog/wire'
import { createRecordingConsumer, type RecordingConsumer } from '../recording-consumer.ts'

const silent: Logger = { info() {}, warn() {}, error() {} }
const sender: Sender = { receiver: 'otlp_http', address: '127.0.0.1', agent: '', identity: '' }

/** A router before a consumer that records. */
export interface RouterHarness {
  readonly router: Router
  readonly consumer: RecordingConsumer
  readonly telemetry: Telemetry
  /** The attributes and bodies that the store got, as `body` texts. */
  readonly stored: () => readonly string[]
}

export function startRouter(
  settings: unknown,
  { folder = '', time = systemTime }: { readonly folder?: string; readonly time?: Time } = {},
): RouterHarness {
  const consumer = createRecordingConsumer()
  const telemetry = createTelemetry()
  const router = createRouter(checkRouterForm(settings), {
    consumer: {
      ...consumer,
      consume: (request) => consumer.consume(request),
      consumeTogether: async ([first]) => await consumer.consume(first as ExportRequest),
      whenInserted: () => Promise.resolve(),
    },
    telemetry,
    logger: silent,
    time,
    folder,
  })
  return {
    router,
    consumer,
    telemetry,
    stored: () =>
      consumer.requests.flatMap((request) => toItems(request).map((item) => bodyOf(item))),
  }
}

function bodyOf(item: RoutedItem): string {
  return item.signal === 'logs' ? (item.record.body?.stringValue ?? '') : item.signal
}

/** A message of Metlog, of which all but its payload may be left out. */
export interface SmallMessage {
  readonly payload: string
  readonly type?: string
  readonly logger?: string
  readonly severity?: number
  readonly fields?: Readonly<Record<string, unknown>>
}

/** The requests that messages become: logs, metrics, or both. */
export function toRequests(
  messages: readonly SmallMessage[],
  timeNs = 1_800_000_000_000_000_000n,
): readonly ExportRequest[] {
  const batch = createOtlpBatch()
  for (const {
    fields = {},
    logger = 'shop',
    payload,
    severity = 6,
    type = 'oldstyle',
  } of messages) {
    const wrong = batch.add(
      {
        type,
        logger,
        severity,
        payload,
        fields,
        hostname: 'host1',
        pid: 1,
        uuid: '',
        timeNs,
      },
      timeNs,
    )
    if (wrong !== undefined) throw new Error(wrong.message)
  }
  const logs = batch.toLogs()
  const metrics = batch.toMetrics()
  const request = { encoding: 'protobuf', sender } as const
  return [
    ...(logs === undefined
      ? []
      : [{ ...request, signal: 'logs', body: encode(exportLogsRequest, logs) } as const]),
    ...(metrics === undefined
      ? []
      : [{ ...request, signal: 'metrics', body: encode(exportMetricsRequest, metrics) } as const]),
  ]
}

/** Log records as one request. */
export function toLogs(...payloads: readonly string[]): ExportRequest {
  const [request] = toRequests(payloads.map((payload) => ({ payload })))
  return request as ExportRequest
}

/** A request of spans; each is a name, a trace id and a duration. */
export function toSpans(
  spans: readonly {
    readonly name: string
    readonly traceId?: string
    readonly durationMs?: number
  }[],
): ExportRequest {
  const startNs = 1_800_000_000_000_000_000n
  const body = encode(exportTraceRequest, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        schemaUrl: 'https://example.com/resource',
        scopeSpans: [
          {
            scope: { name: 'test' },
            schemaUrl: 'https://example.com/scope',
            spans: spans.map(({ durationMs = 1, name, traceId = '0'.repeat(31) + '1' }, index) => ({
              name,
              traceId: Buffer.from(traceId, 'hex'),
              spanId: Buffer.from((index + 1).toString(16).padStart(16, '0'), 'hex'),
              startTimeUnixNano: startNs,
              endTimeUnixNano: startNs + BigInt(durationMs * 1e6),
            })),
          },
        ],
      },
    ],
  })
  return { signal: 'traces', encoding: 'protobuf', body, sender }
}

/** The items of messages. */
export function toRouted(
  messages: readonly SmallMessage[],
  timeNs?: bigint,
): readonly RoutedItem[] {
  return toRequests(messages, timeNs).flatMap((request) => toItems(request))
}

/** Waits until a condition holds. @throws where it does not within fifteen seconds */
export async function until(isMet: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!(await isMet())) {
    if (performance.now() > endMs) throw new Error(`It did not come: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
