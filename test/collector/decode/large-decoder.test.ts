import {
  createLargeDecoder,
  type LargeDecoder,
  type LargeDecoderSettings,
} from '@wayward/collector/decode/large-decoder'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { afterEach, describe, expect, test } from 'vitest'
import { oracleObject } from './oracle.ts'
import { toOtlpJson } from './otlp-json.ts'
import { bytesField } from './proto-writer.ts'
import { createRandom } from './random.ts'
import { nowMs, RequestGenerator } from './request-generator.ts'
import { signals } from './signals.ts'

const decoders: LargeDecoder[] = []

function create(settings: Partial<LargeDecoderSettings> = {}): LargeDecoder {
  const decoder = createLargeDecoder({
    limits: defaultDecodeLimits,
    clock: () => nowMs,
    waitingBytesMax: 1_000_000,
    ...settings,
  })
  decoders.push(decoder)
  return decoder
}

afterEach(async () => {
  await Promise.all(decoders.splice(0).map((decoder) => decoder.shutdown()))
})

/** A request of one log record. */
function logRequest(text: string): Uint8Array {
  return bytesField(1, bytesField(2, bytesField(2, bytesField(5, bytesField(1, text)))))
}

/** A JSON request whose ignored field takes long to step over. */
function slowRequest(bytes: number): Buffer {
  return Buffer.from(`{"ignored":[${'0,'.repeat(bytes / 2)}0]}`)
}

describe('decode()', () => {
  const cases = signals.flatMap((one) =>
    (['protobuf', 'json'] as const).map((encoding) => ({ ...one, encoding })),
  )

  test.each(cases)(
    'gives the same blocks of $signal in $encoding as the decoder of the event loop',
    async ({ signal, encoding, create: createSync }) => {
      const large = create()
      const random = createRandom(7)
      for (let run = 0; run < 5; run++) {
        const good = new RequestGenerator(random, { isOdd: false })[signal]()
        const body =
          encoding === 'json' ? Buffer.from(toOtlpJson(oracleObject(signal, good), random)) : good
        const sync = createSync()
        const wanted = sync.decode(encoding, body)
        const blocks = sync.blocks.filter(({ rows }) => rows > 0)
        const got = await large.decode(signal, encoding, Uint8Array.from(body))
        expect(got.result).toEqual(wanted)
        expect(got.blocks.map(({ table, rows, days }) => ({ table, rows, days }))).toEqual(
          blocks.map(({ table, rows, days }) => ({ table, rows, days })),
        )
        for (const block of got.blocks) {
          const other = sync.blocks.find(({ table }) => table === block.table)
          const bytes = Buffer.concat(block.take())
          expect(bytes.equals(Buffer.concat(other?.take() ?? []))).toBe(true)
          expect(block.bytes).toBe(bytes.length)
        }
      }
    },
  )

  test('gives the message of a malformed request, and no blocks', async () => {
    const { result, blocks } = await create().decode('traces', 'protobuf', Buffer.from('zzz'))
    expect(result).toMatchObject({ status: 'malformed', message: /^Malformed protobuf at byte/ })
    expect(blocks).toEqual([])
  })

  test('lets the event loop go on meanwhile', async () => {
    let isDone = false
    let turns = 0
    const count = (): void => {
      turns++
      if (!isDone) setImmediate(count)
    }
    const decoder = create()
    await decoder.decode('logs', 'protobuf', logRequest('warm'))
    count()
    await decoder.decode('logs', 'json', slowRequest(8_000_000))
    isDone = true
    expect(turns).toBeGreaterThan(10)
  })

  test('takes requests one after another, in their order', async () => {
    const decoder = create()
    const done: string[] = []
    const decode = async (name: string, body: Uint8Array): Promise<void> => {
      await decoder.decode('logs', name === 'slow' ? 'json' : 'protobuf', body)
      done.push(name)
    }
    await Promise.all([decode('slow', slowRequest(4_000_000)), decode('fast', logRequest('x'))])
    expect(done).toEqual(['slow', 'fast'])
  })
})

test('hasRoom() bounds what waits, and lets one of any size through', async () => {
  const decoder = create({ waitingBytesMax: 1_000 })
  expect(decoder.hasRoom(5_000)).toBe(true)
  const decoded = decoder.decode('logs', 'protobuf', logRequest('x'.repeat(600)))
  expect(decoder.hasRoom(200)).toBe(true)
  expect(decoder.hasRoom(500)).toBe(false)
  await decoded
  expect(decoder.hasRoom(5_000)).toBe(true)
})

test('a thread that breaks on a request refuses it, and the next one is decoded', async () => {
  const decoder = create({ heapMibMax: 24 })
  // Without its limit on nesting, JSON this deep is more than the thread's stack or heap can take.
  const limits = { ...defaultDecodeLimits, jsonNestingMax: 50_000_000 }
  const breaking = create({ heapMibMax: 24, limits })
  const deep = Buffer.from(`{"ignored":${'['.repeat(5_000_000)}`)
  const [broken, good] = await Promise.all([
    breaking.decode('logs', 'json', deep),
    decoder.decode('logs', 'protobuf', logRequest('good')),
  ])
  expect(broken.result.status).toBe('malformed')
  expect(good.result).toMatchObject({ status: 'decoded', acceptedItems: 1 })
  const next = await breaking.decode('logs', 'protobuf', logRequest('next'))
  expect(next.result).toMatchObject({ status: 'decoded', acceptedItems: 1 })
})

test('an idle thread ends, and another starts for the next request', async () => {
  const decoder = create({ idleMs: 10 })
  await decoder.decode('logs', 'protobuf', logRequest('one'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const { result } = await decoder.decode('logs', 'protobuf', logRequest('two'))
  expect(result.status).toBe('decoded')
})

test('shutdown() tells those who wait to try again', async () => {
  const decoder = create()
  const waiting = [
    decoder.decode('logs', 'json', slowRequest(8_000_000)),
    decoder.decode('logs', 'protobuf', logRequest('x')),
  ]
  await decoder.shutdown()
  const results = await Promise.all(waiting)
  expect(results.map(({ result }) => result.status)).toEqual(['unavailable', 'unavailable'])
})
