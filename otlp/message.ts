// A message of protobuf as a table of its fields. Tags, JSON names, the names in errors, the types
// of plain values, the writer and the readers all come from these tables, so none can disagree.
//
//   const status = message('Status', { message: string(2), code: enumeration(3) })
//   type Status = ValueOf<typeof status>   // { readonly message?: string, readonly code?: number }

/**
 * How a field's value is written, in protobuf's words; `id` is bytes that OTLP/JSON writes in hex.
 */
export type FieldKind =
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'enum'
  | 'int32'
  | 'sint32'
  | 'uint32'
  | 'fixed32'
  | 'int64'
  | 'uint64'
  | 'fixed64'
  | 'sfixed64'
  | 'double'
  | 'message'

/** How a value lies in the bytes (https://protobuf.dev/programming-guides/encoding/#structure). */
export type WireType = 0 | 1 | 2 | 5

/** A field; `Value` is the type of its plain value. */
export interface Field<Value = unknown> {
  readonly number: number
  readonly kind: FieldKind
  readonly isRepeated: boolean
  /** The message that the field holds, where its kind is `message`. */
  readonly message: Message | undefined
  /** Never there: it carries the type only. */
  readonly valueType?: Value
}

/** A field under its names. */
export interface NamedField extends Field {
  /** As OTLP/JSON writes it: `droppedAttributesCount`. */
  readonly jsonName: string
  /** As the `.proto` files write it: `dropped_attributes_count`. */
  readonly protoName: string
  readonly wireType: WireType
}

/** A message; `Value` is the type of its plain value. */
export interface Message<Value = unknown> {
  /** As the `.proto` files name it: `Span`. */
  readonly name: string
  /** In the order of their numbers. */
  readonly fields: readonly NamedField[]
  /** At most one of the fields is there (`oneof`): whoever found one need not look for more. */
  readonly isOneof: boolean
  /** Never there: it carries the type only. */
  readonly valueType?: Value
}

/** The type of a message's plain value: every field may be absent. */
export type ValueOf<M> = M extends Message<infer Value> ? Value : never

type Fields = Readonly<Record<string, Field>>
type FieldValues<F extends Fields> = {
  readonly [Name in keyof F]?: F[Name] extends Field<infer Value> ? Value : never
}

/** An integer of 64 bits; what exceeds 2^53 needs a bigint. */
export type Integer = number | bigint

/**
 * Declares a message.
 *
 * @param name as the `.proto` files have it
 * @param fields by JSON name
 */
export function message<F extends Fields>(name: string, fields: F): Message<FieldValues<F>> {
  return { name, isOneof: false, fields: namedFields(fields) }
}

/**
 * Declares a message that holds itself: its fields are asked for when they are first needed.
 *
 * @param name as the `.proto` files have it
 * @param fields by JSON name
 * @param options `isOneof`: all its fields are members of one `oneof`
 */
export function recursiveMessage<Value>(
  name: string,
  fields: () => Fields,
  { isOneof = false } = {},
): Message<Value> {
  let known: readonly NamedField[] | undefined
  return {
    name,
    isOneof,
    get fields() {
      known ??= namedFields(fields())
      return known
    },
  }
}

export const string = (number: number): Field<string> => field(number, 'string')
export const bytes = (number: number): Field<Uint8Array> => field(number, 'bytes')
export const id = (number: number): Field<Uint8Array> => field(number, 'id')
export const bool = (number: number): Field<boolean> => field(number, 'bool')
export const enumeration = (number: number): Field<number> => field(number, 'enum')
export const int32 = (number: number): Field<number> => field(number, 'int32')
export const sint32 = (number: number): Field<number> => field(number, 'sint32')
export const uint32 = (number: number): Field<number> => field(number, 'uint32')
export const fixed32 = (number: number): Field<number> => field(number, 'fixed32')
export const int64 = (number: number): Field<Integer> => field(number, 'int64')
export const uint64 = (number: number): Field<Integer> => field(number, 'uint64')
export const fixed64 = (number: number): Field<Integer> => field(number, 'fixed64')
export const sfixed64 = (number: number): Field<Integer> => field(number, 'sfixed64')
export const double = (number: number): Field<number> => field(number, 'double')

/** A field that holds a message. */
export function nested<Value>(number: number, of: Message<Value>): Field<Value> {
  return { number, kind: 'message', isRepeated: false, message: of }
}

/** A field that holds any number of messages. */
export function repeated<Value>(number: number, of: Message<Value>): Field<readonly Value[]> {
  return { number, kind: 'message', isRepeated: true, message: of }
}

/** A field of any number of numbers, in one piece ("packed"). */
export function list<Value>(of: Field<Value>): Field<readonly Value[]> {
  return { number: of.number, kind: of.kind, isRepeated: true, message: undefined }
}

/** How values of a kind lie in the bytes. */
export const wireTypes: Readonly<Record<FieldKind, WireType>> = {
  string: 2,
  bytes: 2,
  id: 2,
  message: 2,
  bool: 0,
  enum: 0,
  int32: 0,
  sint32: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
}

function field<Value>(number: number, kind: FieldKind): Field<Value> {
  return { number, kind, isRepeated: false, message: undefined }
}

function namedFields(fields: Fields): NamedField[] {
  return Object.entries(fields)
    .map(([jsonName, one]) => namedField(jsonName, one))
    .toSorted((a, b) => a.number - b.number)
}

function namedField(jsonName: string, one: Field): NamedField {
  const protoName = jsonName.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const { number, kind, isRepeated } = one
  // A list of numbers is written in one piece, of wire type 2.
  const wireType = isRepeated ? 2 : wireTypes[kind]
  return { number, kind, isRepeated, message: one.message, jsonName, protoName, wireType }
}
