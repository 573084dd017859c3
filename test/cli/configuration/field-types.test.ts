import {
  addressType,
  bytesType,
  durationType,
  formatAddress,
  integerType,
  listType,
  loopbackAddressType,
  timeType,
} from 'wayward/configuration/field-types'
import { describe, expect, test } from 'vitest'

describe('durationType', () => {
  test.each([
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['250ms', 250],
  ])('reads %s', (text, ms) => expect(durationType.parse(text, '')).toBe(ms))

  test.each(['', '15', 'm', '-1h', '1 h', '1y', '0s', '1e3s', '99999999d'])(
    'refuses "%s"',
    (text) => expect(() => durationType.parse(text, '')).toThrow(),
  )
})

describe('timeType', () => {
  test.each([
    ['1970-01-01T00:00:01Z', 1_000_000_000n],
    ['2026-11-21T06:00:00.123456789Z', 1_795_240_800_123_456_789n],
    ['2026-11-21T07:00:00+01:00', 1_795_240_800_000_000_000n],
    ['now', 'now'],
  ])('reads %s', (text, ns) => expect(timeType.parse(text, '')).toBe(ns))

  test.each([
    '',
    'yesterday',
    '2026-11-21',
    '2026-11-21T06:00:00',
    '2026-02-30T06:00:00Z',
    '2026-13-01T00:00:00Z',
  ])('refuses "%s"', (text) => expect(() => timeType.parse(text, '')).toThrow())
})

describe('loopbackAddressType', () => {
  test.each([
    ['127.0.0.1:0', '127.0.0.1:0'],
    ['localhost:1', '127.0.0.1:1'],
    ['[::1]:4317', '[::1]:4317'],
  ])('reads %s', (text, shown) =>
    expect(formatAddress(loopbackAddressType.parse(text, ''))).toBe(shown),
  )

  test.each([
    '',
    '4317',
    ':4317',
    '127.0.0.1',
    '0.0.0.0:1',
    '[::]:1',
    'example.com:1',
    '::1:5',
    '127.0.0.1:70000',
    '127.evil.com:1',
  ])('refuses "%s"', (text) => expect(() => loopbackAddressType.parse(text, '')).toThrow())
})

describe('addressType', () => {
  test.each(['0.0.0.0:4317', '[::]:4317', 'collector.internal:4317', '127.0.0.1:0'])(
    'reads %s',
    (text) => expect(formatAddress(addressType.parse(text, ''))).toBe(text),
  )

  test.each(['', '4317', '0.0.0.0', '::1:5', '0.0.0.0:70000'])('refuses "%s"', (text) =>
    expect(() => addressType.parse(text, '')).toThrow(),
  )
})

test('listType reads texts between commas', () => {
  expect(listType.parse(' a, b ,c', '')).toEqual(['a', 'b', 'c'])
  expect(() => listType.parse('a,,b', '')).toThrow('an item is empty')
})

test('bytesType() reads decimal and binary units', () => {
  const type = bytesType(1, '1')
  expect(type.parse('2GiB', '')).toBe(2 ** 31)
  expect(type.parse('1.5TiB', '')).toBe(1.5 * 2 ** 40)
  expect(type.parse('1.5 kb', '')).toBe(1500)
  expect(() => type.parse('5 parsecs', '')).toThrow()
})

test('integerType() holds its bounds', () => {
  const type = integerType('n', 0, 100)
  expect(type.parse('100', '')).toBe(100)
  for (const text of ['101', '-1', '1.5', '', 'x']) expect(() => type.parse(text, '')).toThrow()
})
