import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { expect, test } from 'vitest'
import { readNativeBlock } from '../../clickhouse/native/native-reader.ts'
import { expectedLogRows, expectedSpanRows } from './expected-rows.ts'
import { oracleObject } from './oracle.ts'
import { createRandom } from './random.ts'
import { nowMs, RequestGenerator } from './request-generator.ts'
import { toOtlpJson } from './otlp-json.ts'

const SEEDS = 150
const SIGNALS = [
  { signal: 'traces', create: createTracesDecoder, expected: expectedSpanRows },
  { signal: 'logs', create: createLogsDecoder, expected: expectedLogRows },
] as const

// Goal: the block holds exactly what the oracle reads, for every shape of request. Method: several
// seeded requests into one block, read back by a reader of its own.
test.each(SIGNALS)('decode() of $signal agrees with the oracle', ({ signal, create, expected }) => {
  const decoder = create(defaultDecodeLimits, () => nowMs)
  let rowsTotal = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createRandom(seed)
    const generator = new RequestGenerator(random, { isOdd: seed % 2 === 0 })
    const requests = Array.from({ length: 1 + random.below(4) }, () => generator[signal]())
    const rows = requests.flatMap((request) => expected(oracleObject(signal, request)))
    for (const request of requests) {
      const result = decoder.decode('protobuf', request)
      expect(result, `seed ${seed}`).toMatchObject({ status: 'decoded', rejectedItems: 0 })
    }
    expect(decoder.blocks[0].rows).toBe(rows.length)
    const bytesBefore = decoder.blocks[0].bytes
    const block = Buffer.concat(decoder.blocks[0].take())
    expect(Math.abs(bytesBefore - block.length), `seed ${seed}`).toBeLessThan(4000)
    expect(readNativeBlock(block).rows, `seed ${seed}`).toEqual(rows)
    rowsTotal += rows.length
  }
  expect(rowsTotal).toBeGreaterThan(SEEDS * 10)
})

test.each(SIGNALS)('decode() of $signal gives the same block for JSON', ({ signal, create }) => {
  const decoder = create(defaultDecodeLimits, () => nowMs)
  for (let seed = 1; seed <= SEEDS / 3; seed++) {
    const random = createRandom(seed * 7919)
    const generator = new RequestGenerator(random, { isOdd: seed % 2 === 0 })
    const request = generator[signal]()
    const result = decoder.decode('protobuf', request)
    const fromProtobuf = readNativeBlock(Buffer.concat(decoder.blocks[0].take())).rows
    const json = toOtlpJson(oracleObject(signal, request), random)
    expect(decoder.decode('json', Buffer.from(json)), `seed ${seed}: ${json}`).toEqual(result)
    const fromJson = readNativeBlock(Buffer.concat(decoder.blocks[0].take())).rows
    expect(fromJson, `seed ${seed}`).toEqual(fromProtobuf)
  }
})
