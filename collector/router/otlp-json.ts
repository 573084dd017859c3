// OTLP/JSON becomes plain values by the tables of the messages: there integers of 64 bits are
// texts, ids hex, bytes base64. What a table does not have is left out; the store tells of it.
import type { Message, NamedField } from '@wayward/otlp'

const nestingMax = 100

/** Reads a message. @throws SyntaxError or TypeError where it is none */
export function fromJson(message: Message, text: string): unknown {
  return toMessage(message, JSON.parse(text), 0)
}

function toMessage(message: Message, value: unknown, depth: number): object {
  if (typeof value !== 'object' || value === null || depth > nestingMax) {
    throw new TypeError(`${message.name} is no object, or nested more than ${nestingMax} deep`)
  }
  const plain: Record<string, unknown> = {}
  const given = value as Readonly<Record<string, unknown>>
  for (const field of message.fields) {
    const content = given[field.jsonName] ?? given[field.protoName]
    if (content === undefined || content === null) continue
    plain[field.jsonName] = field.isRepeated
      ? (content as readonly unknown[]).map((one) => toValue(field, one, depth))
      : toValue(field, content, depth)
  }
  return plain
}

function toValue(field: NamedField, value: unknown, depth: number): unknown {
  switch (field.kind) {
    case 'message':
      return toMessage(field.message as Message, value, depth + 1)
    case 'id':
      return Uint8Array.from(Buffer.from(String(value), 'hex'))
    case 'bytes':
      return Uint8Array.from(Buffer.from(String(value), 'base64'))
    case 'int64':
    case 'sfixed64':
      return within(field, value, (whole) => BigInt.asIntN(64, whole))
    case 'uint64':
    case 'fixed64':
      return within(field, value, (whole) => BigInt.asUintN(64, whole))
    case 'double':
      return typeof value === 'number' || typeof value === 'string'
        ? Number(value)
        : refuse(field, value)
    case 'int32':
    case 'sint32':
    case 'enum':
      return Number(value) === (Number(value) | 0) ? Number(value) : refuse(field, value)
    case 'uint32':
    case 'fixed32':
      return Number(value) === Number(value) >>> 0 ? Number(value) : refuse(field, value)
    case 'string':
      return typeof value === 'string' ? value : refuse(field, value)
    case 'bool':
      break
  }
  return typeof value === 'boolean' ? value : refuse(field, value)
}

/** A whole number of 64 bits; what has more cannot be written again. */
function within(field: NamedField, value: unknown, clip: (whole: bigint) => bigint): bigint {
  const whole = BigInt(value as string | number)
  return clip(whole) === whole ? whole : refuse(field, value)
}

function refuse({ jsonName }: NamedField, value: unknown): never {
  throw new TypeError(`"${jsonName}" is ${JSON.stringify(value)}, which it cannot be`)
}
