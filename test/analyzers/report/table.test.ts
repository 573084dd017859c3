import { createStyle } from '@wayward/analyzers/report/style'
import { cut, renderTable, type Table, visible, wrap } from '@wayward/analyzers/report/table'
import { describe, expect, test } from 'vitest'

const plain = createStyle(false)

const locks: Table = {
  columns: [
    { heading: 'lock', align: 'left' },
    { heading: 'total wait', align: 'right' },
    { heading: 'waits', align: 'right' },
    { heading: 'session share', align: 'right' },
  ],
  rows: [
    ['inventory', '1.24 s', '60', '91 %'],
    ['a lock with quite a long name', '3 ms', '1,204', '0.1 %'],
  ],
}

/** Columns of the widest line; Chinese and Japanese characters take two. */
const widest = (text: string): number =>
  text.split('\n').reduce((max, line) => Math.max(max, columnsOf(line)), 0)

const columnsOf = (line: string): number =>
  line.length + (line.match(/[\u3000-\u9fff]/g)?.length ?? 0)

describe('renderTable()', () => {
  test('aligns texts left and numbers right', () => {
    expect(renderTable(locks, 80, plain)).toBe(
      [
        'lock                           total wait  waits  session share',
        '─────────────────────────────  ──────────  ─────  ─────────────',
        'inventory                          1.24 s     60           91 %',
        'a lock with quite a long name        3 ms  1,204          0.1 %',
        '',
      ].join('\n'),
    )
  })

  test('breaks headings, then cuts texts', () => {
    const text = renderTable(locks, 40, plain)
    expect(widest(text)).toBeLessThanOrEqual(40)
    expect(text).toContain('a lock with qui…')
    expect(text).toContain('1,204')
  })

  test('never cuts what is whole', () => {
    const columns = [
      { heading: 'text', align: 'left' as const },
      { heading: 'at', align: 'left' as const, isWhole: true },
    ]
    const rows = [['a long text of many words', '2026-11-21 06:00:00']]
    expect(renderTable({ columns, rows }, 34, plain)).toContain(
      'a long text …  2026-11-21 06:00:00',
    )
  })

  test('leaves out the last columns rather than cutting a number, and names them', () => {
    const text = renderTable(locks, 28, plain)
    expect(widest(text)).toBeLessThanOrEqual(28)
    expect(text).not.toContain('91 %')
    expect(text.replaceAll('\n', ' ')).toContain('Not shown, for want of width: session share')
  })

  test.each([20, 40, 60, 80, 140])('never exceeds a width of %i', (width) => {
    const wide: Table = {
      columns: Array.from({ length: 12 }, (_, i) => ({
        heading: `column number ${i}`,
        align: i % 3 === 0 ? ('left' as const) : ('right' as const),
      })),
      rows: [Array.from({ length: 12 }, (_, i) => '長い名前'.repeat(i + 1).slice(0, 9))],
    }
    expect(widest(renderTable(wide, width, plain))).toBeLessThanOrEqual(width)
  })

  test('shows an empty table by its headings', () => {
    expect(renderTable({ columns: locks.columns, rows: [] }, 80, plain)).toContain('total wait')
  })
})

test('wrap() keeps a number and its unit together', () => {
  expect(wrap('It took 12.5 ms of 30 items/s', 12)).toEqual(['It took', '12.5 ms of', '30 items/s'])
})

test('cut() counts columns, not characters', () => {
  expect(cut('日本語テキスト', 7)).toBe('日本語…')
  expect(cut('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 5)).toBe('👩‍👩‍👧‍👦👩‍👩‍👧‍👦…')
  expect(cut('short', 5)).toBe('short')
})

test.each([
  ['\u200e', 'left-to-right mark'],
  ['\u200f', 'right-to-left mark'],
  ['\u061c', 'Arabic letter mark'],
  ['\u2028', 'line separator'],
  ['\u2029', 'paragraph separator'],
  ['\u200b', 'blank of no width'],
  ['\u2060', 'word joiner'],
  ['\ufeff', 'byte order mark'],
  ['\u00ad', 'soft hyphen'],
  ['\u{e0041}', 'tag'],
  ['\ud800', 'half of a pair'],
])('visible() shows %j, a %s', (sign) => expect(visible(`a${sign}b`)).toBe('a�b'))

test('visible() leaves what is seen, and the joiners that writing needs', () => {
  for (const text of ['Ümläut', '日本語', '👩\u200d🔬', 'می\u200cخواهم', 'e\u0301'])
    expect(visible(text)).toBe(text)
})

// The work must not grow with the square of the length: it took half an hour, and now milliseconds.
test('texts of a million characters are laid out', () => {
  const columns = [
    { heading: 'name', align: 'left' as const },
    { heading: 'n', align: 'right' as const },
  ]
  for (const sign of ['x', 'é', '日', '👩', ' ', 'a b ']) {
    const long = sign.repeat(1_000_000)
    const lines = renderTable(
      {
        columns,
        rows: [
          [long, '1'],
          ['b', '2'],
        ],
      },
      80,
      plain,
    ).split('\n')
    expect(lines.every((line) => line.length <= 160)).toBe(true)
    expect(wrap(`Lock "${sign.repeat(100_000)}" of shop`, 80).length).toBeGreaterThan(0)
  }
})

test('visible() takes the power from control characters', () => {
  expect(visible('a\u001b[31mb\nc\u009b\u202ed')).toBe('a␛[31mb␊c��d')
})
