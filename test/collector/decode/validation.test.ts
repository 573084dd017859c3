import type { SignalDecoder } from '@wayward/collector/decode/decoder'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { expect, test } from 'vitest'
import { readNativeBlock } from '../../clickhouse/native/native-reader.ts'
import {
  bytesField,
  concat,
  doubleField,
  fixed64Field,
  integerField,
  varint,
} from './proto-writer.ts'
import { nowMs } from './request-generator.ts'

const nowNs = BigInt(nowMs) * 1_000_000n
const clock = () => nowMs
const traceId = new Uint8Array(16).fill(0xab)
const spanId = new Uint8Array(8).fill(0xcd)

interface SpanParts {
  readonly traceId?: Uint8Array
  readonly spanId?: Uint8Array
  readonly start?: bigint
  readonly end?: bigint
  readonly extra?: readonly Uint8Array[]
}

function span(parts: SpanParts = {}): Uint8Array {
  return concat([
    bytesField(1, parts.traceId ?? traceId),
    bytesField(2, parts.spanId ?? spanId),
    bytesField(5, 'work'),
    fixed64Field(7, parts.start ?? nowNs),
    fixed64Field(8, parts.end ?? nowNs + 5n),
    ...(parts.extra ?? []),
  ])
}

function request(
  items: readonly Uint8Array[],
  resource: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const scope = concat(items.map((item) => bytesField(2, item)))
  return bytesField(1, concat([bytesField(1, resource), bytesField(2, scope)]))
}

function attribute(key: Uint8Array | string, value: Uint8Array): Uint8Array {
  return concat([bytesField(1, key), bytesField(2, value)])
}

function nested(depth: number): Uint8Array {
  let value = bytesField(1, 'deep')
  for (let i = 0; i < depth; i++) value = bytesField(5, bytesField(1, value))
  return value
}

function attributes(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    bytesField(9, attribute(`key.${i}`, integerField(3, i))),
  )
}

function rowsOf(decoder: SignalDecoder) {
  return readNativeBlock(Buffer.concat(decoder.blocks[0].take())).rows
}

const rejected: readonly [string, Uint8Array, string | RegExp][] = [
  [
    'a short trace id',
    span({ traceId: new Uint8Array(15).fill(1) }),
    'trace_id has 15 bytes, wanted 16',
  ],
  ['no trace id', span({ traceId: new Uint8Array(0) }), 'trace_id has 0 bytes, wanted 16'],
  ['a zero trace id', span({ traceId: new Uint8Array(16) }), 'trace_id is all zero'],
  ['a long span id', span({ spanId: new Uint8Array(9).fill(1) }), 'span_id has 9 bytes, wanted 8'],
  ['a zero span id', span({ spanId: new Uint8Array(8) }), 'span_id is all zero'],
  [
    'a parent id of 3 bytes',
    span({ extra: [bytesField(4, 'abc')] }),
    'parent_span_id has 3 bytes, wanted 8 or 0',
  ],
  ['no time', span({ start: 0n, end: 0n }), 'start_time_unix_nano is 0, wanted nanoseconds'],
  [
    'a start time in two days',
    span({ start: nowNs + 2n * 86_400_000_000_000n }),
    /start_time_unix_nano is 17951728\d+, wanted at most 17950864\d+ \(/,
  ],
  ['an end time of 2^63', span({ end: 2n ** 63n }), 'end_time_unix_nano is 9223372036854775808,'],
  [
    '10,000 attributes',
    span({ extra: attributes(10_000) }),
    'attributes has more than 1024 entries',
  ],
  [
    'an event with 10,000 attributes',
    span({
      extra: [
        bytesField(
          11,
          concat(attributes(10_000).map((field) => concat([varint(26), field.subarray(1)]))),
        ),
      ],
    }),
    'events.attributes has more than 1024 entries',
  ],
  [
    '2,000 events',
    span({ extra: Array.from({ length: 2000 }, () => bytesField(11, bytesField(2, 'e'))) }),
    'events has more than 1024 entries',
  ],
  [
    '2,000 links',
    span({ extra: Array.from({ length: 2000 }, () => bytesField(13, new Uint8Array(0))) }),
    'links has more than 1024 entries',
  ],
  [
    'a link with an id of 3 bytes',
    span({ extra: [bytesField(13, bytesField(1, 'abc'))] }),
    'links.trace_id has 3 bytes, wanted 16 or 0',
  ],
  [
    'a value 33 levels deep',
    span({ extra: [bytesField(9, attribute('deep', nested(33)))] }),
    'nested deeper than 32 levels',
  ],
  [
    'a value 2,000 levels deep',
    span({ extra: [bytesField(9, attribute('deep', nested(2000)))] }),
    'nested deeper than 32 levels',
  ],
]

test.each(rejected)('decode() rejects a span with %s alone', (_name, bad, reason) => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const rich = span({
    extra: [
      ...attributes(40),
      bytesField(11, concat([bytesField(2, 'event'), bytesField(3, attribute('e', nested(1)))])),
      bytesField(13, bytesField(3, 'state')),
    ],
  })
  const result = decoder.decode('protobuf', request([rich, bad, bad, rich]))
  expect(result).toMatchObject({ status: 'decoded', acceptedItems: 2, rejectedItems: 2 })
  expect(result.message).toMatch(/^Rejected 2 of 4 spans; first: span 1: /)
  expect(result.message).toMatch(reason)
  expect(Buffer.byteLength(result.message)).toBeLessThanOrEqual(1024)
  const rows = rowsOf(decoder)
  expect(rows).toHaveLength(2)
  expect(rows[0]).toEqual(rows[1])
  expect(rows[0]).toMatchObject({ 'Events.Name': ['event'], 'Links.TraceState': ['state'] })
  // The dictionaries and shapes that the refused spans left must not touch what follows.
  decoder.decode('protobuf', request([rich]))
  expect(rowsOf(decoder)).toEqual([rows[0]])
})

