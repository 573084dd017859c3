// Goal: a model's file is what the original would have written, and each promise of the models
// holds. Method: models in a temporary folder, their files read as bytes.
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  average,
  bool,
  byte,
  counter,
  createStats,
  double,
  float,
  int,
  MmStats,
  movingAverage,
  readStats,
  short,
  staticDouble,
  staticFloat,
  staticInt64,
  staticText,
  staticUint,
  staticUint64,
  string,
  timer,
  uint,
  uint64,
  ushort,
} from '@wayward/mmstats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bytesOf, page, single, threeVectors, v1Vectors, v2Vectors } from './vectors.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const bare = { defaults: false, filename: 'f.mmstats' } as const

function written(stats: MmStats): Record<string, unknown> {
  const content = readStats(readFileSync(stats.filename))
  expect(content.problem).toBeUndefined()
  return Object.fromEntries(content.stats.map((stat) => [stat.label, stat.value]))
}

/** What makes each of the vectors with one record. */
const makers: Readonly<Record<string, () => object>> = {
  uint64: () => set(uint64(), 0x1122334455667788n),
  uint: () => set(uint(), -100),
  int: () => set(int(), -9001),
  short: () => set(short(), -1),
  ushort: () => set(ushort(), 65535),
  byte: () => set(byte(), -5),
  false: () => bool(),
  true: () => bool({ initial: true }),
  float: () => set(float(), 1.5),
  double: () => set(double(), -0.1),
  string: () => set(string({ size: 8 }), 'h❤llo'),
  'cut string': () => set(string({ size: 8 }), '❤❤❤'),
  'string over a longer one': () => set(set(string({ size: 8 }), 'longer!!'), 'b'),
  'static float': () => staticFloat({ value: 1.5 }),
  'static double': () => staticDouble({ value: 1346884490.7 }),
  'static uint': () => staticUint({ value: 10298 }),
  'static int64': () => staticInt64({ value: -2 }),
  'static uint64': () => staticUint64({ value: () => 1000 }),
  'static text': () => staticText({ value: '2.7.18' }),
  average: () => add(average(), 1, 2),
  'moving average': () => add(movingAverage({ size: 2 }), 1, 2, 6),
  timer: () => add(timer(), 0.25),
}

function set<T>(field: { value: T }, value: T): { value: T } {
  field.value = value
  return field
}

function add(field: { add(value: number): void }, ...values: readonly number[]): object {
  for (const value of values) field.add(value)
  return field
}

