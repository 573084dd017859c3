import { createRequire } from 'node:module'
import type { Signal } from '@wayward/collector/consumer'
import type { OracleRequest } from './expected-rows.ts'

interface OracleMessage {
  decode(bytes: Uint8Array): object
  encode(message: object): { finish(): Uint8Array }
  fromObject(value: object): object
  toObject(message: object, options: object): OracleRequest
}
interface OracleRoot {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: OracleMessage } }
        readonly logs: { readonly v1: { readonly ExportLogsServiceRequest: OracleMessage } }
        readonly metrics: { readonly v1: { readonly ExportMetricsServiceRequest: OracleMessage } }
      }
    }
  }
}

/** 64-bit integers for protobufjs: its own dependency, not one of this project. */
const longName = 'long'

/** protobufjs' generated code for OTLP: the other opinion on what bytes mean. */
export function oracle(signal: Signal): OracleMessage {
  const path = createRequire(import.meta.url).resolve('otlp-oracle/build/src/generated/root.js')
  const require = createRequire(path)
  // Without Long, which it does not find by itself in an ES module, the oracle rounds 64-bit
  // integers.
  const protobuf = require('protobufjs/minimal') as { util: { Long: unknown }; configure(): void }
  const long = require(longName) as { default?: unknown }
  protobuf.util.Long = long.default ?? long
  protobuf.configure()
  const root = require(path) as OracleRoot
  const { trace, logs, metrics } = root.opentelemetry.proto.collector
  return {
    traces: trace.v1.ExportTraceServiceRequest,
    logs: logs.v1.ExportLogsServiceRequest,
    metrics: metrics.v1.ExportMetricsServiceRequest,
  }[signal]
}

export function oracleObject(signal: Signal, bytes: Uint8Array): OracleRequest {
  const message = oracle(signal)
  return message.toObject(message.decode(bytes), { longs: String, enums: Number })
}
