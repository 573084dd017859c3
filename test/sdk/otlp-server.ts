import { Server, ServerCredentials } from '@grpc/grpc-js'
import { oracle } from '../collector/decode/oracle.ts'

interface KeyValue {
  readonly key: string
  readonly value?: Record<string, unknown>
}

/** What arrived, as far as the tests look at it. */
interface Arrived {
  readonly name: string
  readonly attributes: Record<string, unknown>
  readonly resource: Record<string, unknown>
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
  readonly traceId: string
}

export interface OtlpServer {
  readonly url: string
  readonly spans: Arrived[]
  readonly events: Arrived[]
  readonly metadata: Record<string, unknown>[]
  /** The same as it was on the wire. */
  readonly raw: { readonly spans: Item[]; readonly events: Item[] }
  close(): void
}

/**
 * A collector's stand-in: a real OTLP/gRPC server, decoded with OpenTelemetry's own generated code.
 */
export async function startOtlpServer(wantedPort = 0): Promise<OtlpServer> {
  const spans: Arrived[] = []
  const events: Arrived[] = []
  const metadata: Record<string, unknown>[] = []
  const received = { spans: [] as Item[], events: [] as Item[] }
  const server = new Server()
  const raw = (path: string, onBytes: (bytes: Buffer) => void) => ({
    export: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: Buffer) => value,
      requestDeserialize: (value: Buffer) => {
        onBytes(value)
        return value
      },
      responseSerialize: (value: Buffer) => value,
      responseDeserialize: (value: Buffer) => value,
    },
  })
  const options = { longs: String, enums: String, bytes: String }
  const traces = raw('/opentelemetry.proto.collector.trace.v1.TraceService/Export', (bytes) => {
    const type = oracle('traces')
    const request = type.toObject(type.decode(bytes), options) as unknown as TracesRequest
    for (const { resource, scopeSpans } of request.resourceSpans ?? []) {
      for (const scope of scopeSpans ?? []) {
        for (const span of scope.spans ?? []) {
          spans.push(toArrived(span, resource))
          received.spans.push(span)
        }
      }
    }
  })
  const logs = raw('/opentelemetry.proto.collector.logs.v1.LogsService/Export', (bytes) => {
    const type = oracle('logs')
    const request = type.toObject(type.decode(bytes), options) as unknown as LogsRequest
    for (const { resource, scopeLogs } of request.resourceLogs ?? []) {
      for (const scope of scopeLogs ?? []) {
        for (const record of scope.logRecords ?? []) {
          events.push(toArrived(record, resource))
          received.events.push(record)
        }
      }
    }
  })
  const answer = {
    export: (
      call: { metadata: { getMap(): Record<string, unknown> } },
      done: (error: null, value: Buffer) => void,
    ) => {
      metadata.push(call.metadata.getMap())
      done(null, Buffer.alloc(0))
    },
  }
  server.addService(traces, answer)
  server.addService(logs, answer)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `127.0.0.1:${wantedPort}`,
      ServerCredentials.createInsecure(),
      (error, bound) => (error === null ? resolve(bound) : reject(error)),
    )
  })
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    events,
    metadata,
    raw: received,
    close: () => server.forceShutdown(),
  }
}

/** A span or a log record, as far as the tests look at it. */
export interface Item {
  readonly name?: string
  readonly eventName?: string
  readonly body?: { readonly stringValue?: string }
  readonly attributes?: readonly KeyValue[]
  readonly startTimeUnixNano?: string
  readonly timeUnixNano?: string
  readonly traceId?: string
  readonly spanId?: string
}

interface ResourceItem {
  readonly attributes?: readonly KeyValue[]
}

interface TracesRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: ResourceItem
    readonly scopeSpans?: readonly { readonly spans?: readonly Item[] }[]
  }[]
}

interface LogsRequest {
  readonly resourceLogs?: readonly {
    readonly resource?: ResourceItem
    readonly scopeLogs?: readonly { readonly logRecords?: readonly Item[] }[]
  }[]
}

function toArrived(item: Item, resource: ResourceItem | undefined): Arrived {
  return {
    name: item.name ?? item.eventName ?? item.body?.stringValue ?? '',
    attributes: toRecord(item.attributes),
    resource: toRecord(resource?.attributes),
    startTimeUnixNano: item.startTimeUnixNano ?? '',
    timeUnixNano: item.timeUnixNano ?? '',
    traceId: item.traceId ?? '',
  }
}

function toRecord(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value ?? {})[0]]),
  )
}
