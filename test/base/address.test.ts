import { formatAddress, isHostServed, isLoopbackHost } from '@wayward/base'
import { describe, expect, test } from 'vitest'

describe('isLoopbackHost()', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'app.localhost',
  ])('%s reaches this machine only', (host) => expect(isLoopbackHost(host)).toBe(true))

  test.each([
    '127.evil.com',
    '127.0.0.1.evil.com',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    '::2',
    '::ffff:10.0.0.1',
    'localhost.evil.com',
    'evillocalhost',
    'localhost..',
    '',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    'fe80::1',
  ])('%s may lead anywhere', (host) => expect(isLoopbackHost(host)).toBe(false))
})

describe('isHostServed()', () => {
  test.each([
    undefined,
    'localhost',
    'localhost:8123',
    '127.0.0.1:8123',
    '[::1]:8123',
    '[::1]',
    '192.168.1.5:80',
    'app.localhost:1',
  ])('takes %s on loopback', (host) => expect(isHostServed(host, '127.0.0.1')).toBe(true))

  test.each([
    '127.evil.com',
    '127.evil.com:8123',
    'evil.com',
    'localhost.evil.com',
    '[::1].evil.com',
    '',
    ':80',
    'evil.com:127.0.0.1',
  ])('refuses %s on loopback', (host) => expect(isHostServed(host, '127.0.0.1')).toBe(false))

  test('takes every name where others may reach the listener, and the name that it was given', () => {
    expect(isHostServed('collector.example.com', '0.0.0.0')).toBe(true)
    expect(isHostServed('LocalHost:1', 'localhost')).toBe(true)
  })
})

test('formatAddress() puts IPv6 into brackets', () => {
  expect(formatAddress({ host: '::1', port: 80 })).toBe('[::1]:80')
  expect(formatAddress({ host: '127.0.0.1', port: 80 })).toBe('127.0.0.1:80')
})