describe.each(['mapped', 'written'] as const)('a %s model', (backing) => {
  test('writes the bytes of the original for a counter', () => {
    const stats = createStats(
      { hits: counter() },
      { ...bare, path: folder, backing, prefix: 'web.' },
    )
    const bytes = (): Buffer => readFileSync(stats.filename)
    const [created, one, fortyTwo] = v1Vectors.map(({ hex }) => Buffer.from(page(bytesOf(hex))))
    expect(bytes()).toEqual(created)
    stats.hits.incr()
    expect(bytes()).toEqual(one)
    stats.hits.increment(41)
    expect(bytes()).toEqual(fortyTwo)
    expect(stats.backing).toBe(backing)
    expect(stats.size).toBe(4096)
  })

  test.each(single)('writes the bytes of the original for $name', ({ name, hex }) => {
    const f = makers[name]?.()
    const stats = createStats({ f }, { ...bare, path: folder, backing })
    expect(readFileSync(stats.filename)).toEqual(Buffer.from(page(bytesOf(`01 ${hex}`))))
  })

  test('writes nine fields as the original does, to the last byte', () => {
    const fields = {
      ok: counter(),
      uid: staticUint64({ label: 'sys.uid', value: 1000 }),
      created: staticDouble({ label: 'sys.created', value: 1331164800.5 }),
      pid: staticUint({ label: 'sys.pid', value: 4242 }),
      up: bool(),
      state: string({ size: 8 }),
      gid: staticUint64({ label: 'sys.gid', value: 100 }),
      time: timer(),
      tid: staticInt64({ label: 'sys.tid', value: 4243 }),
    }
    const stats = createStats(fields, { ...bare, path: folder, backing, prefix: 'app.' })
    for (let hits = 0; hits < 3; hits++) stats.ok.increment()
    stats.up.value = true
    stats.state.value = 'üp'
    stats.time.add(0.25)
    stats.time.add(0.75)
    const file = readFileSync(stats.filename)
    expect(file).toEqual(Buffer.from(page(bytesOf(threeVectors))))
    expect(createHash('sha256').update(file).digest('hex')).toBe(
      '1189ebc1e7bcc34c09ea2161f96d30e01d748719780f9fef823233d84c435b79',
    )
  })

  test('counts through each half of its 64 bits, and wraps', () => {
    const { hits } = createStats({ hits: counter() }, { path: folder, backing })
    for (const start of [0xfffffffen, 0x7ff00000_00000000n - 2n, 0xfff8_0000_0000_0001n]) {
      hits.value = start
      for (let index = 1n; index < 6n; index++) {
        hits.increment()
        expect(hits.value).toBe(start + index)
      }
    }
    hits.value = 0
    hits.increment(-1)
    expect(hits.value).toBe(18446744073709551615n)
    hits.increment()
    expect(hits.value).toBe(0n)
    hits.increment(5_000_000_000)
    hits.increment(2n ** 40n)
    expect(hits.value).toBe(5_000_000_000n + 2n ** 40n)
  })

  test('takes fields later, in the room that is left', () => {
    const stats = createStats({ a: counter() }, { path: folder, backing, extraSpace: 100 })
    const later = stats.add('later', double())
    later.value = 2.5
    expect(written(stats)).toMatchObject({ a: 0n, later: 2.5, 'sys.pid': process.pid })
    expect(() => stats.add('later', counter())).toThrow(/label "later" twice/)
    expect(() => stats.add('text', string({ size: 9000 }))).toThrow(
      /Cannot add .* larger extraSpace/,
    )
    expect(written(stats)).toMatchObject({ later: 2.5 })
  })

  test('lives on without its file', () => {
    const stats = createStats({ a: counter() }, { path: folder, backing })
    stats.a.increment()
    stats.flush()
    stats.flush(true)
    const path = stats.filename
    stats.remove()
    stats.remove()
    stats.a.increment()
    expect([existsSync(path), stats.a.value, stats.filename]).toEqual([false, 2n, ''])
    expect(() => stats.add('b', counter())).toThrow(/has no file/)
  })
})

