import protobuf from 'protobufjs'

// The messages of google.rpc and of OTLP's answers, as their .proto files have them: the oracle for
// the bytes that the receivers write by hand.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ExportPartialSuccess { int64 rejected = 1; string error_message = 2; }
  message ExportResponse { ExportPartialSuccess partial_success = 1; }
`)

export interface DecodedStatus {
  readonly code: number
  readonly message: string
  readonly retryDelayMs: number | undefined
}

export function decodeStatus(bytes: Uint8Array): DecodedStatus {
  const { code, message, details } = decode('Status', bytes) as StatusMessage
  const [info] = details
  if (info === undefined) return { code, message, retryDelayMs: undefined }
  const { retryDelay } = decode('RetryInfo', info.value) as RetryInfoMessage
  const retryDelayMs = (retryDelay.seconds ?? 0) * 1000 + (retryDelay.nanos ?? 0) / 1e6
  return { code, message, retryDelayMs }
}

export function decodeExportResponse(
  bytes: Uint8Array,
): { readonly rejected: number; readonly errorMessage: string } | undefined {
  return (decode('ExportResponse', bytes) as ExportResponseMessage).partialSuccess
}

interface StatusMessage {
  readonly code: number
  readonly message: string
  readonly details: readonly { readonly value: Uint8Array }[]
}

interface RetryInfoMessage {
  readonly retryDelay: { readonly seconds?: number; readonly nanos?: number }
}

interface ExportResponseMessage {
  readonly partialSuccess?: { readonly rejected: number; readonly errorMessage: string }
}

function decode(name: string, bytes: Uint8Array): object {
  const type = root.lookupType(name)
  return type.toObject(type.decode(bytes), { longs: Number, defaults: false, arrays: true })
}