test('decode() keeps keys and their order right after a rejected span took ids of keys back', () => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const pair = (a: string, b: string) => [
    bytesField(9, attribute(a, bytesField(1, a))),
    bytesField(9, attribute(b, bytesField(1, b))),
  ]
  decoder.decode(
    'protobuf',
    request([
      span({ extra: pair('a', 'b'), start: 0n, end: 0n }),
      span({ extra: pair('z', 'y') }),
      span({ extra: pair('b', 'a') }),
    ]),
  )
  expect(rowsOf(decoder).map((row) => row['SpanAttributes'])).toEqual([
    [
      ['y', 'y'],
      ['z', 'z'],
    ],
    [
      ['a', 'a'],
      ['b', 'b'],
    ],
  ])
})

const malformed: readonly [string, Uint8Array, string][] = [
  [
    'a truncated request',
    request([span()]).subarray(0, 50),
    'at byte 1, in resource_spans[0]: a field of 58',
  ],
  [
    'a length past the end',
    request([concat([varint(74), varint(500)])]),
    'spans[0]: a field of 500 bytes runs past',
  ],
  [
    'a varint of 11 bytes',
    request([concat([varint(48), new Uint8Array(11).fill(255)])]),
    'more than 10 bytes',
  ],
  [
    'a varint that does not end',
    request([concat([varint(48), Uint8Array.of(255)])]),
    'an integer runs past the end',
  ],
  ['a group', request([Uint8Array.of(0x2b)]), "field 'name' has wire type 3, wanted 2"],
  [
    'an unknown group',
    request([concat([varint(50 * 8 + 3)])]),
    'field 50 has wire type 3, wanted 0, 1, 2 or 5',
  ],
  ['wire type 7', request([concat([varint(50 * 8 + 7)])]), 'field 50 has wire type 7'],
  ['field number 0', request([Uint8Array.of(0x02, 0x00)]), 'a field has number 0'],
  [
    'a number as name',
    request([integerField(5, 7)]),
    "spans[0]: field 'name' has wire type 0, wanted 2",
  ],
  [
    'a truncated time',
    request([Uint8Array.of(0x39, 1, 2)]),
    'a field of 8 bytes runs past the end of its message, 2',
  ],
  [
    'a wrong attribute',
    request([span({ extra: [bytesField(9, Uint8Array.of(0x0a, 9))] })]),
    'spans[0].attributes: a field of 9',
  ],
  [
    'a wrong value',
    request([span({ extra: [bytesField(9, attribute('k', Uint8Array.of(0x18)))] })]),
    'spans[0].value: an integer runs',
  ],
  ['text', Buffer.from('hello there'), 'in the request:'],
]

test.each(malformed)('decode() refuses a request with %s as a whole', (_name, bad, message) => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const good = request([span({ extra: attributes(3) })])
  decoder.decode('protobuf', good)
  const result = decoder.decode('protobuf', concat([good, bad]))
  expect(result.status).toBe('malformed')
  expect(decoder.decode('protobuf', bad).message).toContain(message)
  expect(decoder.decode('protobuf', bad).message).toMatch(/^Malformed protobuf at byte \d+, in /)
  expect(decoder.blocks[0].rows).toBe(1)
  decoder.decode('protobuf', good)
  const rows = rowsOf(decoder)
  expect(rows).toHaveLength(2)
  expect(rows[1]).toEqual(rows[0])
})

