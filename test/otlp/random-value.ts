import type { Message, NamedField } from '@wayward/otlp'
import type { Random } from '../collector/decode/random.ts'

const texts = [
  '',
  'a',
  'GET /cart',
  'Ümläut',
  '日本語',
  '🔒',
  'x'.repeat(47),
  'y'.repeat(200),
  'é'.repeat(48),
]
const doubles = [0, -0, 1, 0.1, -1.5, 1e21, 5e-324, Number.POSITIVE_INFINITY, Number.MAX_VALUE]

/** A plain value of a message with fields that its table has, each of them or not. */
export function randomValue(random: Random, message: Message, depth = 0): object {
  const value: Record<string, unknown> = {}
  for (const field of message.fields) {
    if (random.chance(depth > 6 ? 0.8 : 0.3)) continue
    if (message.isOneof && Object.keys(value).length > 0) break
    if (!field.isRepeated) value[field.jsonName] = fieldValue(random, field, depth)
    else {
      const count = 1 + random.below(3)
      value[field.jsonName] = Array.from({ length: count }, () => fieldValue(random, field, depth))
    }
  }
  return value
}

type Value = string | Uint8Array | boolean | number | bigint | object

function fieldValue(random: Random, field: NamedField, depth: number): Value {
  switch (field.kind) {
    case 'message':
      return randomValue(random, field.message as Message, depth + 1)
    case 'string':
      return random.pick(texts)
    case 'bytes':
    case 'id':
      return random.bytes(random.pick([0, 8, 16, 100]))
    case 'bool':
      return random.chance(0.5)
    case 'double':
      return random.pick(doubles)
    case 'enum':
    case 'uint32':
    case 'fixed32':
      return random.pick([0, 1, 127, 128, 300, 2 ** 31 - 1])
    case 'int32':
    case 'sint32':
      return random.pick([0, 1, -1, 63, -64, 64, 2 ** 31 - 1, -(2 ** 31)])
    case 'uint64':
    case 'fixed64':
      return random.pick([
        0n,
        1n,
        127n,
        128n,
        2n ** 32n,
        1_795_000_000_000_000_000n,
        2n ** 64n - 1n,
      ])
    case 'int64':
    case 'sfixed64':
      break
  }
  return random.pick([0n, -1n, 5n, -(2n ** 32n) - 1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n])
}
