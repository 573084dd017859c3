// Goal: an answer in Native for a revision is byte for byte what a server would give. Method: the
// engine's format Buffers tells how long each column of a block is, and DESCRIBE its name and type,
// so the blocks of any revision can be put together without walking them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClickhouseException } from '@wayward/clickhouse/engine/exception'
import { nativePieces } from '@wayward/clickhouse/engine/native-revision'
import { type RunningEngine, startEngine } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())

const settings = {
  max_threads: '1',
  max_block_size: '10',
  allow_experimental_qbit_type: '1',
  enable_time_time64_type: '1',
  allow_suspicious_low_cardinality_types: '1',
  allow_suspicious_variant_types: '1',
  allow_experimental_nullable_tuple_type: '1',
}

/** What a server of the revision would answer, put together from parts. */
async function expectedBlocks(
  sql: string,
  revision: number,
  asked: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const parameters = { ...asked, print_pretty_type_names: '0' }
  const described = await engine.write(`DESCRIBE (${sql}\n) FORMAT JSONCompactEachRow`, parameters)
  const columns = described.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as [string, string])
  const { bytes, text, status } = await engine.write(`${sql}\nFORMAT Buffers`, parameters)
  expect(status, text.slice(0, 500)).toBe(200)
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const count = Number(bytes.readBigUInt64LE(at))
    const rows = Number(bytes.readBigUInt64LE(at + 8))
    at += 16
    parts.push(blockInfo(revision), varuint(count), varuint(rows))
    for (let column = 0; column < count; column += 1) {
      const length = Number(bytes.readBigUInt64LE(at))
      const [name, fullType] = columns[column] ?? ['', '']
      const type = revision < 54337 ? fullType.replace(/^DateTime\(.*$/, 'DateTime') : fullType
      const kind = revision >= 54454 ? Buffer.from([0]) : Buffer.alloc(0)
      parts.push(textOf(name), textOf(type), kind, bytes.subarray(at + 8, at + 8 + length))
      at += 8 + length
    }
  }
  return Buffer.concat(parts)
}

function blockInfo(revision: number): Buffer {
  return Buffer.from(revision >= 54480 ? '010002ffffffff030000' : '010002ffffffff00', 'hex')
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([varuint(bytes.length), bytes])
}

function varuint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}

const revisions = [1, 54337, 54405, 54454, 54460, 54480, 54490]

const flattened = { output_format_native_use_flattened_dynamic_and_json_serialization: '1' }

async function check(
  sql: string,
  revision: number,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const parameters = { ...settings, ...more }
  const wanted = await expectedBlocks(sql, revision, parameters)
  const answer = await engine.write(`${sql}\nFORMAT Native`, {
    ...parameters,
    client_protocol_version: String(revision),
  })
  const about = `${sql} at revision ${revision}: ${answer.text.slice(0, 300)}`
  expect(answer.status, about).toBe(200)
  const at = wanted.findIndex((byte, index) => byte !== answer.bytes[index])
  const around = (bytes: Buffer): string => bytes.toString('latin1', Math.max(0, at - 40), at + 40)
  if (at >= 0) expect(around(answer.bytes), about).toBe(around(wanted))
  expect(answer.bytes.length, about).toBe(wanted.length)
}

const plain = [
  [8, 16, 32, 64, 128, 256].flatMap((bits) => [`Int${bits}`, `UInt${bits}`]),
  ['Float32', 'Float64', 'Bool', 'String', 'FixedString(5)', 'UUID', 'IPv4', 'IPv6'],
  ['Date', 'Date32', 'DateTime', "DateTime('Asia/Tokyo')", 'DateTime64(9)'],
  ["DateTime64(3, 'Europe/Berlin')", 'Decimal(9, 2)', 'Decimal(18, 4)', 'Decimal(38, 4)'],
  ['Decimal(76, 9)', "Enum8('a' = 1, 'b, (c' = -2)", "Enum8('it\\'s' = 3, '`' = 4)"],
  ["Enum16('x' = 1000, ')' = 2)", 'Point', 'Ring', 'Polygon', 'MultiPolygon', 'LineString'],
  ['MultiLineString'],
].flat()
const keys = ['String', 'UInt8', 'UInt64', 'Date', 'FixedString(3)', 'Nullable(String)']
const elementNames = ['', 'a', '`b c`', '`d\\`e, (`', '`f``g`', '`Nullable(x)`']

