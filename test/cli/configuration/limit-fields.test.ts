import { collectorLimits } from '@wayward/collector'
import { limitFields } from 'wayward/configuration/fields'
import { flagOf, limitText, withSettings } from 'wayward/configuration/limit-fields'
import { expect, test } from 'vitest'

test.each([
  ['requestBytesMax', 'request-bytes-max'],
  ['requestTimeoutMs', 'request-timeout'],
  ['futureMsMax', 'future-max'],
  ['attributesMax', 'attributes-max'],
])('flagOf(%s) is %s', (name, flag) => expect(flagOf(name)).toBe(flag))

test.each([
  [64 * 2 ** 20, 'bytes', '64MiB'],
  [1000, 'bytes', '1000'],
  [1_500, 'ms', '1500ms'],
  [30_000, 'ms', '30s'],
  [86_400_000, 'ms', '1d'],
  [30, 's', '30s'],
  [1000, 'count', '1000'],
] as const)('limitText(%d, %s) is %s', (value, unit, text) => {
  expect(limitText(value, unit)).toBe(text)
})

test('every default of a limit is a value of its own setting', () => {
  const fields = Object.entries(limitFields)
  expect(fields.length).toBeGreaterThan(10)
  for (const [name, field] of fields) {
    expect(field.type.parse(field.default, ''), name).toBeGreaterThan(0)
  }
  const { requestBytesMax, requestTimeoutMs } = limitFields
  expect(requestBytesMax.type.parse(requestBytesMax.default, '')).toBe(64 * 2 ** 20)
  expect(requestTimeoutMs.type.parse(requestTimeoutMs.default, '')).toBe(30_000)
})

test('settings of limits hold their bounds', () => {
  const { attributesMax, requestBytesMax, requestTimeoutMs } = limitFields
  expect(attributesMax.type.parse('7', '')).toBe(7)
  expect(() => attributesMax.type.parse('0', '')).toThrow()
  expect(() => requestBytesMax.type.parse('1KiB', '')).toThrow('less than 64KiB')
  expect(() => requestBytesMax.type.parse('1GiB', '')).toThrow('more than 256MiB')
  expect(requestTimeoutMs.type.parse('1m', '')).toBe(60_000)
  expect(() => requestTimeoutMs.type.parse('1h', '')).toThrow('more than 10m')
})

test('withSettings() takes what is set, and what may be', () => {
  const limits = withSettings(collectorLimits, { connectionsMax: 5, handshakesMax: 5 })
  expect(limits.connectionsMax).toBe(5)
  expect(limits.handshakesMax).toBe(collectorLimits.handshakesMax.default)
  expect(limits.requestBytesMax).toBe(collectorLimits.requestBytesMax.default)
})
