import { parseSqlHeader } from '@wayward/analyzers/sql-header'
import { describe, expect, test } from 'vitest'

const head = [
  '-- Question: Which locks?',
  '--',
  '-- Parameters:',
  '--   from  DateTime64(9)  first moment',
  '--',
  '-- Uses: lock_waits, severity',
  '--',
  '-- Headline, the columns of a table, the last left out first:',
  '--   lock_name,',
  '--   wait_ns',
  '--',
  '-- Output, one row per lock, the worst first:',
  '--   lock_name  text         class of the lock',
  '--   wait_ns    duration ns  sum of the waits',
  'SELECT 1',
]

describe('parseSqlHeader()', () => {
  test('reads all that the head declares', () => {
    expect(parseSqlHeader(head.join('\n'))).toEqual({
      question: 'Which locks?',
      parameters: [{ name: 'from', type: 'DateTime64(9)', description: 'first moment' }],
      uses: ['lock_waits', 'severity'],
      headline: ['lock_name', 'wait_ns'],
      rowsAre: 'one row per lock, the worst first',
      columns: [
        { name: 'lock_name', type: 'text', unit: '', description: 'class of the lock' },
        { name: 'wait_ns', type: 'duration', unit: 'ns', description: 'sum of the waits' },
      ],
    })
  })

  test.each([
    ['-- Question: Which locks?', 'no "-- Question:" in its first line'],
    ['-- Parameters:', 'no "-- Parameters" in its head'],
    [
      '-- Headline, the columns of a table, the last left out first:',
      'no "-- Headline" in its head',
    ],
    ['-- Output, one row per lock, the worst first:', 'no "-- Output" in its head'],
    ['--   lock_name  text         class of the lock', 'names "lock_name", which is no column'],
  ])('refuses a head without %s', (line, message) => {
    expect(() => parseSqlHeader(head.filter((one) => one !== line).join('\n'))).toThrow(message)
  })

  test('refuses a column whose type it does not know', () => {
    const wrong = head.join('\n').replace('duration ns', 'moment ns  ')
    expect(() => parseSqlHeader(wrong)).toThrow('no column with a known type in "--   wait_ns')
  })
})
