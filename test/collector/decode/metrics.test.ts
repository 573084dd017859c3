import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createMetricsDecoder } from '@wayward/collector/decode/metrics'
import { expect, test } from 'vitest'
import type { Row } from '../../clickhouse/native/native-reader.ts'
import {
  bytesField,
  concat,
  double,
  doubleField,
  fixed64,
  fixed64Field,
  integerField,
  packedField,
} from './proto-writer.ts'
import { nowMs } from './request-generator.ts'
import { countRows, takeRows } from './signals.ts'

const nowNs = BigInt(nowMs) * 1_000_000n
const time = fixed64Field(3, nowNs)
const traceId = new Uint8Array(16).fill(0xab)

function decoderOf(limits = defaultDecodeLimits) {
  return createMetricsDecoder(limits, () => nowMs)
}

function request(
  metrics: readonly Uint8Array[],
  resource: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const scope = concat(metrics.map((one) => bytesField(2, one)))
  return bytesField(1, concat([bytesField(1, resource), bytesField(2, scope)]))
}

function metric(kind: number, points: readonly Uint8Array[], ...more: Uint8Array[]): Uint8Array {
  const data = concat([...points.map((point) => bytesField(1, point)), ...more])
  return concat([bytesField(1, 'm'), bytesField(kind, data)])
}

const gaugeField = 5
const sum = 7
const histogramField = 9
const exponential = 10
const summary = 11

function times(count: number, make: () => Uint8Array): Uint8Array[] {
  return Array.from({ length: count }, make)
}

function numberPoint(...fields: Uint8Array[]): Uint8Array {
  return concat([time, doubleField(4, 1.5), ...fields])
}

function histogram(counts: number, bounds: number): Uint8Array {
  return concat([
    time,
    packedField(
      6,
      times(counts, () => fixed64(1n)),
    ),
    packedField(
      7,
      times(bounds, () => double(1)),
    ),
  ])
}

function attribute(key: string): Uint8Array {
  return concat([bytesField(1, key), bytesField(2, bytesField(1, 'v'))])
}

function nested(depth: number): Uint8Array {
  let value = bytesField(1, 'deep')
  for (let i = 0; i < depth; i++) value = bytesField(5, bytesField(1, value))
  return concat([bytesField(1, 'deep'), bytesField(2, value)])
}

const rejected: readonly [string, number, Uint8Array, string | RegExp][] = [
  ['no time', gaugeField, doubleField(4, 1), 'time_unix_nano is 0, wanted nanoseconds since 1970'],
  [
    'a time in two days',
    sum,
    fixed64Field(3, nowNs + 2n * 86_400_000_000_000n),
    /^.*: time_unix_nano is 17951728\d+, wanted at most/,
  ],
  [
    'a start time of 2^63',
    summary,
    concat([time, fixed64Field(2, 2n ** 63n)]),
    'start_time_unix_nano is 9223372036854775808',
  ],
  [
    '1,025 attributes',
    gaugeField,
    numberPoint(...times(1025, () => bytesField(7, attribute('k')))),
    'attributes has more than 1024 entries, wanted at most 1024',
  ],
  [
    'a value 33 levels deep',
    histogramField,
    concat([time, bytesField(9, nested(33))]),
    'a value is nested deeper than 32 levels',
  ],
  [
    '1,025 exemplars',
    sum,
    numberPoint(...times(1025, () => bytesField(5, doubleField(3, 1)))),
    'exemplars has more than 1024 entries',
  ],
  [
    'an exemplar with a trace id of 15 bytes',
    gaugeField,
    numberPoint(bytesField(5, bytesField(5, traceId.subarray(1)))),
    'exemplars.trace_id has 15 bytes, wanted 16 or 0',
  ],
  [
    'an exemplar with a span id of 9 bytes',
    histogramField,
    concat([time, bytesField(8, bytesField(4, new Uint8Array(9)))]),
    'exemplars.span_id has 9 bytes, wanted 8 or 0',
  ],
  [
    'an exemplar from the future',
    exponential,
    concat([time, bytesField(11, fixed64Field(2, 2n ** 62n))]),
    'exemplars.time_unix_nano is 4611686018427387904',
  ],
  [
    'an exemplar with 1,025 attributes',
    gaugeField,
    numberPoint(bytesField(5, concat(times(1025, () => bytesField(7, attribute('k')))))),
    'exemplars.filtered_attributes has more than 1024 entries',
  ],
  [
    'as many buckets as bounds',
    histogramField,
    histogram(3, 3),
    'bucket_counts has 3 entries and explicit_bounds 3, wanted one count more than bounds, or none of both',
  ],
  ['buckets missing', histogramField, histogram(0, 2), 'bucket_counts has 0 entries and'],
  ['bounds missing', histogramField, histogram(2, 0), 'explicit_bounds 0, wanted one count more'],
  [
    '4,097 buckets',
    histogramField,
    histogram(4097, 4096),
    'bucket_counts has more than 4096 entries, wanted at most 4096',
  ],
  [
    '4,097 negative buckets',
    exponential,
    concat([time, bytesField(9, bytesField(2, new Uint8Array(4097)))]),
    'negative.bucket_counts has more than 4096 entries',
  ],
  [
    '1,025 quantiles',
    summary,
    concat([time, ...times(1025, () => bytesField(6, doubleField(1, 0.5)))]),
    'quantile_values has more than 1024 entries',
  ],
]

