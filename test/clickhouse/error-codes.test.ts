import { errorCodes } from '@wayward/clickhouse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestEngine()
})

afterAll(async () => {
  await engine.shutdown()
})

test('the numbers are those of ClickHouse', async () => {
  const rows = await engine.reader.query<{ readonly name: string; readonly code: number }>(
    `SELECT errorCodeToName(code) AS name, code FROM (SELECT arrayJoin([${Object.values(errorCodes).join(', ')}]) AS code)`,
  )
  expect(Object.fromEntries(rows.map(({ name, code }) => [name, code]))).toEqual(errorCodes)
})
