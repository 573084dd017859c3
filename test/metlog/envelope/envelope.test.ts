// Goal: messages on the wire, and reading what comes from there. Method: round trips, an oracle for
// MessagePack, and hostile bytes with a seed.
import { createHmac } from 'node:crypto'
import { decode as oracleDecode, encode as oracleEncode } from '@msgpack/msgpack'
import { createEncoder, type MetlogMessage } from '@wayward/metlog'
import {
  decoderPrefix,
  fromMessagePack,
  isFramed,
  isSignedBy,
  MessagePackError,
  readFrame,
  readTimestamp,
} from '@wayward/metlog/wire'
import { describe, expect, test } from 'vitest'

const message: MetlogMessage = {
  env_version: '0.8',
  timestamp: '2026-11-21T01:13:29.548314Z',
  type: 'services',
  logger: 'myapp',
  severity: 6,
  payload: 'ä'.repeat(40),
  fields: {
    list: [1, -1, 1.5, -200, 70_000, 2 ** 40, -(2 ** 40), true, null],
    deep: { a: { b: '' } },
  },
  metlog_pid: 4242,
  metlog_hostname: 'host1',
}

describe('MessagePack', () => {
  test('agrees with another implementation both ways', () => {
    const bytes = createEncoder({ format: 'msgpack' })(message)
    expect(bytes.subarray(0, decoderPrefix.length)).toEqual(decoderPrefix)
    expect(oracleDecode(bytes.subarray(decoderPrefix.length))).toEqual(message)
    expect(fromMessagePack(oracleEncode(message))).toEqual(message)
    const big = { text: 'x'.repeat(70_000), list: Array.from({ length: 70_000 }, () => 1) }
    expect(fromMessagePack(oracleEncode(big))).toEqual(big)
    expect(fromMessagePack(oracleEncode(2n ** 63n, { useBigInt64: true }))).toBe(2n ** 63n)
  })

  test.each([
    ['nothing', ''],
    ['a map that announces 4 thousand million entries', 'dfffffffff'],
    ['an array that announces as many', 'ddffffffff'],
    ['a text that is cut', 'd9ff6161'],
    ['an extension', 'd40100'],
    ['bytes after the value', '01 02'.replace(' ', '')],
    ['a key that is a list', '819001'],
    ['100 lists in lists', `${'91'.repeat(100)}01`],
  ])('refuses %s', (_, hex) => {
    expect(() => fromMessagePack(Buffer.from(hex, 'hex'))).toThrow(MessagePackError)
  })

  test('answers with a value or an error to any bytes', () => {
    const good = oracleEncode(message)
    let state = 1717
    const draw = (max: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state % max
    }
    for (let round = 0; round < 3_000; round++) {
      const bytes = Uint8Array.from(good.subarray(0, draw(good.length + 1)))
      for (let hits = draw(4); hits > 0 && bytes.length > 0; hits--) {
        bytes[draw(bytes.length)] = draw(256)
      }
      try {
        fromMessagePack(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(MessagePackError)
      }
    }
  })

  test('does not reach the prototype by a key', () => {
    const value = fromMessagePack(oracleEncode({ ['__proto__']: { polluted: 1 }, a: 1 }))
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('signed frames', () => {
  const key = 'a secret'

  test.each(['md5', 'sha1', 'sha256'] as const)('hold a %s signature over the bytes', (hash) => {
    const bytes = createEncoder({ signing: { signer: 'shop', key, keyVersion: 3, hash } })(message)
    expect(isFramed(bytes)).toBe(true)
    const frame = readFrame(bytes)
    if (typeof frame === 'string') throw new Error(frame)
    expect(JSON.parse(Buffer.from(frame.message).toString())).toEqual(message)
    const digest = createHmac(hash, key).update(frame.message).digest()
    expect(frame.signature).toMatchObject({ signer: 'shop', keyVersion: 3, hash })
    expect(Buffer.from(frame.signature?.digest ?? [])).toEqual(digest)
    expect(isSignedBy(key, frame)).toBe(true)
    expect(isSignedBy('another', frame)).toBe(false)
  })

  test('say what is wrong with bytes that are cut or changed anywhere', () => {
    const bytes = createEncoder({ signing: { signer: 'shop', key } })(message)
    for (let length = 1; length < bytes.length; length++) {
      expect(typeof readFrame(bytes.subarray(0, length))).toBe('string')
    }
    for (let at = 1; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      const frame = readFrame(changed)
      const isTaken = typeof frame !== 'string' && isSignedBy(key, frame)
      // Who signed and with which key is not under the signature: the receiver picks the key by it.
      const isHeader = typeof frame !== 'string' && frame.signature?.signer !== 'shop'
      const isVersion = typeof frame !== 'string' && frame.signature?.keyVersion !== 1
      if (isTaken && !isHeader && !isVersion) throw new Error(`byte ${at} may be changed`)
    }
  })
})

describe('readTimestamp()', () => {
  test.each([
    ['2026-11-21T01:13:29.548314Z', 1_795_223_609_548_314_000n],
    ['2026-11-21T01:13:29.548314', 1_795_223_609_548_314_000n],
    ['2026-11-21T01:13:29Z', 1_795_223_609_000_000_000n],
    ['2026-11-21T03:13:29.5+02:00', 1_795_223_609_500_000_000n],
    ['2026-11-20T20:13:29.000000001-0500', 1_795_223_609_000_000_001n],
  ])('reads %s', (text, wanted) => {
    expect(readTimestamp(text)).toBe(wanted)
  })

  test.each([
    '',
    'now',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '9999-01-01T00:00:00Z',
    '2026-11-21',
    '2026-11-21T25:00:00Z',
  ])('does not take %j', (text) => {
    expect(readTimestamp(text)).toBeUndefined()
  })
})
