import {
  encodeExportResponse,
  encodeStatus,
  sendableText,
} from '@wayward/collector/receivers/export-response'
import { describe, expect, test } from 'vitest'
import { decodeExportResponse, decodeStatus } from './rpc-status.ts'

describe('encodeExportResponse()', () => {
  test('leaves partial_success unset on full success', () => {
    expect(encodeExportResponse('traces', 'protobuf', 0, '')).toHaveLength(0)
    expect(encodeExportResponse('logs', 'json', 0, '').toString()).toBe('{}')
  })

  test.each([1, 127, 128, 300, 2 ** 31, 2 ** 40])('writes %d rejected items', (rejected) => {
    const bytes = encodeExportResponse('traces', 'protobuf', rejected, 'grün')
    expect(decodeExportResponse(bytes)).toEqual({ rejected, errorMessage: 'grün' })
  })

  test('writes a warning as 0 rejected items with a message', () => {
    const bytes = encodeExportResponse('logs', 'protobuf', 0, 'a warning')
    expect(decodeExportResponse(bytes)).toMatchObject({ errorMessage: 'a warning' })
  })

  test('writes 64-bit numbers of JSON as strings, under the name of the signal', () => {
    expect(JSON.parse(encodeExportResponse('traces', 'json', 3, 'bad').toString())).toEqual({
      partialSuccess: { rejectedSpans: '3', errorMessage: 'bad' },
    })
    expect(JSON.parse(encodeExportResponse('logs', 'json', 4, 'bad').toString())).toEqual({
      partialSuccess: { rejectedLogRecords: '4', errorMessage: 'bad' },
    })
    expect(JSON.parse(encodeExportResponse('metrics', 'json', 5, 'bad').toString())).toEqual({
      partialSuccess: { rejectedDataPoints: '5', errorMessage: 'bad' },
    })
  })
})

describe('encodeStatus()', () => {
  test('writes code, message and retry delay as protobuf', () => {
    const bytes = encodeStatus('protobuf', { code: 14, message: 'busy', retryAfterMs: 61_250 })
    expect(decodeStatus(bytes)).toEqual({ code: 14, message: 'busy', retryDelayMs: 61_250 })
  })

  test('leaves the retry delay away where there is none', () => {
    const bytes = encodeStatus('protobuf', { code: 3, message: 'bad' })
    expect(decodeStatus(bytes)).toEqual({ code: 3, message: 'bad', retryDelayMs: undefined })
  })

  test('writes JSON as protobuf JSON has it', () => {
    const bytes = encodeStatus('json', { code: 14, message: 'busy', retryAfterMs: 1500 })
    expect(JSON.parse(bytes.toString())).toEqual({
      code: 14,
      message: 'busy',
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }],
    })
  })
})

test('sendableText() makes one short line of well-formed Unicode', () => {
  expect(sendableText('a\r\nb\u0000c\ud800')).toBe('a b c\ufffd')
  expect(sendableText('x'.repeat(10_000))).toHaveLength(4096)
})
