import protobuf from 'protobufjs'

// The messages of google.rpc and of OTLP's answers, as their .proto files have them: the oracle for the
// bytes that the receivers write by hand.
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
  const status = decode<{ code: number; message: string; details: { value: Uint8Array }[] }>(
    'Status',
    bytes,
  )
  const info = status.details[0]
  const delay =
    info === undefined
      ? undefined
      : decode<{ retryDelay: { seconds?: number; nanos?: number } }>('RetryInfo', info.value)
          .retryDelay
  return {
    code: status.code,
    message: status.message,
    retryDelayMs:
      delay === undefined ? undefined : (delay.seconds ?? 0) * 1000 + (delay.nanos ?? 0) / 1e6,
  }
}

export function decodeExportResponse(
  bytes: Uint8Array,
): { readonly rejected: number; readonly errorMessage: string } | undefined {
  return decode<{ partialSuccess?: { rejected: number; errorMessage: string } }>(
    'ExportResponse',
    bytes,
  ).partialSuccess
}

function decode<Message>(name: string, bytes: Uint8Array): Message {
  const type = root.lookupType(name)
  return type.toObject(type.decode(bytes), {
    longs: Number,
    defaults: false,
    arrays: true,
  }) as Message
}
