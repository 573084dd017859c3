import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { expect, test } from 'vitest'
import { readNativeBlock } from '../../clickhouse/native/native-reader.ts'
import { nowMs } from './request-generator.ts'

const START = '1795000000000000123'

function spanJson(fields: string): string {
  const ids = '"traceId":"AB000000000000000000000000000001","spanId":"cd00000000000002"'
  const times = `"startTimeUnixNano":"${START}","endTimeUnixNano":${START}`
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
    Timestamp: BigInt(START),
    TraceId: 'ab000000000000000000000000000001',
    SpanId: 'cd00000000000002',
    Duration: 0n,
  })
})

const VALUES: readonly [json: string, text: string][] = [
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

test.each(VALUES)('decode() reads the value %s as "%s"', (json, text) => {
  expect(decodeSpan(value(json)).row?.['SpanAttributes']).toEqual([['k', text]])
})

test('decode() takes the last of equal keys, also where it is null or a list', () => {
  const first = value('{"stringValue":"first"}')
  const { row } = decodeSpan(`,"name":"a","name":"b","kind":3,"kind":null${first}${value('{}')}`)
  expect(row).toMatchObject({ SpanName: 'b', SpanKind: 'Unspecified', SpanAttributes: [['k', '']] })
  const status = ',"status":{"message":"old","code":2},"status":{"code":1}'
  expect(decodeSpan(status).row).toMatchObject({ StatusMessage: '', StatusCode: 'Ok' })
})

test('decode() ignores unknown fields and snake_case names', () => {
  const { result, row } = decodeSpan(
    ',"trace_state":"x","new":{"a":[1e5,{"b":"\\u00e9"}]},"x":null',
  )
  expect(result.message).toBe('')
  expect(row?.['TraceState']).toBe('')
})

const MALFORMED: readonly [fields: string, message: string][] = [
  [',"kind":"SPAN_KIND_SERVER"', "wanted a number for 'kind'"],
  [',"kind":"2"', "wanted a number for 'kind'"],
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

test.each(MALFORMED)('decode() refuses %s and names the byte', (fields, message) => {
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
