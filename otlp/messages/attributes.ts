// opentelemetry/proto/common/v1/common.proto and resource/v1/resource.proto (OTLP 1.10).
import {
  bool,
  bytes,
  double,
  type Integer,
  int64,
  type Message,
  message,
  nested,
  recursiveMessage,
  repeated,
  string,
  uint32,
} from '../message.ts'

/**
 * A value of an attribute or a body: at most one of the fields is there; none is an empty value.
 */
export interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: Integer
  readonly doubleValue?: number
  readonly arrayValue?: ArrayValue
  readonly kvlistValue?: KeyValueList
  readonly bytesValue?: Uint8Array
}

/** An array; its values may be of different kinds. */
export interface ArrayValue {
  readonly values?: readonly AnyValue[]
}

/** A map: a list of keys and values, in which a key should be there once. */
export interface KeyValueList {
  readonly values?: readonly KeyValue[]
}

/** A key with its value. */
export interface KeyValue {
  readonly key?: string
  readonly value?: AnyValue
}

/** `common.v1.AnyValue`: a value of any kind. */
export const anyValue: Message<AnyValue> = recursiveMessage(
  'AnyValue',
  () => ({
    stringValue: string(1),
    boolValue: bool(2),
    intValue: int64(3),
    doubleValue: double(4),
    arrayValue: nested(5, arrayValue),
    kvlistValue: nested(6, keyValueList),
    bytesValue: bytes(7),
  }),
  { isOneof: true },
)

/** `common.v1.ArrayValue`: a list of values. */
export const arrayValue: Message<ArrayValue> = recursiveMessage('ArrayValue', () => ({
  values: repeated(1, anyValue),
}))

/** `common.v1.KeyValueList`: a list of keys with values. */
export const keyValueList: Message<KeyValueList> = recursiveMessage('KeyValueList', () => ({
  values: repeated(1, keyValue),
}))

/** `common.v1.KeyValue`: an attribute. */
export const keyValue: Message<KeyValue> = message('KeyValue', {
  key: string(1),
  value: nested(2, anyValue),
})

/** `resource.v1.Resource`: who reports. */
export const resource = message('Resource', {
  attributes: repeated(1, keyValue),
  droppedAttributesCount: uint32(2),
})

/** `common.v1.InstrumentationScope`: which library of it reports. */
export const scope = message('InstrumentationScope', {
  name: string(1),
  version: string(2),
  attributes: repeated(3, keyValue),
  droppedAttributesCount: uint32(4),
})
