// Goal: what drivers and plug-ins ask by themselves is answered to everybody, over plain HTTP.
// Method: the statements are those that they write, with the settings that they send.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestStore()
})
afterAll(() => engine.shutdown())

/** The settings of each driver's requests. */
const tools: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  grafana: {
    default_format: 'Native',
    client_protocol_version: '54460',
    max_execution_time: '60',
    enable_http_compression: '1',
  },
  superset: {
    client_protocol_version: '54460',
    session_id: 'e3f1c0a2-5b1c-4a0e-9d65-6f5f0a1d2c3b',
    wait_end_of_query: '1',
    send_progress_in_http_headers: '1',
    http_headers_progress_interval_ms: '120000',
    cancel_http_readonly_queries_on_client_close: '1',
    date_time_input_format: 'best_effort',
    enable_http_compression: '1',
  },
  jdbc: {
    default_format: 'RowBinaryWithNamesAndTypes',
    compress: '1',
    extremes: '0',
    result_overflow_mode: 'break',
    max_result_rows: '0',
    session_timezone: 'Europe/Berlin',
  },
}

/** `-- query: name` begins each. */
function queriesOf(tool: string): (readonly [string, string])[] {
  const text = readFileSync(new URL(`driver-queries/${tool}.sql`, import.meta.url), 'utf8')
  return text
    .split(/^-- query: /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return [part.slice(0, end), part.slice(end + 1).trim()] as const
    })
}

describe.each(Object.entries(tools))('%s is answered', (tool, settings) => {
  test.each(queriesOf(tool))('%s', async (_name, sql) => {
    const address = new URLSearchParams({ database: 'wayward', ...settings })
    const response = await fetch(`${engine.url}/?${address.toString()}`, {
      method: 'POST',
      body: sql,
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(response.status, bytes.toString().slice(0, 500)).toBe(200)
    expect(response.headers.get('x-clickhouse-exception-code')).toBeNull()
  })

  test('with statements enough to tell', () => {
    expect(queriesOf(tool).length).toBeGreaterThan(15)
  })
})
