import { createRepeats, digestOf, toKey } from '@wayward/collector/pipeline/repeats'
import type { ExportRequest } from '@wayward/collector/consumer'
import { describe, expect, test } from 'vitest'
import { createFakeTime } from '../../harness/fake-time.ts'

function request(text: string, more: Partial<ExportRequest> = {}): ExportRequest {
  return {
    signal: 'traces',
    encoding: 'protobuf',
    body: Buffer.from(text),
    sender: { receiver: 'otlp_grpc', address: '', agent: '', identity: '' },
    ...more,
  }
}

describe('digestOf()', () => {
  test('tells bodies, signals and encodings apart, and nothing else', () => {
    const keys = [
      request('a'),
      request('b'),
      request('a', { signal: 'logs' }),
      request('a', { encoding: 'json' }),
    ].map((one) => toKey(digestOf(one)))
    expect(new Set(keys).size).toBe(4)
    const other = { receiver: 'otlp_http', address: 'x', agent: 'y', identity: 'z' } as const
    expect(toKey(digestOf(request('a', { sender: other })))).toBe(keys[0])
    expect(keys[0]).toMatch(/^[0-9a-f]{40}$/)
  })
})

describe('createRepeats()', () => {
  const digests = Array.from({ length: 8 }, (_, index) => digestOf(request(String(index))))
  const [first, second, third] = digests as [Uint8Array, Uint8Array, Uint8Array]

  test('knows what it was told, and what the journal told', () => {
    const known = [{ digests: Buffer.concat([third, second]), ageMs: 0 }]
    const repeats = createRepeats({ requestsMax: 10, rememberMs: 60_000 }, known, createFakeTime())
    expect([repeats.has(first), repeats.has(second), repeats.has(third)]).toEqual([
      false,
      true,
      true,
    ])
    repeats.remember(first)
    expect(repeats.has(first)).toBe(true)
    expect(Buffer.concat(repeats.digests().map((one) => one.digests))).toEqual(
      Buffer.concat([third, second, first]),
    )
  })

  test('forgets the oldest first when there are too many', () => {
    const repeats = createRepeats({ requestsMax: 4, rememberMs: 60_000 }, [], createFakeTime())
    for (const digest of digests) repeats.remember(digest)
    const isKnown = digests.map((digest) => repeats.has(digest))
    expect(isKnown).toEqual([false, false, false, false, true, true, true, true])
    expect(repeats.size).toBe(4)
  })

  test('goes on from the age that the journal gives, and carries that age on', async () => {
    const known = [
      { digests: first, ageMs: 163_000 },
      { digests: second, ageMs: 74_950 },
      { digests: third, ageMs: 30_000 },
    ]
    const time = createFakeTime()
    const repeats = createRepeats({ requestsMax: 10, rememberMs: 60_000 }, known, time)
    const isKnown = (): boolean[] => [first, second, third].map((digest) => repeats.has(digest))
    expect(isKnown()).toEqual([false, true, true])
    await time.pass(60)
    expect(isKnown()).toEqual([false, false, true])
    repeats.remember(first)
    const [carried, fresh] = repeats.digests()
    expect([carried?.ageMs, fresh?.ageMs]).toEqual([30_060, 0])
  })

  test('forgets after its time and not before, and with a time of 0 remembers nothing', async () => {
    const time = createFakeTime()
    const known = [{ digests: first, ageMs: 0 }]
    const repeats = createRepeats({ requestsMax: 300, rememberMs: 100 }, known, time)
    await time.pass(60)
    repeats.remember(second)
    expect([repeats.has(first), repeats.has(second)]).toEqual([true, true])
    await time.pass(80)
    expect([repeats.has(first), repeats.has(second)]).toEqual([false, true])
    await time.pass(80)
    expect(repeats.has(second)).toBe(false)
    expect(repeats.size).toBe(0)
    const none = createRepeats({ requestsMax: 3, rememberMs: 0 }, [], createFakeTime())
    none.remember(first)
    expect(none.has(first)).toBe(false)
  })
})