/** A point of each kind with everything that it can have. */
const goodValues: Readonly<Record<number, Uint8Array>> = {
  [gaugeField]: numberPoint(
    bytesField(7, attribute('a')),
    bytesField(5, concat([doubleField(3, 2), bytesField(7, attribute('e'))])),
  ),
  [sum]: numberPoint(bytesField(7, attribute('a')), bytesField(5, doubleField(3, 2))),
  [histogramField]: concat([
    histogram(3, 2),
    bytesField(9, attribute('a')),
    bytesField(8, doubleField(3, 2)),
  ]),
  [exponential]: concat([
    time,
    bytesField(8, bytesField(2, Uint8Array.of(1, 2, 3))),
    bytesField(9, bytesField(2, Uint8Array.of(4))),
    bytesField(1, attribute('a')),
    bytesField(11, doubleField(3, 2)),
  ]),
  [summary]: concat([
    time,
    bytesField(6, concat([doubleField(1, 0.5), doubleField(2, 7)])),
    bytesField(7, attribute('a')),
  ]),
}
const good = (kind: number): Uint8Array => goodValues[kind] ?? new Uint8Array(0)
const allGood = request(
  Object.keys(goodValues).map((kind) => metric(Number(kind), [good(Number(kind))])),
)

test.each(rejected)('decode() rejects a point with %s alone', (_name, kind, bad, reason) => {
  const decoder = decoderOf()
  const points = [good(kind), bad, bad, good(kind)]
  const result = decoder.decode('protobuf', request([metric(kind, points)]))
  expect(result).toMatchObject({ status: 'decoded', acceptedItems: 2, rejectedItems: 2 })
  expect(result.message).toMatch(/^Rejected 2 of 4 data points; first: data point 1: /)
  expect(result.message).toMatch(reason)
  expect(countRows(decoder)).toBe(2)
  const [rows] = Object.values(takeRows(decoder)).filter((one) => one.length > 0)
  expect(rows?.[0]).toEqual(rows?.[1])
  decoder.decode('protobuf', request([metric(kind, [good(kind)])]))
  const [again] = Object.values(takeRows(decoder)).filter((one) => one.length > 0)
  expect(again).toEqual([rows?.[0]])
})

const malformed: readonly [string, Uint8Array, string][] = [
  [
    'a point that is cut off',
    request([metric(gaugeField, [Uint8Array.of(0x19, 1, 2)])]),
    'in resource_metrics[0].scope_metrics[0].metrics[0].data_points[0]: a field of 8 bytes',
  ],
  [
    'a gauge that is a number',
    request([integerField(gaugeField, 1)]),
    "field 'gauge' has wire type 0, wanted 2",
  ],
  [
    'a temporality that is text',
    request([metric(sum, [], bytesField(2, 'x'))]),
    "metrics[0]: field 'aggregation_temporality' has wire type 2, wanted 0",
  ],
  [
    'bucket counts of 7 bytes',
    request([metric(histogramField, [bytesField(6, new Uint8Array(7))])]),
    "'bucket_counts' has 7 bytes, wanted a multiple of 8",
  ],
  [
    'an exponential bucket that does not end',
    request([metric(exponential, [bytesField(8, bytesField(2, Uint8Array.of(255)))])]),
    'data_points[0].positive: an integer runs past the end',
  ],
  [
    'a quantile that is text',
    request([metric(summary, [bytesField(6, bytesField(1, 'x'))])]),
    "data_points[0].quantile_values: field 'quantile' has wire type 2, wanted 1",
  ],
  [
    'an exemplar whose value is text',
    request([metric(sum, [bytesField(5, bytesField(6, 'x'))])]),
    "data_points[0].exemplars: field 'as_int' has wire type 2, wanted 1",
  ],
]

