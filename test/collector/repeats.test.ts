import { createRepeats, digestOf, toKey } from '@wayward/collector/repeats'
import type { ExportRequest } from '@wayward/collector/consumer'
import { describe, expect, test } from 'vitest'

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
  const keys = Array.from({ length: 5 }, (_, index) => toKey(digestOf(request(String(index)))))
  const [first, second, third] = keys as [string, string, string]

  test('knows what it was told, and what the journal told', () => {
    const repeats = createRepeats({ requestsMax: 10, rememberMs: 60_000 }, [third])
    expect([repeats.has(first), repeats.has(third)]).toEqual([false, true])
    repeats.remember(first)
    expect([repeats.has(first), repeats.has(second)]).toEqual([true, false])
    expect(repeats.digests().map((digest) => toKey(digest))).toEqual([third, first])
  })

  test('forgets the oldest first when there are too many', () => {
    const repeats = createRepeats({ requestsMax: 3, rememberMs: 60_000 }, [])
    for (const key of keys) repeats.remember(key)
    expect(keys.map((key) => repeats.has(key))).toEqual([false, false, true, true, true])
    expect(repeats.size).toBe(3)
  })

  test('forgets after its time, and with a time of 0 remembers nothing', async () => {
    const repeats = createRepeats({ requestsMax: 3, rememberMs: 5 }, [first])
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(repeats.has(first)).toBe(false)
    expect(repeats.size).toBe(0)
    const none = createRepeats({ requestsMax: 3, rememberMs: 0 }, [])
    none.remember(first)
    expect(none.has(first)).toBe(false)
  })
})
