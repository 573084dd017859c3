// A table fitted to a width, in this order until it fits: headings broken at words, texts cut with
// "…", the last columns left out and named below. Numbers are never cut: a cut number is a wrong
// number.
import stringWidth from 'string-width'
import type { Style } from './style.ts'

export interface TableColumn {
  readonly heading: string
  readonly align: 'left' | 'right'
  /** Never cut, although it stands left: a time without its end is a wrong time. */
  readonly isWhole?: boolean
}

export interface Table {
  readonly columns: readonly TableColumn[]
  /** One text per column; control characters are made visible here. */
  readonly rows: readonly (readonly string[])[]
}

const gap = '  '
/**
 * Longer texts are cut before they are laid out: anybody may send a name of a million characters.
 */
const charactersMax = 1000
/** A text column is not cut below this; rather is a column left out. */
const textWidthMin = 12

/** The table's lines, each at most `width` columns wide, with a line end after each. */
export function renderTable(table: Table, width: number, style: Style): string {
  const rows = table.rows.map((row) => row.map((cell) => visible(clip(cell, charactersMax))))
  const columns = table.columns.map((column, index) => ({
    ...column,
    heading: visible(clip(column.heading, charactersMax)),
    cellWidth: rows.reduce((max, row) => Math.max(max, textWidth(row[index] ?? '')), 0),
  }))
  const { widths, shown } = fit(columns, width)
  const shownColumns = columns.slice(0, shown)
  const lines: string[] = headingLines(shownColumns, widths).map((line) => style.bold(line))
  lines.push(style.dim(widths.map((columnWidth) => '─'.repeat(columnWidth)).join(gap)))
  for (const row of rows) {
    const cells = shownColumns.map((column, index) =>
      pad(cut(row[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, column.align),
    )
    lines.push(cells.join(gap).trimEnd())
  }
  if (shown < columns.length) {
    const hidden = columns.slice(shown).map((column) => column.heading)
    const text = `Not shown, for want of width: ${hidden.join(', ')}`
    lines.push(...wrap(text, width).map((line) => style.dim(line)))
  }
  return lines.map((line) => `${line}\n`).join('')
}

interface MeasuredColumn extends TableColumn {
  readonly cellWidth: number
}

function fit(
  columns: readonly MeasuredColumn[],
  width: number,
): { widths: number[]; shown: number } {
  const natural = columns.map((column) => Math.max(column.cellWidth, textWidth(column.heading)))
  if (total(natural) <= width) return { widths: natural, shown: columns.length }
  for (let shown = columns.length; shown > 1; shown--) {
    const widths = shrink(columns.slice(0, shown), width)
    if (total(widths) <= width) return { widths, shown }
  }
  return { widths: [Math.max(1, Math.min(width, natural[0] ?? width))], shown: 1 }
}

/** Widths with broken headings, and the widest texts cut first, as far as they may be. */
function shrink(columns: readonly MeasuredColumn[], width: number): number[] {
  const widths = columns.map((column) => Math.max(column.cellWidth, longestWord(column.heading)))
  const floors = columns.map((column, index) =>
    column.align === 'right' || column.isWhole === true
      ? (widths[index] ?? 0)
      : Math.min(widths[index] ?? 0, Math.max(textWidthMin, longestWord(column.heading))),
  )
  for (let excess = total(widths) - width; excess > 0; excess--) {
    let widest = -1
    for (let index = 0; index < widths.length; index++) {
      const isCuttable = (widths[index] ?? 0) > (floors[index] ?? 0)
      if (isCuttable && (widths[index] ?? 0) > (widths[widest] ?? 0)) widest = index
    }
    if (widest < 0) return widths
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, 0) + gap.length * Math.max(0, widths.length - 1)
}

function longestWord(text: string): number {
  return text.split(' ').reduce((max, word) => Math.max(max, textWidth(word)), 0)
}

function headingLines(columns: readonly TableColumn[], widths: readonly number[]): string[] {
  const broken = columns.map((column, index) => wrap(column.heading, widths[index] ?? 0))
  const height = broken.reduce((max, lines) => Math.max(max, lines.length), 1)
  return Array.from({ length: height }, (_, line) => {
    const cells = columns.map((column, index) => {
      const lines = broken[index] ?? []
      // Headings stand on the rule: the empty lines are above.
      const text = lines[line - (height - lines.length)] ?? ''
      return pad(cut(text, widths[index] ?? 0), widths[index] ?? 0, column.align)
    })
    return cells.join(gap).trimEnd()
  })
}

/** Blanks between a number and its unit, where no line should end. */
const unitBlank = /(?<=\d) (?=(?:ns|µs|ms|s|min|h|d|%|items\/s)(?![\w-]))/g
const unbreakable = '\u00a0'

/**
 * Breaks a text at blanks into lines of at most `width` columns; a longer word has a line of its
 * own.
 */
export function wrap(text: string, width: number): string[] {
  return breakLines(text.replaceAll(unitBlank, unbreakable), width).map((line) =>
    line.replaceAll(unbreakable, ' '),
  )
}

function breakLines(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  let lineWidth = 0
  for (const whole of text.split(' ')) {
    const word = clip(whole, charactersMax)
    const wordWidth = textWidth(word)
    if (line === '') {
      line = word
      lineWidth = wordWidth
    } else if (lineWidth + 1 + wordWidth <= width) {
      line += ` ${word}`
      lineWidth += 1 + wordWidth
    } else {
      lines.push(line)
      line = word
      lineWidth = wordWidth
    }
  }
  lines.push(line)
  return lines
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
}

const graphemes = new Intl.Segmenter()

/** The text, or its beginning with a "…": a bound on the work, whatever is laid out later. */
export function clip(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  // Not in the middle of a pair.
  return `${text.slice(0, charactersMax - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** Columns that a text takes. Measuring any text takes the square of its length; most are ASCII. */
function textWidth(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text)
}

/** The text, or as much of its beginning as fits before a "…". */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  let keptWidth = 0
  for (const { segment } of graphemes.segment(text)) {
    const segmentWidth = textWidth(segment)
    if (keptWidth + segmentWidth > width - 1) break
    kept += segment
    keptWidth += segmentWidth
  }
  return `${kept}…`
}

/**
 * Signs that change what is seen without being seen: controls, directions, line and paragraph
 * separators, blanks of no width, tags, halves of pairs. The joiners of zero width stay, which
 * emoji and Persian need.
 */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu

/**
 * Data must not move the cursor, change colours or look like other data: what is unseen becomes a
 * visible sign.
 */
export function visible(text: string): string {
  return text.replaceAll(unseen, (sign) => {
    const code = sign.codePointAt(0) ?? 0
    if (code < 0x20) return String.fromCodePoint(0x2400 + code)
    return code === 0x7f ? '␡' : '�'
  })
}
