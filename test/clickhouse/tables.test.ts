import { readdirSync } from 'node:fs'
import { insertStatements, retainedTables, tables } from '@wayward/clickhouse/tables'
import { expect, test } from 'vitest'

test('every table that has a file is declared, and no other', () => {
  const former = ['otel_metrics_exp_histogram']
  const views = ['wayward_session_times', 'wayward_open_now']
  const files = readdirSync(new URL('../../clickhouse/tables/', import.meta.url))
    .map((file) => file.replace(/\.sql$/, ''))
    .filter((name) => !name.endsWith('_mv') && ![...former, ...views].includes(name))
  expect([...tables.keys()].toSorted()).toEqual(files.toSorted())
})

test('rows come in through the stock tables and the ledger, and age by their own time', () => {
  expect(insertStatements.get('otel_traces')).toBe('INSERT INTO otel_traces FORMAT Native')
  expect([...insertStatements.keys()].filter((name) => !name.startsWith('otel_'))).toEqual([
    'wayward_job_states',
    'wayward_ledger',
  ])
  expect(retainedTables.has('wayward_ledger')).toBe(false)
  expect(retainedTables.get('otel_traces_trace_id_ts')).toMatchObject({ follows: 'otel_traces' })
})