test('decode() accepts an empty request', () => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const nothing = { status: 'decoded', acceptedItems: 0, rejectedItems: 0, message: '' }
  expect(decoder.decode('protobuf', new Uint8Array(0))).toEqual(nothing)
  expect(decoder.decode('json', Buffer.from('{}'))).toEqual(nothing)
  expect(rowsOf(decoder)).toEqual([])
})

test('decode() merges a resource in pieces and takes a 32-level value', () => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const piece = (key: string) => bytesField(1, bytesField(1, attribute(key, bytesField(1, key))))
  const deep = span({ extra: [bytesField(9, attribute('deep', nested(32)))] })
  const group = concat([
    piece('service.name'),
    bytesField(2, bytesField(2, deep)),
    piece('host.name'),
  ])
  expect(decoder.decode('protobuf', bytesField(1, group)).message).toBe('')
  const [row] = rowsOf(decoder)
  expect(row?.['ServiceName']).toBe('service.name')
  expect(row?.['ResourceAttributes']).toEqual([
    ['host.name', 'host.name'],
    ['service.name', 'service.name'],
  ])
  expect(row?.['SpanAttributes']).toEqual([['deep', `${'['.repeat(32)}"deep"${']'.repeat(32)}`]])
})

test('decode() rejects every span below a resource or scope that has too many attributes', () => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const many = Array.from({ length: 1025 }, () => bytesField(1, attribute('k', bytesField(1, 'v'))))
  const body = concat([request([span(), span()], concat(many)), request([span()])])
  const result = decoder.decode('protobuf', body)
  expect(result).toMatchObject({ acceptedItems: 1, rejectedItems: 2 })
  expect(result.message).toContain('span 0: resource.attributes has more than 1024 entries')
  const scope = bytesField(1, concat(many.map((field) => concat([varint(26), field.subarray(1)]))))
  const group = bytesField(1, bytesField(2, concat([scope, bytesField(2, span())])))
  expect(decoder.decode('protobuf', group).message).toContain('scope.attributes has more than 1024')
  expect(rowsOf(decoder)).toHaveLength(1)
})

test('decode() bounds what one resource makes of many spans', () => {
  const limits = { ...defaultDecodeLimits, copiedBytesMax: 10_000 }
  const decoder = createTracesDecoder(limits, clock)
  const resource = bytesField(1, attribute('k', bytesField(1, 'v'.repeat(1000))))
  const result = decoder.decode(
    'protobuf',
    request(
      Array.from({ length: 50 }, () => span()),
      resource,
    ),
  )
  expect(result).toMatchObject({ acceptedItems: 9, rejectedItems: 41 })
  expect(result.message).toContain('wanted at most 10000')
})

test('decode() refuses a request whose rows no insert could carry, and keeps the others', () => {
  const limits = { ...defaultDecodeLimits, rowBytesMax: 10_000 }
  const decoder = createTracesDecoder(limits, clock)
  expect(decoder.decode('protobuf', request([span()])).status).toBe('decoded')
  // A control character takes six bytes within JSON.
  const value = bytesField(5, bytesField(1, bytesField(1, '\u0001'.repeat(2000))))
  const large = span({ extra: [bytesField(9, attribute('k', value))] })
  expect(decoder.decode('protobuf', request([large]))).toMatchObject({
    status: 'malformed',
    message: expect.stringContaining('wanted at most 10000; send smaller batches') as string,
  })
  expect(rowsOf(decoder)).toHaveLength(1)
})

test.each([
  ['spans', createTracesDecoder, (time: bigint) => span({ start: time, end: time })],
  ['records', createLogsDecoder, (time: bigint) => fixed64Field(1, time)],
  ['records by their observed time', createLogsDecoder, (time: bigint) => fixed64Field(11, time)],
])('decode() bounds the days of %s', (_name, create, item) => {
  const decoder = create({ ...defaultDecodeLimits, daysMax: 3 }, clock)
  const days = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, day) => item(nowNs - BigInt(day % 5) * 86_400_000_000_000n))
  const result = decoder.decode('protobuf', request(days(10)))
  expect(result).toMatchObject({ acceptedItems: 6, rejectedItems: 4 })
  expect(result.message).toContain('items of more than 3 different days, wanted at most 3')
  expect(decoder.blocks[0].days).toBe(3)
  expect(rowsOf(decoder)).toHaveLength(6)
  expect(decoder.blocks[0].days).toBe(0)
  expect(decoder.decode('protobuf', request(days(3)))).toMatchObject({ acceptedItems: 3 })
})