// Goal: what is malformed takes back the rows of all five tables, whichever is the bad one.
test.each(malformed)('decode() refuses a request with %s as a whole', (_name, bad, message) => {
  const decoder = decoderOf()
  decoder.decode('protobuf', allGood)
  const result = decoder.decode('protobuf', concat([allGood, bad]))
  expect(result.status).toBe('malformed')
  expect(decoder.decode('protobuf', bad).message).toContain(message)
  expect(decoder.blocks.map((block) => block.rows)).toEqual([1, 1, 1, 1, 1])
  decoder.decode('protobuf', allGood)
  for (const rows of Object.values(takeRows(decoder))) expect(rows[0]).toEqual(rows[1])
})

test('decode() stores integers as doubles, and a point without a value as 0 with a warning', () => {
  const decoder = decoderOf()
  const points = [
    concat([time, fixed64Field(6, 2n ** 63n)]),
    concat([time, fixed64Field(6, 2n ** 53n + 1n)]),
    concat([time, doubleField(4, 1), fixed64Field(6, 7n)]),
    concat([time, integerField(8, 1)]),
    time,
  ]
  const result = decoder.decode('protobuf', request([metric(gaugeField, points)]))
  expect(result).toMatchObject({ acceptedItems: 5, rejectedItems: 0 })
  expect(result.message).toBe(
    'A data point has no value, nor a flag that says so, and is stored as 0 (1 times)',
  )
  const rows = takeRows(decoder)['otel_metrics_gauge'] ?? []
  expect(rows.map((row) => [row['Value'], row['Flags']])).toEqual([
    [-(2 ** 63), 0],
    [2 ** 53, 0],
    [7, 0],
    [0, 1],
    [0, 0],
  ])
})

test('decode() merges pieces of one kind, and of two kinds takes the last', () => {
  const decoder = decoderOf()
  const piece = (kind: number, value: number, ...more: Uint8Array[]): Uint8Array =>
    bytesField(kind, concat([bytesField(1, concat([time, doubleField(4, value)])), ...more]))
  const pieces = concat([
    piece(gaugeField, 1),
    piece(sum, 2, integerField(2, 1)),
    bytesField(1, 'late name'),
    piece(sum, 3, integerField(3, 1)),
  ])
  expect(decoder.decode('protobuf', request([pieces])).message).toBe('')
  const tables = takeRows(decoder)
  expect(tables['otel_metrics_gauge']).toEqual([])
  const shared = { MetricName: 'late name', AggregationTemporality: 1, IsMonotonic: 1 }
  expect(tables['otel_metrics_sum']).toMatchObject([
    { Value: 2, ...shared },
    { Value: 3, ...shared },
  ])
})

test('decode() leaves out a metric without data, says so, and accepts one without points', () => {
  const decoder = decoderOf()
  const result = decoder.decode('protobuf', request([bytesField(1, 'm'), metric(gaugeField, [])]))
  expect(result).toMatchObject({ status: 'decoded', acceptedItems: 0, rejectedItems: 0 })
  expect(result.message).toBe(
    'A metric has no data points of a kind that is known and is left out (1 times)',
  )
  expect(countRows(decoder)).toBe(0)
})

test('decode() keeps nothing of requests without rows', () => {
  const decoder = decoderOf()
  const empty = decoder.blocks.map((block) => block.bytes)
  for (let i = 0; i < 100; i++) {
    const resource = bytesField(1, attribute(`key ${i}`))
    const named = concat([bytesField(2, `description ${i}`), metric(gaugeField, [])])
    decoder.decode('protobuf', request([named, metric(sum, [doubleField(4, 1)])], resource))
  }
  expect(decoder.blocks.map((block) => block.bytes)).toEqual(empty)
})

test('decode() rejects every point below a resource that is refused, in all tables', () => {
  const decoder = decoderOf()
  const resource = concat(times(1025, () => bytesField(1, attribute('k'))))
  const metrics = [metric(gaugeField, [good(gaugeField)]), metric(sum, [good(sum), good(sum)])]
  const result = decoder.decode('protobuf', concat([request(metrics, resource), allGood]))
  expect(result).toMatchObject({ acceptedItems: 5, rejectedItems: 3 })
  expect(result.message).toContain('data point 0: resource.attributes has more than 1024 entries')
})

