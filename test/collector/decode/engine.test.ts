import { migrate } from '@wayward/clickhouse'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cell, Row } from '../../clickhouse/native/native-reader.ts'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'
import { expectedLogRows, expectedSpanRows } from './expected-rows.ts'
import { oracleObject } from './oracle.ts'
import { createRandom } from './random.ts'
import { nowMs, RequestGenerator } from './request-generator.ts'

const REQUESTS = 60

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestEngine()
  await migrate(engine.writer)
})

afterAll(() => engine.shutdown())

const NANOSECONDS = (column: string) => `toUnixTimestamp64Nano(${column})`
const PAIRS = (column: string) => `CAST(${column}, 'Array(Tuple(String, String))')`
const CASES = [
  {
    signal: 'traces',
    create: createTracesDecoder,
    expected: expectedSpanRows,
    select: {
      Timestamp: NANOSECONDS('Timestamp'),
      ResourceAttributes: PAIRS('ResourceAttributes'),
      SpanAttributes: PAIRS('SpanAttributes'),
      'Events.Timestamp': `arrayMap(t -> ${NANOSECONDS('t')}, \`Events.Timestamp\`)`,
      'Events.Attributes': `arrayMap(m -> ${PAIRS('m')}, \`Events.Attributes\`)`,
      'Links.Attributes': `arrayMap(m -> ${PAIRS('m')}, \`Links.Attributes\`)`,
    },
  },
  {
    signal: 'logs',
    create: createLogsDecoder,
    expected: expectedLogRows,
    select: {
      Timestamp: NANOSECONDS('Timestamp'),
      ResourceAttributes: PAIRS('ResourceAttributes'),
      ScopeAttributes: PAIRS('ScopeAttributes'),
      LogAttributes: PAIRS('LogAttributes'),
    },
  },
] as const

// Goal: the stock tables take the block and give every value back as it was sent.
test.each(CASES)('ClickHouse stores decoded $signal unchanged', async (one) => {
  const decoder = one.create(defaultDecodeLimits, () => nowMs)
  const generator = new RequestGenerator(createRandom(42), { isOdd: true })
  const rows: Row[] = []
  for (let i = 0; i < REQUESTS; i++) {
    const request = generator[one.signal]()
    rows.push(...one.expected(oracleObject(one.signal, request)))
    expect(decoder.decode('protobuf', request).status).toBe('decoded')
  }
  const outcome = await engine.writer.insertNative(
    decoder.blocks[0].table,
    decoder.blocks[0].take(),
    'token',
  )
  expect(outcome).toEqual({ status: 'inserted' })
  const special: Readonly<Record<string, string>> = one.select
  const columns = Object.keys(rows[0] ?? {}).map((name) => special[name] ?? `\`${name}\``)
  const stored = await engine.reader.query<Record<string, Cell>>(
    `SELECT tuple(${columns.join(', ')}) AS cells FROM ${decoder.blocks[0].table}`,
  )
  const storedRows = stored.map((row) => JSON.stringify(listOf(row['cells'])))
  const expectedRows = rows.map((row) => JSON.stringify(listOf(Object.values(row))))
  expect(storedRows.toSorted()).toEqual(expectedRows.toSorted())
})

/** 64-bit integers come as text, and tuples as objects with numbered names. */
function listOf(cell: unknown): unknown {
  if (typeof cell === 'bigint' || typeof cell === 'number') return String(cell)
  if (typeof cell === 'object' && cell !== null) return Object.values(cell).map(listOf)
  return cell
}
