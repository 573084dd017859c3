// Sends what is encoded already: the bytes of a batch are put behind those of the resource.
import { diag } from '@opentelemetry/api'
import type { ExportResult } from '@opentelemetry/core'
import {
  convertLegacyOtlpGrpcOptions,
  createOtlpGrpcExportDelegate,
} from '@opentelemetry/otlp-grpc-exporter-base'
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { RequestWriter } from '@wayward/record'
import type { Exporter, Item } from '../emit/export-queue.ts'
import { createHttpExporter } from '../emit/http-exporter.ts'
import { endpointFor, protocolFor } from '../process/environment.ts'

/** A span or a log record, as the content of its message. */
export interface EncodedItem extends Item {
  readonly bytes: Uint8Array
  readonly sequence: number | undefined
  /** Of a record: whose it is, and where it ends there. */
  readonly reader?: { markSent(end: number): void }
  readonly end?: number
}

/** How a signal is sent; the numbers are those of the fields in its request. */
const signals = {
  TRACES: {
    name: 'TraceExportService',
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    component: 'otlp_grpc_span_exporter',
    noun: 'span',
    deserialize: (bytes: Uint8Array) => ProtobufTraceSerializer.deserializeResponse(bytes),
  },
  LOGS: {
    name: 'LogsExportService',
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    component: 'otlp_grpc_log_exporter',
    noun: 'log',
    deserialize: (bytes: Uint8Array) => ProtobufLogsSerializer.deserializeResponse(bytes),
  },
} as const
export type RecordSignal = keyof typeof signals

export interface RecordExporterSettings {
  /** A `Resource` message. */
  readonly resource: Uint8Array
  readonly scopeName: string
  /** Goes before what the environment says. */
  readonly endpoint: string | undefined
}

/** An exporter of a signal that also lets go of what is under way. */
export interface RecordExporter extends Exporter<EncodedItem> {
  abandon(): void
}

export function createRecordExporter(
  signal: RecordSignal,
  settings: RecordExporterSettings,
): RecordExporter {
  const { endpoint } = settings
  const serializer = createSerializer(settings)
  if (protocolFor(signal, endpoint) === 'http/protobuf') {
    return createHttpExporter(signal, serializer, endpoint)
  }
  const { name, path, component, noun, deserialize } = signals[signal]
  const url = endpointFor(signal, endpoint)
  const delegate = createOtlpGrpcExportDelegate<EncodedItem[], object>(
    convertLegacyOtlpGrpcOptions(url === undefined ? {} : { url }, signal),
    { ...serializer, deserializeResponse: deserialize },
    component,
    { name: noun, countItems: (items) => items.length },
    undefined,
    name,
    path,
  )
  return {
    export: (items, onResult: (result: ExportResult) => void) => delegate.export(items, onResult),
    shutdown: () => delegate.shutdown(),
    abandon() {
      type Internals = { readonly _transport?: { shutdown?: () => void } }
      try {
        ;(delegate as Internals)._transport?.shutdown?.()
      } catch (error) {
        diag.warn('Cannot close the connection to the collector', error)
      }
    },
  }
}

/** A request of encoded items. */
function createSerializer({ resource, scopeName }: RecordExporterSettings): {
  serializeRequest(items: EncodedItem[]): Uint8Array
} {
  const writer = new RequestWriter(resource, scopeName)
  return { serializeRequest: (items) => writer.write(items) }
}
