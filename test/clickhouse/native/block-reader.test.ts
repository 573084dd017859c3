// Goal: every value of a block is read back as it was written. Method: blocks of all columns of the
// decoders, from random requests, against a reader that follows the format's description.
import { isMapReader, type NativeValue, readBlock } from '@wayward/clickhouse'
import { expect, test } from 'vitest'
import { createRandom } from '../../collector/decode/random.ts'
import { RequestGenerator } from '../../collector/decode/request-generator.ts'
import { signals } from '../../collector/decode/signals.ts'
import { type Cell, readNativeBlock } from './native-reader.ts'

type Pairs = readonly (readonly [string, string])[]

/** As an object is in JavaScript: of a key that stands twice the first value, integers first. */
function asMap(cell: Cell): Cell {
  const pairs = cell as unknown as Pairs
  const first = new Map(pairs.toReversed())
  return Object.entries(
    Object.fromEntries([...new Set(pairs.map(([key]) => key))].map((key) => [key, first.get(key)])),
  ) as Cell[]
}

/** The form of the other reader: maps as pairs, truth as a number. */
function toCell(value: NativeValue | undefined): Cell {
  if (typeof value === 'boolean') return Number(value)
  if (Array.isArray(value)) return (value as readonly NativeValue[]).map(toCell)
  if (typeof value === 'object') return Object.entries(value) as Cell[]
  return value ?? ''
}

function wantedOf(cell: Cell, type: string): Cell {
  if (type.startsWith('Map(')) return asMap(cell)
  return type.startsWith('Array(Map(') ? (cell as Cell[]).map(asMap) : cell
}

/** @param starts where the columns begin, for a reader that goes to those that are asked for */
function compare(bytes: Uint8Array, starts?: readonly number[]): number {
  const expected = readNativeBlock(bytes)
  const block = readBlock(bytes, starts)
  expect(block.rows).toBe(expected.rows.length)
  for (const [name, type] of expected.columns) {
    const column = block.column(name)
    for (const [row, cells] of expected.rows.entries()) {
      const value = column?.value(row)
      expect(toCell(value), `${name} of row ${row}`).toEqual(wantedOf(cells[name] ?? '', type))
      expect(column?.text(row)).toBe(typeof value === 'string' ? value : '')
      const isNumber = typeof value !== 'string' && typeof value !== 'object'
      expect(column?.number(row)).toBe(isNumber ? Number(value) : Number.NaN)
      if (!isMapReader(column)) continue
      const pairs = cells[name] as unknown as Pairs
      for (const [key] of pairs) {
        expect(column.entry(row, key)).toBe(pairs.find(([one]) => one === key)?.[1])
      }
      expect(column.entry(row, 'no such key')).toBeUndefined()
    }
  }
  return expected.rows.length
}

test.each(signals)('readBlock() reads blocks of $signal', ({ create, signal }) => {
  const decoder = create()
  let rows = 0
  for (let seed = 1; seed <= 60; seed++) {
    const generator = new RequestGenerator(createRandom(seed), { isOdd: false })
    decoder.decode('protobuf', generator[signal]())
    if (seed % 3 !== 0) continue
    for (const block of decoder.blocks) {
      if (block.rows === 0) continue
      const bytes = Buffer.concat(block.take())
      rows += compare(bytes)
      expect(block.starts?.length).toBeGreaterThan(10)
      expect(compare(bytes, block.starts)).toBe(readBlock(bytes).rows)
    }
  }
  expect(rows).toBeGreaterThan(100)
})

test('readBlock() reads a block without rows, and refuses a type that nothing here writes', () => {
  expect(readBlock(Uint8Array.of(0, 0)).rows).toBe(0)
  const unknown = Buffer.from([1, 1, 1, 0x63, 4, ...Buffer.from('UUID')])
  expect(() => readBlock(unknown)).toThrow('Columns of type UUID cannot be read here')
  const found = readBlock(unknown, [2])
  expect(found.column('d')).toBeUndefined()
  expect(() => found.column('c')).toThrow('Columns of type UUID cannot be read here')
})

test('readBlock() refuses a block that is cut, wherever it is', () => {
  const [traces] = signals
  const decoder = traces?.create()
  decoder?.decode('protobuf', new RequestGenerator(createRandom(3), { isOdd: false }).traces())
  const bytes = Buffer.concat(decoder?.blocks[0]?.take() ?? [])
  expect(bytes.length).toBeGreaterThan(500)
  const taken: number[] = []
  for (let end = 2; end < bytes.length; end++) {
    try {
      readBlock(bytes.subarray(0, end))
      taken.push(end)
    } catch {
      // As it must.
    }
  }
  expect(taken).toEqual([])
})
