import { afterAll, beforeAll, expect, test } from 'vitest'
import { readNativeBlock } from '../../clickhouse/native/native-reader.ts'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { oracleObject } from './oracle.ts'
import { createRandom } from './random.ts'
import { RequestGenerator } from './request-generator.ts'
import { joinRows, signals } from './signals.ts'

const requestCount = 60

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(() => engine.shutdown())

// Goal: the stock tables take the blocks and give every value back as it was sent.
test.each(signals)('ClickHouse stores decoded $signal unchanged', async (one) => {
  const decoder = one.create()
  const generator = new RequestGenerator(createRandom(42), { isOdd: true })
  const requests = Array.from({ length: requestCount }, () => generator[one.signal]())
  for (const request of requests) {
    expect(decoder.decode('protobuf', request).status).toBe('decoded')
  }
  const tables = joinRows(
    requests.map((request) => one.expected(oracleObject(one.signal, request))),
  )
  for (const open of decoder.blocks) {
    const { table } = open
    const chunks = open.take()
    expect(await engine.writer.insertNative(table, chunks, 'token')).toEqual({
      status: 'inserted',
    })
    const types = [...readNativeBlock(Buffer.concat(chunks)).columns]
    const cells = types.map(([name, type]) => exact(`\`${name}\``, type))
    const stored = await engine.reader.query<Record<string, unknown>>(
      `SELECT tuple(${cells.join(', ')}) AS cells FROM ${table}`,
    )
    const storedRows = stored.map((row) => JSON.stringify(listOf(row['cells'])))
    const expectedRows = (tables[table] ?? []).map((row) =>
      JSON.stringify(types.map(([name, type]) => listOf(row[name], type.includes('Float64')))),
    )
    expect(storedRows.length).toBeGreaterThan(20)
    expect(storedRows.toSorted(), table).toEqual(expectedRows.toSorted())
  }
})

/**
 * An expression that gives a column's value without loss: times in nanoseconds, doubles as their
 * bits.
 */
function exact(column: string, type: string): string {
  if (type.startsWith('Array(')) return `arrayMap(e -> ${exact('e', type.slice(6, -1))}, ${column})`
  if (type.startsWith('Map(')) return `CAST(${column}, 'Array(Tuple(String, String))')`
  if (type === 'DateTime64(9)') return `toUnixTimestamp64Nano(${column})`
  if (type === 'Float64') return `reinterpretAsUInt64(${column})`
  return type === 'Bool' ? `toUInt8(${column})` : column
}

/** 64-bit integers come as text, and tuples as objects with numbered names. */
function listOf(cell: unknown, isDouble = false): unknown {
  if (typeof cell === 'number' && isDouble) return bits(cell)
  if (typeof cell === 'bigint' || typeof cell === 'number') return String(cell)
  if (typeof cell === 'object' && cell !== null) {
    return Object.values(cell).map((inner) => listOf(inner, isDouble))
  }
  return cell
}

function bits(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return String(bytes.readBigUInt64LE())
}
