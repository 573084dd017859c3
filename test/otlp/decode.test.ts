// Goal: bytes from outside give a value or MalformedError, and nothing else. Method: requests that
// are cut at every byte, spoilt at random, and forms that protobuf allows but few write.
import {
  decode,
  encode,
  exportTraceRequest,
  MalformedError,
  ProtobufWriter,
  span,
} from '@wayward/otlp'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../collector/decode/random.ts'
import { randomValue } from './random-value.ts'

describe('decode()', () => {
  test('refuses what is cut, or reads what is whole of it', () => {
    const request = {
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'GET /', startTimeUnixNano: 5n }] }] }],
    }
    const bytes = encode(exportTraceRequest, request)
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decode(exportTraceRequest, bytes.subarray(0, length))).toThrow(MalformedError)
    }
  })

  test('throws nothing but MalformedError for spoilt bytes', () => {
    let refused = 0
    for (let seed = 1; seed <= 2000; seed++) {
      const random = createRandom(seed)
      const bytes = encode(exportTraceRequest, randomValue(random, exportTraceRequest))
      for (let i = 0; i < 3; i++) bytes[random.below(bytes.length)] = random.below(256)
      try {
        decode(exportTraceRequest, bytes)
      } catch (error) {
        if (!(error instanceof MalformedError)) throw new Error(`Seed ${seed}`, { cause: error })
        refused++
      }
    }
    expect(refused).toBeGreaterThan(100)
  })

  test('passes over fields that it does not know, of every wire type', () => {
    const writer = new ProtobufWriter()
    writer.integer(100, 2n ** 63n)
    writer.fixed64(101, 1n)
    writer.string(102, 'unknown')
    writer.fixed32(103, 1)
    writer.string(5, 'known')
    expect(decode(span, writer.toBytes())).toEqual({ name: 'known' })
  })

  test('takes the last of a field and puts parts of a message together', () => {
    const writer = new ProtobufWriter()
    writer.string(5, 'first')
    writer.string(5, 'last')
    writer.content(15, encodeStatus({ code: 2 }))
    writer.content(15, encodeStatus({ message: 'late' }))
    expect(decode(span, writer.toBytes())).toEqual({
      name: 'last',
      status: { code: 2, message: 'late' },
    })
  })

  test('says where a message is wrong', () => {
    expect(() => decode(span, Uint8Array.of(0x2d, 0, 0, 0, 0))).toThrow(
      "Malformed protobuf at byte 1: field 'name' has wire type 5, wanted 2",
    )
    expect(() => decode(span, Uint8Array.of(0x2a, 9, 65))).toThrow(
      'Malformed protobuf at byte 2: a field of 9 bytes runs past the end, 1 bytes are left',
    )
    const endless = new Uint8Array(11).fill(255)
    expect(() => decode(span, endless)).toThrow('an integer takes more than 10 bytes')
    expect(() => decode(span, Uint8Array.of(0x2b))).toThrow("field 'name' has wire type 3")
    expect(() => decode(span, Uint8Array.of(0xa3, 0x06))).toThrow(
      'a field has wire type 3, wanted 0, 1, 2 or 5',
    )
  })

  test('refuses a message that is nested without end', () => {
    let bytes: Uint8Array = new Uint8Array(0)
    // AnyValue in ArrayValue in AnyValue …
    for (let depth = 0; depth < 500; depth++) {
      const writer = new ProtobufWriter()
      writer.content(depth % 2 === 0 ? 1 : 5, bytes)
      bytes = writer.toBytes()
    }
    const attribute = new ProtobufWriter()
    attribute.content(2, bytes)
    const writer = new ProtobufWriter()
    writer.content(9, attribute.toBytes())
    expect(() => decode(span, writer.toBytes())).toThrow('nested more than 100 deep')
  })
})

function encodeStatus(status: { code?: number; message?: string }): Uint8Array {
  const writer = new ProtobufWriter()
  if (status.message !== undefined) writer.string(2, status.message)
  if (status.code !== undefined) writer.integer(3, status.code)
  return writer.toBytes()
}
