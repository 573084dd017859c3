// Goal: what is written is what protobuf's own library writes, byte for byte, and is read back as
// it was. Method: random values of every message, with protobufjs' code for OTLP as the oracle.
import {
  decode,
  encode,
  exportLogsRequest,
  exportMetricsRequest,
  exportTraceRequest,
  exportTraceResponse,
  keyValue,
  logRecord,
  type Message,
  numberDataPoint,
  retryInfo,
  rpcStatus,
  span,
} from '@wayward/otlp'
import { describe, expect, test } from 'vitest'
import { oracle } from '../collector/decode/oracle.ts'
import { createRandom } from '../collector/decode/random.ts'
import { decodeStatus } from '../collector/receivers/rpc-status.ts'
import { randomValue } from './random-value.ts'

const requests: Readonly<Record<'traces' | 'logs' | 'metrics', Message>> = {
  traces: exportTraceRequest,
  logs: exportLogsRequest,
  metrics: exportMetricsRequest,
}
const seeds = Array.from({ length: 150 }, (_, index) => 4100 + index)

describe.each(Object.entries(requests))('encode() of %s', (signal, message) => {
  const peer = oracle(signal as keyof typeof requests)

  test('writes what protobufjs writes', () => {
    for (const seed of seeds) {
      const value = randomValue(createRandom(seed), message)
      const wanted = peer.encode(peer.fromObject(forOracle(value))).finish()
      const seen = Buffer.from(encode(message, value)).toString('hex')
      expect(seen, `seed ${seed}`).toBe(Buffer.from(wanted).toString('hex'))
    }
  })

  test('is undone by decode()', () => {
    for (const seed of seeds) {
      const value = randomValue(createRandom(seed), message)
      expect(decode(message, encode(message, value)), `seed ${seed}`).toEqual(value)
    }
  })
})

describe('encode()', () => {
  test('writes the answers of servers as google.rpc has them', () => {
    const delay = encode(retryInfo, { retryDelay: { seconds: 2, nanos: 500_000_000 } })
    const typeUrl = 'type.googleapis.com/google.rpc.RetryInfo'
    const details = [{ typeUrl, value: delay }]
    const bytes = encode(rpcStatus, { code: 8, message: 'full', details })
    expect(decodeStatus(bytes)).toEqual({ code: 8, message: 'full', retryDelayMs: 2500 })
  })

  test('takes numbers for integers of 64 bits', () => {
    const numbers = [0, 1, -1, 2 ** 32, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, -(2 ** 53 - 1)]
    for (const number of numbers) {
      const bytes = encode(keyValue, { value: { intValue: number } })
      expect(decode(keyValue, bytes).value?.intValue).toBe(BigInt(number))
    }
    const point = encode(numberDataPoint, { asInt: -7, timeUnixNano: 2 ** 40 })
    expect(decode(numberDataPoint, point)).toEqual({ asInt: -7n, timeUnixNano: 2n ** 40n })
  })

  test('replaces halves of surrogate pairs', () => {
    const text = (value: string) => decode(span, encode(span, { name: value })).name
    expect(text('a\ud800b')).toBe('a\ufffdb')
    expect(text(`${'x'.repeat(300)}\udc00`)).toBe(`${'x'.repeat(300)}\ufffd`)
  })

  test('writes lengths at every border', () => {
    for (const length of [0, 1, 47, 48, 49, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
      const body = { stringValue: 'z'.repeat(length) }
      const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] }
      const read = decode(exportLogsRequest, encode(exportLogsRequest, request))
      expect(read, `length ${length}`).toEqual(request)
    }
  })

  test.each([
    [span, { name: 5 }, "Cannot write field 'name': wanted a string, got 5"],
    [span, { traceId: 'ab' }, "Cannot write field 'traceId': wanted a Uint8Array, got ab"],
    [span, { kind: 1.5 }, /'kind': wanted a whole number from -2147483648 to 2147483647, got 1.5/],
    [
      span,
      { startTimeUnixNano: 2 ** 60 },
      /wanted a whole number of 64 bits, from 2\^53 as a bigint/,
    ],
    [span, { startTimeUnixNano: -1 }, /'startTimeUnixNano': wanted .*, got -1/],
    [span, { attributes: {} }, "Cannot write field 'attributes': wanted an array, got object"],
    [logRecord, { body: 'text' }, "Cannot write field 'body': wanted an object, got text"],
    [logRecord, { flags: 2 ** 32 }, /'flags': wanted a whole number from 0 to 4294967295/],
    [keyValue, { value: { boolValue: 1 } }, /'boolValue': wanted true or false, got 1/],
    [keyValue, { value: { doubleValue: '1' } }, /'doubleValue': wanted a number, got 1/],
  ])('refuses values of another type: %#', (message: Message, value: unknown, text) => {
    expect(() => encode(message, value)).toThrow(TypeError)
    expect(() => encode(message, value)).toThrow(text)
  })

  test('writes nothing for a field that is undefined', () => {
    expect(encode(exportTraceResponse as Message, { partialSuccess: undefined })).toHaveLength(0)
  })
})

/** protobufjs takes 64-bit integers as decimal text. */
function forOracle(value: unknown): object {
  if (Array.isArray(value)) return value.map((one) => convert(one))
  const entries = Object.entries(value as object)
  return Object.fromEntries(entries.map(([name, one]) => [name, convert(one)]))
}

function convert(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'object' && !(value instanceof Uint8Array)) return forOracle(value)
  return value
}