test('decode() bounds the values within one value', () => {
  const limits = { ...defaultDecodeLimits, nestedValuesMax: 10 }
  const decoder = createTracesDecoder(limits, clock)
  const list = (count: number): Uint8Array => {
    const values = Array.from({ length: count }, () => bytesField(1, integerField(3, -1)))
    return span({ extra: [bytesField(9, attribute('k', bytesField(5, concat(values))))] })
  }
  const result = decoder.decode('protobuf', request([list(10), list(11), list(10)]))
  expect(result).toMatchObject({ acceptedItems: 2, rejectedItems: 1 })
  expect(result.message).toContain('a value holds more than 10 values, wanted at most 10')
})

test('decode() keeps invalid UTF-8 with U+FFFD and warns', () => {
  const bad = Uint8Array.of(0x61, 0xff, 0xc3)
  const long = concat([Buffer.from('x'.repeat(100)), bad])
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const extra = [
    bytesField(5, bad),
    bytesField(9, attribute(bad, bytesField(1, bad))),
    bytesField(9, attribute('long', bytesField(1, long))),
  ]
  const result = decoder.decode('protobuf', request([span({ extra }), span({ extra })]))
  expect(result).toMatchObject({ acceptedItems: 2, rejectedItems: 0 })
  expect(result.message).toBe('Replaced what is not UTF-8 by U+FFFD in 8 texts')
  const rows = rowsOf(decoder)
  expect(rows[1]).toEqual(rows[0])
  expect(rows[0]).toMatchObject({
    SpanName: 'a\uFFFD\uFFFD',
    SpanAttributes: [
      ['a\uFFFD\uFFFD', 'a\uFFFD\uFFFD'],
      ['long', `${'x'.repeat(100)}a\uFFFD\uFFFD`],
    ],
  })
})

test('decode() stores a span that ends before it starts with duration 0 and warns', () => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const result = decoder.decode('protobuf', request([span({ end: nowNs - 1n })]))
  expect(result.message).toBe(
    'A span ends before it starts and is stored with duration 0 (1 times)',
  )
  expect(rowsOf(decoder)[0]?.['Duration']).toBe(0n)
})

test('decode() gives log records the first time there is: own, observed, received', () => {
  const decoder = createLogsDecoder(defaultDecodeLimits, clock)
  const logs = [
    concat([fixed64Field(1, 5n), fixed64Field(11, 6n)]),
    fixed64Field(11, 6n),
    bytesField(5, doubleField(4, 0.5)),
    bytesField(9, 'short'),
    bytesField(10, new Uint8Array(9)),
    fixed64Field(1, 2n ** 63n),
    bytesField(5, nested(40)),
  ]
  const result = decoder.decode('protobuf', request(logs))
  expect(result).toMatchObject({ acceptedItems: 3, rejectedItems: 4 })
  expect(result.message).toBe(
    'Rejected 4 of 7 log records; first: log record 3: trace_id has 5 bytes, wanted 16 or 0',
  )
  const rows = rowsOf(decoder)
  expect(rows.map((row) => row['Timestamp'])).toEqual([5n, 6n, nowNs])
  expect(rows.map((row) => row['Body'])).toEqual(['', '', '0.5'])
})

test('decode() keeps the message within its limit', () => {
  const decoder = createTracesDecoder({ ...defaultDecodeLimits, messageBytesMax: 40 }, clock)
  const { message } = decoder.decode('protobuf', request([span({ start: 0n, end: 0n })]))
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(40)
  expect(message).toMatch(/^Rejected 1 of 1 spans; .*…$/)
})

test.each([
  ['start', { start: 0n, end: nowNs + 5n }, 5n],
  ['end', { start: nowNs + 7n, end: 0n }, 7n],
])('decode() stores a span without its %s with the other time, and says so', (_name, times, ns) => {
  const decoder = createTracesDecoder(defaultDecodeLimits, clock)
  const result = decoder.decode('protobuf', request([span(times), span({})]))
  expect(result).toMatchObject({
    acceptedItems: 2,
    rejectedItems: 0,
    completedItems: 1,
    message: '1 spans have only one of start and end time, and were stored with that for both',
  })
  const [row] = rowsOf(decoder)
  expect(row).toMatchObject({ Timestamp: nowNs + ns, Duration: 0n })
})
