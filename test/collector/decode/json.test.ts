import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { createMetricsDecoder } from '@wayward/collector/decode/metrics'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { expect, test } from 'vitest'
import { readNativeBlock } from '../../clickhouse/native/native-reader.ts'
import { nowMs } from './request-generator.ts'

const start = '1795000000000000123'

function spanJson(fields: string): string {
  const ids = '"traceId":"AB000000000000000000000000000001","spanId":"cd00000000000002"'
  const times = `"startTimeUnixNano":"${start}","endTimeUnixNano":${start}`
  const span = `{${ids},${times}${fields}}`
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`
}

function decodeSpan(fields: string) {
  const decoder = createTracesDecoder(defaultDecodeLimits, () => nowMs)
  const result = decoder.decode('json', Buffer.from(spanJson(fields)))
  return { result, row: readNativeBlock(Buffer.concat(decoder.blocks[0].take())).rows[0] }
}

function value(json: string): string {
  return `,"attributes":[{"key":"k","value":${json}}]`
}

test('decode() reads ids in any case and 64-bit times exactly, as string or number', () => {
  const { result, row } = decodeSpan('')
  expect(result).toMatchObject({ acceptedItems: 1, message: '' })
  expect(row).toMatchObject({
    Timestamp: BigInt(start),
    TraceId: 'ab000000000000000000000000000001',
    SpanId: 'cd00000000000002',
    Duration: 0n,
  })
})

const values: readonly [json: string, text: string][] = [
  ['{"intValue":9223372036854775807}', '9223372036854775807'],
  ['{"intValue":"-9223372036854775808"}', '-9223372036854775808'],
  ['{"intValue":9007199254740993}', '9007199254740993'],
  ['{"intValue":1e3}', '1000'],
  ['{"intValue":-5.0}', '-5'],
  ['{"intValue":-4294967296}', '-4294967296'],
  ['{"doubleValue":1}', '1'],
  ['{"doubleValue":"NaN"}', 'NaN'],
  ['{"doubleValue":"-Infinity"}', '-Infinity'],
  ['{"boolValue":false}', 'false'],
  ['{"bytesValue":"3q2-7w"}', '3q2+7w=='],
  ['{"stringValue":"\\ud83d\\udd12 \\u0041\\n"}', '🔒 A\n'],
  ['{"stringValue":"\\ud83d"}', '\uFFFD'],
  ['{"\\u0073tringValue":"escaped name"}', 'escaped name'],
  ['{"arrayValue":{"values":[{"intValue":1},{},{"stringValue":"x"}]}}', '[1,null,"x"]'],
  [
    '{"kvlistValue":{"values":[{"key":"b","value":{"boolValue":true}},{"key":"a"}]}}',
    '{"a":null,"b":true}',
  ],
  ['{"stringValue":null}', ''],
  ['{}', ''],
  ['null', ''],
]

test.each(values)('decode() reads the value %s as "%s"', (json, text) => {
  expect(decodeSpan(value(json)).row?.['SpanAttributes']).toEqual([['k', text]])
})

test.each([
  ['/', '\\/'],
  ['a"b\\c\n\r\t\b\f', 'a\\"b\\\\c\\n\\r\\t\\b\\f'],
  ['a', 'a'],
  ['ü', '\\u00fc'],
])('decode() reads texts of all lengths that are made of %j', (text, json) => {
  for (const count of [0, 1, 20, 59, 60, 61, 117, 118, 119, 120, 121, 126, 127, 128, 129, 5_000]) {
    for (const space of ['', ' ']) {
      const [key, name] = [text.repeat(count % 60), text.repeat(count)]
      const pair = `{"key":"${json.repeat(count % 60)}",${space}"value":{"stringValue":"${json.repeat(count)}"}}`
      const { row } = decodeSpan(`,"name":"${json.repeat(count)}","attributes":[${pair},${pair}]`)
      expect(row).toMatchObject({ SpanName: name })
      expect(row?.['SpanAttributes']).toEqual([
        [key, name],
        [key, name],
      ])
    }
  }
})

test('decode() reads members in any order, and when the order changes', () => {
  for (const fields of [
    ',"name":"n","kind":2,"status":{"code":2}',
    ',"status":{"code":2},"kind":2,"name":"n"',
    ',"kind" : 2,"status":{"code":2},"name":"n"',
    ',"name":"n","kind":2,"status":{"code":2}',
  ]) {
    expect(decodeSpan(fields).row).toMatchObject({ SpanName: 'n', SpanKind: 'Server' })
    const decoder = createTracesDecoder(defaultDecodeLimits, () => nowMs)
    for (let round = 0; round < 2; round++) {
      for (const more of [fields, ',"kind":2,"name":"n"', '']) {
        expect(decoder.decode('json', Buffer.from(spanJson(more)))).toMatchObject({ message: '' })
      }
    }
    const { rows } = readNativeBlock(Buffer.concat(decoder.blocks[0].take()))
    expect(rows.map((row) => row['SpanName'])).toEqual(['n', 'n', '', 'n', 'n', ''])
  }
})

test('decode() takes the last of equal keys, also where it is null or a list', () => {
  const first = value('{"stringValue":"first"}')
  const { row } = decodeSpan(`,"name":"a","name":"b","kind":3,"kind":null${first}${value('{}')}`)
  expect(row).toMatchObject({ SpanName: 'b', SpanKind: 'Unspecified', SpanAttributes: [['k', '']] })
  const status = ',"status":{"message":"old","code":2},"status":{"code":1}'
  expect(decodeSpan(status).row).toMatchObject({ StatusMessage: '', StatusCode: 'Ok' })
})

test('decode() reads the names that protobuf has, and says which it does not know', () => {
  const { result, row } = decodeSpan(
    ',"trace_state":"x","new":{"a":[1e5,{"b":"\\u00e9"}]},"traceState":"y","trace\\u005fstate":"z","x":null',
  )
  const ignored = "The field 'new' of spans is not known and was left out (and 1 more)"
  expect(result).toMatchObject({ acceptedItems: 1, rejectedItems: 0, message: ignored, ignored })
  expect(row?.['TraceState']).toBe('z')
  expect(decodeSpan('').result).toEqual({
    status: 'decoded',
    acceptedItems: 1,
    rejectedItems: 0,
    message: '',
  })
})

test.each([
  ['"SPAN_KIND_UNSPECIFIED"', 'Unspecified'],
  ['"SPAN_KIND_INTERNAL"', 'Internal'],
  ['"SPAN_KIND_SERVER"', 'Server'],
  ['"SPAN_KIND_CLIENT"', 'Client'],
  ['"SPAN_KIND_PRODUCER"', 'Producer'],
  ['"SPAN_KIND_\\u0043ONSUMER"', 'Consumer'],
  ['2', 'Server'],
])('decode() reads the kind %s', (json, kind) => {
  const { result, row } = decodeSpan(`,"kind":${json},"status":{"code":"STATUS_CODE_ERROR"}`)
  expect(result.message).toBe('')
  expect(row).toMatchObject({ SpanKind: kind, StatusCode: 'Error' })
})

test('decode() stores a span whose kind it does not know, and says so', () => {
  const { result, row } = decodeSpan(`,"kind":3,"kind":"${'SERVER'.repeat(50)}"`)
  expect(result).toMatchObject({ acceptedItems: 1, rejectedItems: 0 })
  expect(result.message).toMatch(/^The value '(SERVER){16}SERV…' of kind is not known/)
  expect(row?.['SpanKind']).toBe('Unspecified')
})

test('decode() reads the names of severities and temporalities', () => {
  const names = ['TRACE', 'TRACE4', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'ERROR2', 'FATAL', 'FATAL4']
  const logs = createLogsDecoder(defaultDecodeLimits, () => nowMs)
  const records = names.map((name) => ({ severityNumber: `SEVERITY_NUMBER_${name}` }))
  const body = JSON.stringify({ resource_logs: [{ scope_logs: [{ log_records: records }] }] })
  expect(logs.decode('json', Buffer.from(body))).toMatchObject({ acceptedItems: 9, message: '' })
  const { rows } = readNativeBlock(Buffer.concat(logs.blocks[0].take()))
  expect(rows.map((row) => row['SeverityNumber'])).toEqual([1, 4, 5, 9, 13, 17, 18, 21, 24])
  const metrics = createMetricsDecoder(defaultDecodeLimits, () => nowMs)
  const dataPoints = [{ timeUnixNano: start, asInt: 1 }]
  const sum = { dataPoints, aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE' }
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'n', sum }] }] }] }
  expect(metrics.decode('json', Buffer.from(JSON.stringify(request)))).toMatchObject({
    acceptedItems: 1,
    message: '',
  })
  const sums = metrics.blocks.find(({ table }) => table === 'otel_metrics_sum')?.take() ?? []
  expect(readNativeBlock(Buffer.concat(sums)).rows).toMatchObject([{ AggregationTemporality: 2 }])
})

test('decode() says what another signal or an old version sent', () => {
  const decoder = createTracesDecoder(defaultDecodeLimits, () => nowMs)
  const messages = [
    '{"resourceLogs":[{"scopeLogs":[]}]}',
    '{"resourceSpans":[{"instrumentationLibrarySpans":[{"spans":[{}]}]}]}',
  ].map((json) => decoder.decode('json', Buffer.from(json)).message)
  expect(messages).toEqual([
    "The field 'resourceLogs' of the request is not known and was left out",
    "The field 'instrumentationLibrarySpans' of resourceSpans is not known and was left out",
  ])
})

const malformed: readonly [fields: string, message: string][] = [
  [',"kind":{}', "wanted a number or a name for 'kind'"],
  [',"kind":1.5', "wanted a number for 'kind'"],
  [',"parentSpanId":"xyz1"', "wanted a string of hexadecimal digits for 'parentSpanId'"],
  [
    ',"parentSpanId":"abc"',
    "wanted a string of an even number of hexadecimal digits for 'parentSpanId'",
  ],
  [',"parentSpanId":5', "wanted a string of hexadecimal digits for 'parentSpanId'"],
  [',"startTimeUnixNano":-1', 'wanted an integer from 0 to 2^64 - 1'],
  [',"startTimeUnixNano":"18446744073709551616"', 'an integer of more than 64 bits'],
  [',"startTimeUnixNano":"0x10"', "wanted an integer for 'startTimeUnixNano'"],
  [',"startTimeUnixNano":""', "wanted an integer for 'startTimeUnixNano'"],
  [value('{"intValue":9223372036854775808}'), "wanted a 64-bit integer for 'intValue'"],
  [value('{"bytesValue":"a*"}'), "wanted a string of base64 for 'bytesValue'"],
  [value('{"boolValue":1}'), "wanted true or false for 'boolValue'"],
  [value('{"doubleValue":"one"}'), "wanted a number for 'doubleValue'"],
  [',"name":5', "wanted a string for 'name'"],
  [',"name":"tab\t"', 'a control character within a string'],
  [',"name":"\\x"', 'an escape that JSON does not have'],
  [',"x":"\\x"', 'an escape that JSON does not have'],
  [',"attributes":{}', "wanted an array for 'attributes'"],
  [',"status":[]', "wanted an object for 'status'"],
  [',', 'wanted a string'],
  [',"x":01', 'a number begins with 0'],
  [',"x":1.', 'wanted a value'],
  [',"x":nul', 'wanted a value'],
  [',"x":[1,]', 'wanted a value'],
  [`,"x":${'['.repeat(300)}`, 'nested deeper than 256 levels'],
  [`,"x":${'['.repeat(200_000)}`, 'nested deeper than 256 levels'],
]

test.each(malformed)('decode() refuses %s and names the byte', (fields, message) => {
  const { result, row } = decodeSpan(fields)
  expect(result.status).toBe('malformed')
  expect(result.message).toContain(message)
  const offset = Number(/^Malformed JSON at byte (\d+), before /.exec(result.message)?.[1])
  expect(offset).toBeGreaterThan(150)
  expect(offset).toBeLessThan(spanJson(fields).length)
  expect(row).toBeUndefined()
})

test.each(['', ' ', '[]', 'null', '{', '{}x', '{"resourceSpans":[', '\uFEFF{}', '"a'])(
  'decode() refuses the text %j',
  (text) => {
    const decoder = createTracesDecoder(defaultDecodeLimits, () => nowMs)
    const result = decoder.decode('json', Buffer.from(text))
    expect(result.status).toBe('malformed')
    expect(result.message).toMatch(/^Malformed JSON at byte \d+, before /)
  },
)

test('decode() rejects alone an item whose value is too deep', () => {
  let deep = '{"intValue":1}'
  for (let i = 0; i < 40; i++) deep = `{"arrayValue":{"values":[${deep}]}}`
  const decoder = createLogsDecoder(defaultDecodeLimits, () => nowMs)
  const records = `{"body":{"stringValue":"good"}},{"body":${deep}}`
  const json = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${records}]}]}]}`
  const result = decoder.decode('json', Buffer.from(json))
  expect(result).toMatchObject({ status: 'decoded', acceptedItems: 1, rejectedItems: 1 })
  expect(result.message).toContain('log record 1: a value is nested deeper than 32 levels')
})
