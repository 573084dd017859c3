import {
  createArrayColumn,
  createBlock,
  createLowCardinalityColumn,
  createMapColumn,
  createStringColumn,
  createUInt64Column,
  createUInt8Column,
} from '@wayward/clickhouse'
import { expect, test } from 'vitest'
import { startTestEngine } from '../../harness/engine.ts'
import { readNativeBlock } from './native-reader.ts'

function text(value: string): [Uint8Array, number, number] {
  const bytes = Buffer.from(value)
  return [bytes, 0, bytes.length]
}

function indexed(column: ReturnType<typeof createLowCardinalityColumn>, value: string): void {
  column.appendId(column.dictionary.intern(...text(value)))
}

test.each([200, 256, 257, 65_535, 65_536, 150_000])(
  'take() writes a dictionary of %i keys with indexes wide enough, and begins again',
  (keys) => {
    const column = createLowCardinalityColumn(['known'])
    const block = createBlock({ c: column })
    for (let round = 0; round < 2; round++) {
      const values = Array.from({ length: keys - 1 }, (_, i) => `key ${i + round}`)
      for (const value of values) indexed(column, value)
      block.rows = values.length
      const rows = readNativeBlock(block.take()).rows
      expect(rows.map((row) => row['c'])).toEqual(values)
    }
    indexed(column, 'small again')
    block.rows = 1
    expect(readNativeBlock(block.take()).rows).toEqual([{ c: 'small again' }])
  },
)

test('intern() finds keys again, and rollback() takes exactly the later ones back', () => {
  const { dictionary } = createLowCardinalityColumn(['known'])
  const ids = Array.from({ length: 5000 }, (_, i) => dictionary.intern(...text(`key ${i}`)))
  expect(dictionary.intern(...text(''))).toBe(0)
  expect(dictionary.intern(...text('known'))).toBe(1)
  expect(ids.map((_, i) => dictionary.intern(...text(`key ${i}`)))).toEqual(ids)
  dictionary.mark(1)
  for (let i = 0; i < 5000; i++) dictionary.intern(...text(`late ${i}`))
  dictionary.rollback(1)
  expect(dictionary.count).toBe(5002)
  expect(dictionary.intern(...text('late 7'))).toBe(5002)
  expect(ids.map((_, i) => dictionary.intern(...text(`key ${i}`)))).toEqual(ids)
  expect(dictionary.isKey(5002, ...text('late 7'))).toBe(true)
  expect(dictionary.isKey(5002, ...text('late 8'))).toBe(false)
  expect(dictionary.isKey(9999, ...text('late 7'))).toBe(false)
})

test('compare() orders keys by their bytes', () => {
  const { dictionary } = createLowCardinalityColumn()
  const words = ['b', 'a', 'ab', 'é', 'z', 'a.b', 'B']
  const ids = words.map((word) => dictionary.intern(...text(word)))
  const sorted = ids
    .toSorted((a, b) => dictionary.compare(a, b))
    .map((id) => words[ids.indexOf(id)])
  expect(sorted).toEqual(['B', 'a', 'a.b', 'ab', 'b', 'z', 'é'])
})

test('StringColumn writes every form of text', () => {
  const column = createStringColumn()
  const long = 'x'.repeat(70_000)
  const integers = [0, 9, 10, -1, 2147483647, 2147483648, -2147483649, 2 ** 53 - 1, -(2 ** 53)]
  for (const value of ['', 'short', 'é', long]) column.append(...text(value))
  for (const value of integers) column.appendInteger(value)
  column.appendHex(Uint8Array.of(0, 15, 255), 0, 3)
  column.appendBase64(Uint8Array.of(9, 1, 2, 255), 1, 4)
  column.appendEmpty()
  expect(column.append(Uint8Array.of(0x80), 0, 1)).toBe(1)
  const block = createBlock({ c: column })
  const expected = ['', 'short', 'é', long, ...integers.map(String), '000fff', 'AQL/', '', '\uFFFD']
  block.rows = expected.length
  expect(readNativeBlock(block.take()).rows.map((row) => row['c'])).toEqual(expected)
})

// Goal: ClickHouse itself reads what the columns write, also with keys that no row uses and keys
// that stand in the dictionary twice.
test('ClickHouse reads a block with every kind of column', async () => {
  const ends = createUInt64Column('UInt64')
  const names = createLowCardinalityColumn()
  const maps = createMapColumn()
  const columns = {
    time: createUInt64Column('DateTime64(9)'),
    flags: createUInt8Column(),
    body: createStringColumn(),
    name: createLowCardinalityColumn(['never used']),
    map: createMapColumn(),
  }
  const block = createBlock({
    ...columns,
    names: createArrayColumn(ends, names),
    maps: createArrayColumn(ends, maps),
  })
  const rows = 100_000
  for (let i = 0; i < rows; i++) {
    columns.time.append(i, 0)
    columns.flags.append(i & 255)
    columns.body.append(...text(`body ${i}`))
    // Beyond what the table of slots takes, a repeated key is a second entry.
    indexed(columns.name, `name ${i % 90_000}`)
    indexed(columns.map.keys, `k${i % 3}`)
    columns.map.values.append(...text(`v${i}`))
    columns.map.endRow()
    for (let j = 0; j < i % 3; j++) {
      indexed(names, `n${j}`)
      maps.endRow()
    }
    ends.append(names.count, 0)
  }
  block.rows = rows
  const engine = await startTestEngine()
  try {
    await engine.writer.command(`CREATE TABLE cells (
      time DateTime64(9), flags UInt8, body String, name LowCardinality(String),
      map Map(LowCardinality(String), String), names Array(LowCardinality(String)),
      maps Array(Map(LowCardinality(String), String))
    ) ENGINE = Memory`)
    const target = new URL(engine.url)
    target.searchParams.set('database', 'wayward')
    target.searchParams.set('query', 'INSERT INTO cells FORMAT Native')
    const response = await fetch(target, {
      method: 'POST',
      headers: {
        'X-ClickHouse-User': 'wayward_writer',
        'X-ClickHouse-Key': engine.writerToken,
      },
      body: Buffer.from(block.take()),
    })
    expect(await response.text()).toBe('')
    const [counts] = await engine.reader.query<object>(`
      WITH toUnixTimestamp64Nano(time) AS i
      SELECT
        toString(count()) AS stored,
        toString(uniqExact(name)) AS distinct,
        toString(countIf(name = concat('name ', toString(i % 90000)))) AS named,
        toString(countIf(map[concat('k', toString(i % 3))] = concat('v', substring(body, 6)))) AS mapped,
        toString(countIf(length(names) = i % 3 AND length(maps) = i % 3)) AS nested,
        toString(countIf(flags = i % 256)) AS flagged
      FROM cells`)
    const all = String(rows)
    expect(counts).toEqual({
      stored: all,
      distinct: '90000',
      named: all,
      mapped: all,
      nested: all,
      flagged: all,
    })
  } finally {
    await engine.shutdown()
  }
})
