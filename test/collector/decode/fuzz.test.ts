import { expect, test } from 'vitest'
import { oracleObject } from './oracle.ts'
import { toOtlpJson } from './otlp-json.ts'
import { createRandom, type Random } from './random.ts'
import { RequestGenerator } from './request-generator.ts'
import { countRows, signals, takeRows } from './signals.ts'

// WAYWARD_FUZZ_RUNS=100000 runs longer, WAYWARD_FUZZ_SEED=<n> begins elsewhere or repeats a
// failure.
const runs = Number(process.env['WAYWARD_FUZZ_RUNS'] ?? 2000)
const fuzzSeed = Number(process.env['WAYWARD_FUZZ_SEED'] ?? 1)
const runsPerBlock = 8
const timeoutMs = 60_000 + runs * 20

const cases = signals.flatMap((one) =>
  (['protobuf', 'json'] as const).map((encoding) => ({ ...one, encoding })),
)

// Goal: no bytes make the decoder throw, leave half a row, or harm the requests before and after.
// Method: real requests, mutated, each followed by a good one; the blocks read back now and then.
test.each(cases)(
  'decode() survives mutated $signal in $encoding',
  ({ signal, encoding, create, expected }) => {
    const decoder = create()
    let malformed = 0
    for (let run = 0; run < runs; run += runsPerBlock) {
      const seed = fuzzSeed + run
      const note = `WAYWARD_FUZZ_SEED=${seed}`
      const random = createRandom(seed)
      const generator = new RequestGenerator(random, { isOdd: random.chance(0.5) })
      const good = generator[signal]()
      const object = oracleObject(signal, good)
      const goodRows = expected(object)
      const bytes = encoding === 'json' ? Buffer.from(toOtlpJson(object, random)) : good
      let rows = 0
      for (let i = 0; i < runsPerBlock; i++) {
        const result = decoder.decode(encoding, mutated(bytes, random))
        if (result.status === 'malformed') malformed++
        else rows += result.acceptedItems
        expect(countRows(decoder), note).toBe(rows)
      }
      const before = decoder.blocks.map((block) => block.rows)
      decoder.decode(encoding, bytes)
      for (const [index, read] of Object.values(takeRows(decoder)).entries()) {
        const good = Object.values(goodRows)[index] ?? []
        const rowsBefore = before[index] ?? 0
        expect(read.length, note).toBe(rowsBefore + good.length)
        expect(read.slice(rowsBefore), note).toEqual(good)
      }
    }
    expect(malformed).toBeGreaterThan(runs / 20)
  },
  timeoutMs,
)

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes)
  if (copy.length === 0) return random.bytes(5)
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(copy.length)
    switch (random.below(4)) {
      case 0:
        copy[at] = (copy[at] as number) ^ (1 << random.below(8))
        break
      case 1:
        copy[at] = random.pick([0, 127, 128, 255, 0x22, 0x5c, 0x7b])
        break
      case 2:
        copy.copyWithin(at, random.below(copy.length), random.below(copy.length))
        break
      default:
        return copy.subarray(0, at)
    }
  }
  return copy
}