/** A type of any depth, from a seed. */
function randomType(random: () => number, depth: number): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const inner = (): string => randomType(random, depth - 1)
  const kind = depth === 0 ? 0 : Math.floor(random() * 7)
  if (kind === 1) return `Array(${inner()})`
  if (kind === 2) return `Map(${pick(['String', 'LowCardinality(String)', 'UInt16'])}, ${inner()})`
  if (kind === 3) return `LowCardinality(${pick(keys)})`
  if (kind === 4) return `Nullable(${pick(plain.slice(0, 32))})`
  if (kind === 5) {
    const names = elementNames.filter((name) => name !== '' && random() < 0.5)
    if (names.length === 0) return `Tuple(${inner()}, ${inner()})`
    return `Tuple(${names.map((name) => `${name} ${inner()}`).join(', ')})`
  }
  return pick(plain)
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

describe('the answer of an engine', () => {
  test.each(plain)('has values of %s', async (type) => {
    await check(`SELECT * FROM generateRandom($$v ${type}$$, 1, 20, 5) LIMIT 25`, 54460)
  })

  test('has values of random types, at each revision', async () => {
    for (let seed = 1; seed <= 120; seed += 1) {
      const random = seeded(seed)
      const columns = [1, 2, 3].map((column) => `c${column} ${randomType(random, 3)}`)
      const revision = revisions[seed % revisions.length] ?? 0
      if (revision < 54405 && columns.join().includes('LowCardinality')) continue
      const limit = Math.floor(random() * 30)
      await check(
        `SELECT * FROM generateRandom($$${columns.join(', ')}$$, ${seed}, 12, 4) LIMIT ${limit}`,
        revision,
      )
    }
  }, 120_000)

  const variant = 'Variant(String, UInt64, Array(LowCardinality(String)), Tuple(a UInt8))'
  const paths = `'{"a":' || number || ',"b":{"c":"x' || number || '","d":[1,2]},"e' || number || '":1.5}'`
  test.each([
    'SELECT toBFloat16(number) FROM numbers(25)',
    'SELECT CAST(number AS Time), CAST(number AS Time64(6)) FROM numbers(25)',
    'SELECT toIntervalSecond(number), toIntervalYear(1) FROM numbers(25)',
    "SELECT toDateTime(number, 'America/New_York') AS t, toDateTime(7) AS n, [t] FROM numbers(25)",
    "SELECT * FROM (SELECT toDateTime(number, 'UTC') AS t FROM numbers(3)) -- a comment",
    "WITH 'Asia/Tokyo' AS z SELECT toStartOfHour(toDateTime('2026-01-02 03:04:05', z))",
    'SELECT NULL, [], tuple(), [NULL], map()',
    'SELECT tuple(), tuple(tuple(), 1) FROM numbers(12)',
    'SELECT CAST([(1, $$x$$)] AS Nested(a UInt8, `b c` String)) FROM numbers(12)',
    'SELECT CAST(number AS SimpleAggregateFunction(sum, UInt64)) FROM numbers(12)',
    'SELECT CAST([toString(number)] AS SimpleAggregateFunction(groupArrayArray, Array(String))) FROM numbers(12)',
    `SELECT multiIf(number % 5 = 0, $$x$$::${variant}, number % 5 = 1, number::${variant}, number % 5 = 2,
      ['a', toString(number)]::Array(LowCardinality(String))::${variant}, number % 5 = 3, NULL::${variant},
      tuple(7)::Tuple(a UInt8)::${variant}) AS v, [v], map('k', v), tuple(v, 1) FROM numbers(35)`,
    'SELECT multiIf(number % 3 = 0, number::Dynamic, number % 3 = 1, toString(number)::Dynamic, [toDateTime(1700000000)]::Dynamic) AS d, [d] FROM numbers(35)',
    'SELECT multiIf(number % 3 = 0, number::Dynamic(max_types=1), number % 3 = 1, toString(number)::Dynamic(max_types=1), [1]::Dynamic(max_types=1)) AS d, tuple(d, d) FROM numbers(35)',
    'SELECT NULL::Dynamic FROM numbers(3)',
    `SELECT (${paths})::JSON AS j, [j] FROM numbers(35)`,
    `SELECT (${paths})::JSON(a UInt32, b.c LowCardinality(String), SKIP x, SKIP REGEXP 'y, z', max_dynamic_paths=2) AS j FROM numbers(35)`,
    'SELECT CAST(\'{"x y":1,"b":2}\', \'JSON(b UInt8, `x y` String)\') AS j, 1',
    'SELECT readWKT(number % 2 = 0 ? $$POINT (1 2)$$ : $$LINESTRING (1 1, 2 2)$$) FROM numbers(12)',
    'SELECT CAST([1, 2, 3, 4, 5, 6, 7, 8, 9], $$QBit(Float32, 9)$$), 1 FROM numbers(12)',
    'SELECT number, count() FROM numbers(25) GROUP BY number % 7 AS number WITH TOTALS ORDER BY number',
    "SELECT CAST(toString(number) AS Enum('1' = 1, '2' = 2, '0' = 0)) FROM numbers(3)",
    'SELECT repeat($$ä$$, number * 20) FROM numbers(40)',
    'SELECT 1 WHERE 0',
  ])('has %s', async (sql) => {
    for (const revision of [54460, 54490]) {
      await check(sql, revision)
      // As clickhouse-go asks.
      if (/Dynamic|JSON/.test(sql)) await check(sql, revision, flattened)
    }
  })

  test.each([
    ['SELECT sumState(number) FROM numbers(3)', 'AggregateFunction(sum, UInt64)'],
    ['SELECT [uniqState(1)], 2', 'AggregateFunction(uniq, UInt8)'],
  ])('%s is refused with the type that cannot be walked', async (sql, type) => {
    const { status, text, code } = await engine.read(`${sql}\nFORMAT Native`, {
      client_protocol_version: '54460',
    })
    expect({ status, code }).toEqual({ status: 501, code: 48 })
    expect(text).toContain(`Values of type ${type}`)
    const converted = await engine.read('SELECT finalizeAggregation(sumState(1)) FORMAT Native', {
      client_protocol_version: '54460',
    })
    expect(converted.status).toBe(200)
  })

  test('before LowCardinality was known, it is refused', async () => {
    const sql = "SELECT 'x'::LowCardinality(String) FORMAT Native"
    const { status, text } = await engine.read(sql, { client_protocol_version: '54404' })
    expect(status).toBe(501)
    expect(text).toContain('LowCardinality(String)')
  })

  test('without a revision, and in other formats, it is as ever', async () => {
    const native = await engine.read('SELECT 1 AS a FORMAT Native')
    expect(native.bytes).toEqual(Buffer.from('\x01\x01\x01a\x05UInt8\x01', 'latin1'))
    const zero = await engine.read('SELECT 1 AS a FORMAT Native', { client_protocol_version: '0' })
    expect(zero.bytes).toEqual(native.bytes)
    const text = await engine.read('SELECT 1', { client_protocol_version: '54460' })
    expect(text.text).toBe('1\n')
  })

  test('the format may come from the address', async () => {
    const { bytes } = await engine.read('SELECT 1 AS a', {
      client_protocol_version: '54460',
      default_format: 'Native',
    })
    const block = '\x01\x00\x02\xff\xff\xff\xff\x00\x01\x01\x01a\x05UInt8\x00\x01'
    expect(bytes).toEqual(Buffer.from(block, 'latin1'))
  })

  test.each(['x', '-1', '1.5'])('the revision "%s" is refused', async (revision) => {
    const { status, text } = await engine.read('SELECT 1', { client_protocol_version: revision })
    expect(status).toBe(400)
    expect(text).toContain(`client_protocol_version is "${revision}"`)
  })
})

describe('bytes that are no Native', () => {
  const whole = Buffer.from('\x02\x02\x01a\x06String\x03abc\x00\x01b\x05UInt8\x01\x02', 'latin1')

  test('are an error at every cut', () => {
    for (let length = 1; length < whole.length; length += 1) {
      expect(() => [...nativePieces(whole.subarray(0, length), 54460)], String(length)).toThrow(
        ClickhouseException,
      )
    }
    expect(Buffer.concat([...nativePieces(whole, 54460)]).length).toBe(whole.length + 10)
  })

  test('never do anything but end or throw, whatever is changed in them', () => {
    const random = seeded(7)
    for (let round = 0; round < 5000; round += 1) {
      const bytes = Buffer.from(whole)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      try {
        for (const piece of nativePieces(bytes, 54460)) expect(piece.length).toBeLessThan(100)
      } catch (error) {
        expect(error).toBeInstanceOf(ClickhouseException)
      }
    }
  })
})