describe('MmStats', () => {
  class BaseStats extends MmStats {
    readonly kept = counter()
    readonly hidden: object = counter()
  }
  class WebStats extends BaseStats {
    override readonly hidden = bool({ label: 'visible', initial: true })
    readonly handlers = { get: { ok: counter() }, post: { ok: counter({ label: 'fine' }) } }
  }

  test('inherits fields, hides those of the same name, and names groups', () => {
    const stats = WebStats.create({ path: folder, prefix: 'web.' })
    stats.handlers.post.ok.increment()
    expect(written(stats)).toMatchObject({
      'web.kept': 0n,
      'web.visible': true,
      'web.handlers.get.ok': 0n,
      'web.handlers.post.fine': 1n,
      'web.sys.pid': process.pid,
    })
    expect(Object.keys(written(stats))).not.toContain('web.hidden')
  })

  test('says who writes the file', () => {
    const values = written(createStats({}, { path: folder }))
    expect(Object.keys(values)).toEqual([
      'sys.pid',
      'sys.tid',
      'sys.uid',
      'sys.gid',
      'sys.created',
      'org.nodejs.version',
    ])
    expect(values['sys.pid']).toBe(process.pid)
    expect(values['org.nodejs.version']).toBe(process.versions.node)
    expect(Math.abs(Number(values['sys.created']) - Date.now() / 1000)).toBeLessThan(60)
  })

  test('lies in the folder of its class, called after templates of both generations', () => {
    const old = createStats({}, { path: folder, filename: 'mmstats-%PID%-%TID%' })
    expect(old.filename).toMatch(new RegExp(`/mmstats-${process.pid}-\\d+$`))
    const nested = WebStats.create({ path: `${folder}/{CLASS}`, filename: '{CMD}-{PID}.mmstats' })
    expect(nested.filename).toMatch(new RegExp(`/WebStats/[^/]+-${process.pid}\\.mmstats$`))
    expect(() => createStats({}, { path: folder, filename: '{NOPE}' })).toThrow(
      /got \{NOPE\}, wanted/,
    )
  })

  test('gives a second model of the process a file of its own, and removes all of them', () => {
    const filename = '{PID}.mmstats'
    const first = createStats({ a: counter() }, { path: folder, filename })
    const second = createStats({ a: counter() }, { path: folder, filename })
    second.a.increment()
    expect(second.filename).toBe(first.filename.replace('.mmstats', '-2.mmstats'))
    expect([written(first)['a'], written(second)['a']]).toEqual([0n, 1n])
    // Whatever stands before the labels of the others.
    const third = createStats({ a: counter() }, { path: folder, filename, prefix: 'web.' })
    const fourth = createStats({ a: counter() }, { path: folder, filename, prefix: 'other' })
    expect(readdirSync(folder)).toHaveLength(4)
    expect([third.filename, fourth.filename]).toEqual(
      ['-3', '-4'].map((number) => first.filename.replace('.mmstats', `${number}.mmstats`)),
    )
    second.remove({ ofProcess: true })
    expect(readdirSync(folder)).toEqual([])
  })

  test('has one place for each field, which it does not leave for another', () => {
    const shared = counter()
    expect(() => createStats({ a: shared, b: shared }, { path: folder })).toThrow(
      /one field twice, again as "b"; wanted a field of its own/,
    )
    const first = createStats({ shared }, { path: folder })
    expect(() => createStats({ shared }, { path: folder })).toThrow(/one field twice/)
    expect(() => first.add('again', shared)).toThrow(/one field twice/)
    expect(() => first.add('nothing', {})).toThrow(/Cannot add "nothing": it holds no field/)
    first.remove()
    const second = createStats({ shared }, { path: folder })
    const group = second.add('users', { ok: counter(), deep: { up: bool({ initial: true }) } })
    group.ok.increment(5)
    expect(written(second)).toMatchObject({ 'users.ok': 5n, 'users.deep.up': true })
  })

  test('refuses labels that the format cannot say, and labels twice', () => {
    const make = (label: string): MmStats =>
      createStats({ a: counter({ label }) }, { path: folder })
    expect(() => createStats({ '': counter() }, { path: folder })).toThrow(/label of 0 bytes/)
    expect(() => make('x'.repeat(65_536))).toThrow(/label of 65536 bytes; wanted 1 to 65535/)
    expect(written(make('x'.repeat(65_535)))).toHaveProperty('x'.repeat(65_535), 0n)
    expect(written(make('größe'))).toHaveProperty('größe', 0n)
    expect(() =>
      createStats({ a: counter(), b: counter({ label: 'a' }) }, { path: folder }),
    ).toThrow(/label "a" twice/)
    expect(() => createStats({ size: counter() }, { path: folder })).toThrow(/label "size" twice/)
  })

  test('says why a file cannot be made', () => {
    expect(() => createStats({}, { path: '/proc/none' })).toThrow(
      /Cannot create the stats file "\/proc\/none.*ENOENT.*wanted a folder/,
    )
    if (process.getuid?.() === 0) return
    chmodSync(folder, 0o500)
    expect(() => createStats({}, { path: folder })).toThrow(/EACCES/)
  })

  test('refuses a static field without a value, or with too much of it', () => {
    const nothing: unknown = undefined
    expect(() => staticText({ value: nothing as string })).toThrow(/without a value/)
    const long = staticText({ value: 'x'.repeat(257) })
    expect(() => createStats({ long }, { path: folder })).toThrow(/static text of 257 bytes/)
    expect(readdirSync(folder)).toEqual([])
  })

  test('writes version 2 where that is asked for', () => {
    const stats = createStats(
      { hits: counter() },
      { ...bare, path: folder, prefix: 'web.', version: 2 },
    )
    stats.hits.increment(5)
    const expected = page(bytesOf(v2Vectors[0]?.hex ?? ''))
    // The metric type: the prototype said gauge of all.
    expected[17] = 1
    expect(readFileSync(stats.filename)).toEqual(Buffer.from(expected))
    expect(readStats(readFileSync(stats.filename)).stats).toMatchObject([{ metric: 'counter' }])
  })
})
