import { expect, test } from 'vitest'
import { readNativeBlock } from '../../clickhouse/native/native-reader.ts'
import { oracleObject } from './oracle.ts'
import { createRandom } from './random.ts'
import { RequestGenerator } from './request-generator.ts'
import { toOtlpJson } from './otlp-json.ts'
import { countRows, joinRows, signals, takeRows } from './signals.ts'

const seeds = 150

// Goal: the blocks hold exactly what the oracle reads, for every shape of request. Method: several
// seeded requests into one block, read back by a reader of its own.
test.each(signals)('decode() of $signal agrees with the oracle', ({ signal, create, expected }) => {
  const decoder = create()
  let rowsTotal = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const random = createRandom(seed)
    const generator = new RequestGenerator(random, { isOdd: seed % 2 === 0 })
    const requests = Array.from({ length: 1 + random.below(4) }, () => generator[signal]())
    const tables = joinRows(requests.map((request) => expected(oracleObject(signal, request))))
    for (const request of requests) {
      const result = decoder.decode('protobuf', request)
      expect(result, `seed ${seed}`).toMatchObject({ status: 'decoded', rejectedItems: 0 })
    }
    expect(decoder.blocks.map((block) => block.table)).toEqual(Object.keys(tables))
    rowsTotal += countRows(decoder)
    for (const open of decoder.blocks) {
      const rows = tables[open.table] ?? []
      expect(open.rows).toBe(rows.length)
      const bytesBefore = open.bytes
      const block = Buffer.concat(open.take())
      expect(Math.abs(bytesBefore - block.length), `seed ${seed}`).toBeLessThan(4000)
      expect(readNativeBlock(block).rows, `seed ${seed}`).toEqual(rows)
    }
  }
  expect(rowsTotal).toBeGreaterThan(seeds * 10)
})

test.each(signals)('decode() of $signal gives the same block for JSON', ({ signal, create }) => {
  const decoder = create()
  for (let seed = 1; seed <= seeds / 3; seed++) {
    const random = createRandom(seed * 7919)
    const generator = new RequestGenerator(random, { isOdd: seed % 2 === 0 })
    const request = generator[signal]()
    const result = decoder.decode('protobuf', request)
    const fromProtobuf = takeRows(decoder)
    const json = toOtlpJson(oracleObject(signal, request), random)
    const fromJson = decoder.decode('json', Buffer.from(json))
    if (fromJson.status !== 'decoded' || fromJson.ignored === undefined) {
      expect(fromJson, `seed ${seed}: ${json}`).toEqual(result)
    } else {
      expect(fromJson.ignored).toMatch(/^The field 'unknownField' of /)
      const { acceptedItems, rejectedItems } = fromJson
      expect(result, `seed ${seed}: ${json}`).toMatchObject({ acceptedItems, rejectedItems })
    }
    expect(takeRows(decoder), `seed ${seed}`).toEqual(fromProtobuf)
  }
})