test('decode() bounds what the texts of a metric make of many points', () => {
  const decoder = decoderOf({ ...defaultDecodeLimits, copiedBytesMax: 10_000 })
  const points = times(50, () => good(gaugeField))
  const described = concat([bytesField(2, 'd'.repeat(999)), metric(gaugeField, points)])
  const result = decoder.decode('protobuf', request([described]))
  expect(result).toMatchObject({ acceptedItems: 10, rejectedItems: 40 })
  expect(result.message).toContain('wanted at most 10000')
})

test('decode() goes on with a block of one table after another was taken', () => {
  const decoder = decoderOf()
  const resource = bytesField(1, attribute('host.name'))
  const metrics = [metric(gaugeField, [good(gaugeField)]), metric(sum, [good(sum)])]
  decoder.decode('protobuf', request(metrics, resource))
  decoder.blocks[0].take()
  decoder.decode('protobuf', request(metrics, resource))
  const tables = takeRows(decoder)
  const [gauge] = tables['otel_metrics_gauge'] as [Row]
  const sums = tables['otel_metrics_sum'] ?? []
  expect(sums).toHaveLength(2)
  expect(sums[0]).toEqual(sums[1])
  expect(gauge).toMatchObject({
    ResourceAttributes: [['host.name', 'v']],
    Attributes: [['a', 'v']],
    'Exemplars.FilteredAttributes': [[['e', 'v']]],
  })
})

test('decode() keeps invalid UTF-8 in the texts of a metric with U+FFFD and warns', () => {
  const decoder = decoderOf()
  const bad = Uint8Array.of(0x61, 0xff)
  const named = concat([metric(gaugeField, [good(gaugeField)]), bytesField(1, bad)])
  const result = decoder.decode('protobuf', request([named]))
  expect(result.message).toBe('Replaced what is not UTF-8 by U+FFFD in 1 texts')
  expect(takeRows(decoder)['otel_metrics_gauge']?.[0]?.['MetricName']).toBe('a\uFFFD')
})

test('decode() reads the numbers of JSON in every form, and names the byte of a wrong one', () => {
  const decoder = decoderOf()
  const json = (point: string): Buffer => {
    const data = `{"dataPoints":[{"timeUnixNano":"${nowNs}",${point}}]}`
    const one = `{"name":"m","exponentialHistogram":${data}}`
    return Buffer.from(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${one}]}]}]}`)
  }
  const buckets = '"positive":{"offset":-3,"bucketCounts":["18446744073709551615",2,1e3]}'
  const result = decoder.decode('json', json(`"scale":"-4","zeroCount":5,"sum":"NaN",${buckets}`))
  expect(result).toMatchObject({ acceptedItems: 1, message: '' })
  expect(takeRows(decoder)['otel_metrics_exponential_histogram']).toMatchObject([
    {
      Scale: -4,
      ZeroCount: 5n,
      Sum: Number.NaN,
      PositiveOffset: -3,
      PositiveBucketCounts: [2n ** 64n - 1n, 2n, 1000n],
    },
  ])
  const wrong = [
    ['"scale":2147483648', "wanted a number of 32 bits for 'scale'"],
    ['"zeroCount":-1', 'wanted an integer from 0 to 2^64 - 1'],
    ['"positive":{"bucketCounts":7}', "wanted an array for 'bucketCounts'"],
    ['"positive":{"bucketCounts":[null]}', "wanted an integer for 'bucketCounts'"],
    ['"flags":"x"', "wanted an integer for 'flags'"],
  ]
  for (const [point = '', message] of wrong) {
    const refused = decoder.decode('json', json(point))
    expect(refused.status).toBe('malformed')
    expect(refused.message).toContain(message)
  }
})

test('decode() bounds the days of a request over all tables, and counts those of each block', () => {
  const decoder = decoderOf({ ...defaultDecodeLimits, daysMax: 3 })
  const on = (day: number): Uint8Array =>
    concat([fixed64Field(3, nowNs - BigInt(day) * 86_400_000_000_000n), doubleField(4, 1)])
  const metrics = [metric(gaugeField, [on(0), on(1), on(0)]), metric(sum, [on(1), on(2), on(3)])]
  const result = decoder.decode('protobuf', request(metrics))
  expect(result).toMatchObject({ acceptedItems: 5, rejectedItems: 1 })
  expect(result.message).toContain('data point 5: the request has items of more than 3 different')
  decoder.decode('protobuf', request([metric(sum, [on(7)])]))
  // A block may count days of the request that are in another table, but never too few.
  expect(decoder.blocks.map((block) => block.days)).toEqual([3, 4, 0, 0, 0])
  decoder.blocks[0].take()
  expect(decoder.blocks.map((block) => block.days)).toEqual([0, 4, 0, 0, 0])
})
