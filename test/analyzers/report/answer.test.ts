import { type Column, listAnalyzers, type Report } from '@wayward/analyzers'
import { answerCsv, reportText } from '@wayward/analyzers/report/answer'
import { createStyle } from '@wayward/analyzers/report/style'
import { alignOf, formatValue, headingOf } from '@wayward/analyzers/report/value'
import { describe, expect, test } from 'vitest'

const plain = createStyle(false)
const column = (name: string, type: Column['type'], unit = ''): Column => ({
  name,
  type,
  unit,
  description: '',
})

describe('formatValue()', () => {
  test.each<[Column, string | number | readonly number[], string]>([
    [column('wait_ns', 'duration', 'ns'), 1_240_000_000, '1.24 s'],
    [column('wait_ns', 'duration', 'ns'), Number.NaN, '–'],
    [column('share', 'fraction'), 0.345, '34.5 %'],
    [column('rate', 'rate', 'items/s'), 31.47, '31.5 items/s'],
    [column('n', 'count'), 12_345, '12,345'],
    [column('process_pid', 'count'), 12_345, '12345'],
    [column('process_pid', 'count'), 0, '–'],
    [column('hour', 'hour'), 6, '06:00'],
    [column('at', 'time'), '2026-11-21 06:00:00.123456789', '2026-11-21 06:00:00'],
    [column('at', 'time'), '1970-01-01 00:00:00.000000000', '–'],
    [column('by_hour', 'counts'), [1, 2], '1 2'],
    [column('name', 'text'), 'x', 'x'],
  ])('%o of %s', (one, value, text) => expect(formatValue(one, value)).toBe(text))
})

test('headings leave the unit to the value', () => {
  expect(headingOf(column('wait_p95_ns', 'duration', 'ns'))).toBe('wait p95')
  expect(alignOf(column('wait_p95_ns', 'duration', 'ns'))).toBe('right')
  expect(alignOf(column('name', 'text'))).toBe('left')
})

const report: Report = {
  analyzer: 'lock-contention',
  kind: 'lock',
  tells: 'matter',
  question: 'Which locks?',
  status: 'findings',
  missing: [],
  columns: [column('lock_name', 'text'), column('wait_sum_ns', 'duration', 'ns')],
  headline: ['lock_name', 'wait_sum_ns'],
  rows: [{ service: 'shop', lock_name: 'in,"v"', wait_sum_ns: 2_000_000 }],
  findings: [
    {
      severity: 97,
      subject: 'inventory',
      service: 'shop',
      summary: 'Lock "inventory" made everybody wait \u001b[2J',
      explanation: 'It was held.',
      solution: 'Hold it less.',
      exemplars: [{ label: 'longest wait', traceId: 'ab', spanId: 'cd' }],
    },
  ],
  sql: 'SELECT 1',
}

describe('reportText()', () => {
  test('shows finding, reason, way out and exemplar before the table', () => {
    expect(reportText(report, 80, plain)).toBe(
      [
        'Which locks?',
        '',
        '1. [severity 97] Lock "inventory" made everybody wait ␛[2J',
        '   Why: It was held.',
        '   Do:  Hold it less.',
        '   See: trace ab span cd (longest wait)',
        '',
        'lock name  wait sum',
        '─────────  ────────',
        'in,"v"         2 ms',
        'Service shop. All 2 columns: --format json or csv',
        '',
      ].join('\n'),
    )
  })

  test('says NA with what is missing, and never that all is well', () => {
    const missing = ['spans of locks']
    const text = reportText({ ...report, status: 'NA', missing, rows: [], findings: [] }, 80, plain)
    expect(text).toContain('NA: cannot be answered')
    expect(text.replaceAll(/\s+/g, ' ')).toContain('never reported spans of locks.')
    expect(text).not.toContain('Nothing stands out')
  })

  test('fits every line into a narrow terminal', () => {
    const rows = [{ service: 'shop', lock_name: 'in,"v"', wait_sum_ns: 2_000_000 }]
    const lines = reportText({ ...report, rows, findings: [] }, 40, plain).split('\n')
    expect(lines.filter((line) => line.length > 40)).toEqual([])
    expect(lines).toContain('Service shop. All 2 columns: --format')
  })

  test('says that its times are UTC where it shows any', () => {
    const columns = [column('job_name', 'text'), column('last_at', 'time')]
    const rows = [{ service: 'shop', job_name: 'sync', last_at: '2026-11-21 06:00:00.123456789' }]
    const headline = ['job_name', 'last_at']
    const text = reportText({ ...report, headline, columns, rows }, 80, plain)
    expect(text).toContain('Service shop. Times are UTC. All 2 columns')
  })

  test('says that nothing stands out where that is so', () => {
    expect(reportText({ ...report, status: 'ok', findings: [] }, 80, plain)).toContain(
      'Nothing stands out',
    )
  })

  test('cuts the long names of whatever a text is about, and keeps the numbers after them', () => {
    const task = 't'.repeat(1_000_000)
    const [finding] = report.findings
    const long = `While task ${task} held it, for 5 s`
    const exemplars = [{ label: `item ${task}`, traceId: 'ab', spanId: 'cd' }]
    const findings = [{ ...finding, explanation: long, exemplars } as (typeof report.findings)[0]]
    const text = reportText({ ...report, findings }, 80, plain)
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`${'t'.repeat(99)}… held it, for 5 s`)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(120)
  })

  test('shows no table where there are no rows, and a service without a name as such', () => {
    const text = reportText({ ...report, status: 'ok', rows: [], findings: [] }, 80, plain)
    expect(text).toBe('Which locks?\n\nNothing stands out.\n\n')
    const rows = [{ service: '', lock_name: 'cart', wait_sum_ns: 0 }]
    expect(reportText({ ...report, rows }, 80, plain)).toContain('A service without a name. All')
    const ofMany = [{ lock_name: 'cart', wait_sum_ns: 0 }]
    expect(reportText({ ...report, rows: ofMany }, 80, plain)).toMatch(/\nAll 2 columns/)
  })

  test('uses colour only where it is asked for', () => {
    expect(reportText(report, 80, plain)).not.toContain('\u001b')
    expect(reportText(report, 80, createStyle(true))).toContain('\u001b[1;31m[severity 97] ')
  })
})

test('answerCsv() quotes what needs it and gives raw numbers', () => {
  expect(answerCsv(report)).toBe('lock_name,wait_sum_ns\n"in,""v""",2000000\n')
})

test('every analyzer has a question to list', async () => {
  for (const { question } of await listAnalyzers()) expect(question).toMatch(/\?$/)
})
