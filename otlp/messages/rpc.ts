// google/rpc/status.proto and error_details.proto: what OTLP's servers answer when they refuse.
import { bytes, int32, int64, message, nested, repeated, string } from '../message.ts'

const any = message('google.protobuf.Any', { typeUrl: string(1), value: bytes(2) })

/** `google.rpc.Status`: why a request was refused. */
export const rpcStatus = message('google.rpc.Status', {
  code: int32(1),
  message: string(2),
  details: repeated(3, any),
})

/** `google.rpc.RetryInfo`: when to try again. */
export const retryInfo = message('google.rpc.RetryInfo', {
  retryDelay: nested(
    1,
    message('google.protobuf.Duration', { seconds: int64(1), nanos: int32(2) }),
  ),
})
