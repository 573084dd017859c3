import { systemTime } from '@wayward/base'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createDigestSet } from '@wayward/collector/pipeline/digest-set'
import type { AgedDigests, FrameTime } from '@wayward/collector/journal/frame-time'
import type { Durability } from '@wayward/collector/journal/journal'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  abandonLock,
  block,
  digest,
  frame,
  makeTestFolder,
  type TestFolder,
  unconfirmedTexts,
  write,
} from './journal-harness.ts'

let folder: TestFolder

beforeEach(() => {
  folder = makeTestFolder()
})

afterEach(() => {
  folder.remove()
})

describe.each<Durability>(['fsync', 'os', 'memory'])(
  'append() with durability %s',
  (durability) => {
    test('gives the blocks back as they came', async () => {
      const journal = await folder.open({ durability, cacheBytesMax: 10 })
      const stored = await write(journal, block('a', 1, 'one'), block('b', 2, 'second', 7))
      expect(stored.map(({ table, rows, byteLength }) => [table, rows, byteLength])).toEqual([
        ['a', 1, 3],
        ['b', 7, 42],
      ])
      for (const [i, text] of ['one', 'second'.repeat(7)].entries()) {
        const one = stored[i]
        const outcome = one && (await journal.read(one))
        expect(outcome).toEqual({ status: 'read', bytes: Buffer.from(text) })
      }
      journal.confirm(stored)
      expect(journal.stats().unconfirmedBlocks).toBe(0)
      await journal.close()
    })

    test('refuses what is over the bound, and takes it when there is room again', async () => {
      const journal = await folder.open({ durability, bytesMax: 40_000, segmentBytes: 10_000 })
      const all = []
      let outcome = await journal.append(frame(block('a', 1, 'x', 6000)))
      while (outcome.status === 'written') {
        all.push(...outcome.blocks)
        outcome = await journal.append(frame(block('a', all.length, 'x', 6000)))
      }
      expect(outcome).toMatchObject({ status: 'refused', reason: 'journal_full' })
      expect(journal.hasRoom(6200)).toBe(false)
      expect(all.length).toBeGreaterThan(3)
      journal.confirm(all.slice(0, 3))
      expect(journal.hasRoom(6200)).toBe(true)
      expect(await journal.append(frame(block('a', 1, 'x', 6000)))).toMatchObject({
        status: 'written',
      })
      await journal.close()
      expect(await journal.append(frame(block('a', 1, 'x')))).toMatchObject({ status: 'refused' })
    })
  },
)

describe('openJournal()', () => {
  test('finds what was not confirmed, oldest first, and the digests', async () => {
    const journal = await folder.open()
    const first = await write(journal, block('a', 1, 'one'), block('b', 2, 'two'))
    await write(journal, block('a', 1, 'three'))
    journal.confirm(first.slice(0, 1))
    await journal.close()
    const again = await folder.open()
    expect(await unconfirmedTexts(again)).toEqual(['two', 'three'])
    expect(again.unconfirmed.map(({ table }) => table)).toEqual(['b', 'a'])
    expect(Buffer.concat(again.recentDigests.map(({ digests }) => digests))).toEqual(
      Buffer.concat(['one', 'two', 'three'].map((text) => digest(text))),
    )
    await write(again, block('a', 3, 'four'))
    await again.close()
    const third = await folder.open()
    expect(await unconfirmedTexts(third)).toEqual(['two', 'three', 'four'])
    third.confirm(third.unconfirmed)
    await third.close()
    const last = await folder.open()
    expect(last.unconfirmed).toEqual([])
    await last.close()
  })

  test('with durability memory reports rows that lie in the folder, and leaves them there', async () => {
    const journal = await folder.open()
    await write(journal, block('a', 1, 'one'))
    await journal.close()
    const inMemory = await folder.open({ durability: 'memory' })
    expect(inMemory.unconfirmed).toEqual([])
    await inMemory.close()
    expect(folder.lines).toEqual([
      { level: 'error', message: expect.stringMatching(/acknowledged rows of an earlier run/) },
    ])
    const again = await folder.open()
    expect(await unconfirmedTexts(again)).toEqual(['one'])
    await again.close()
  })

  test('finds the same after kill -9', async () => {
    const journal = await folder.open({ durability: 'fsync' })
    const first = await write(journal, block('a', 1, 'one'), block('b', 2, 'two'))
    await write(journal, block('a', 3, 'three'))
    journal.confirm(first)
    await expect.poll(() => readdirSync(folder.path).some((n) => n.endsWith('.done'))).toBe(true)
    abandonLock(folder)
    const again = await folder.open()
    expect(await unconfirmedTexts(again)).toEqual(['three'])
    expect(folder.lines).toEqual([])
    await again.close()
  })

  test('uses files again, and does not read what an earlier life left in them', async () => {
    const journal = await folder.open({ segmentBytes: 10_000 })
    for (let i = 0; i < 100; i++) journal.confirm(await write(journal, block('a', i, 'x', 3000)))
    expect(journal.stats().recycledSegments).toBeGreaterThan(20)
    expect(journal.stats().segments).toBeLessThan(7)
    await write(journal, block('a', 100, 'last'))
    await journal.close()
    const again = await folder.open()
    expect(await unconfirmedTexts(again)).toEqual(['last'])
    expect(folder.lines).toEqual([])
    await again.close()
  })

  test('takes frames that are larger than a segment', async () => {
    const journal = await folder.open({ segmentBytes: 10_000 })
    const large = await write(journal, block('a', 1, 'y', 100_000), block('b', 1, 'z', 50_000))
    await write(journal, block('a', 2, 'small'))
    const [first] = large
    expect(first && (await journal.read(first))).toMatchObject({ status: 'read' })
    journal.confirm(large)
    await journal.close()
    const again = await folder.open()
    expect(await unconfirmedTexts(again)).toEqual(['small'])
    await again.close()
  })
})

describe('setAside()', () => {
  test('writes rows that can be inserted, and the reason', async () => {
    const journal = await folder.open()
    const stored = await write(
      journal,
      block('a', 1, 'one'),
      block('a', 1, 'two'),
      block('b', 2, 'x'),
    )
    await journal.setAside(stored, 'refused by ClickHouse')
    const names = readdirSync(join(folder.path, 'set-aside'))
    expect(names).toHaveLength(4)
    const native = names.find((name) => name.startsWith('a-') && name.endsWith('.native')) ?? ''
    expect(readFileSync(join(folder.path, 'set-aside', native), 'utf8')).toBe('onetwo')
    const text = readFileSync(join(folder.path, 'set-aside', `${native}.json`), 'utf8')
    expect(JSON.parse(text)).toMatchObject({ table: 'a', rows: 2, reason: 'refused by ClickHouse' })
    expect(journal.stats()).toMatchObject({
      setAsideRecords: 2,
      setAsideRows: 3,
      unconfirmedBlocks: 0,
    })
    await journal.close()
    const again = await folder.open()
    expect(again.unconfirmed).toEqual([])
    await again.close()
    expect(existsSync(join(folder.path, 'lock'))).toBe(false)
  })
})

describe('the folder bring-back', () => {
  test('gives rows that were set aside back to ClickHouse, with their token', async () => {
    const journal = await folder.open()
    const stored = await write(
      journal,
      block('a', 1, 'one'),
      block('a', 1, 'two'),
      block('b', 2, 'x'),
    )
    await journal.setAside(stored, 'refused by ClickHouse')
    await write(journal, block('a', 3, 'three'))
    await journal.close()
    renameSync(join(folder.path, 'set-aside'), join(folder.path, 'bring-back'))
    writeFileSync(join(folder.path, 'bring-back', 'alone.native'), 'no description')
    const again = await folder.open()
    expect(await unconfirmedTexts(again)).toEqual(['three', 'onetwo', 'x'])
    expect(again.unconfirmed.map(({ token, rows }) => [Number(token), rows])).toEqual([
      [3, 1],
      [1, 2],
      [2, 1],
    ])
    expect(readdirSync(join(folder.path, 'bring-back'))).toEqual(['alone.native'])
    abandonLock(folder)
    const third = await folder.open()
    expect(await unconfirmedTexts(third)).toEqual(['three', 'onetwo', 'x'])
    third.confirm([...third.unconfirmed])
    expect(third.unconfirmed).toEqual([])
    await third.close()
  })

  test('takes a file once when the process ended before it was removed', async () => {
    const journal = await folder.open()
    await journal.setAside(await write(journal, block('a', 1, 'one')), 'refused')
    await journal.close()
    const source = join(folder.path, 'set-aside')
    const target = join(folder.path, 'bring-back')
    const files = readdirSync(source).map(
      (name) => [name, readFileSync(join(source, name))] as const,
    )
    for (let i = 0; i < 2; i++) {
      mkdirSync(target, { recursive: true })
      for (const [name, bytes] of files) writeFileSync(join(target, name), bytes)
      const again = await folder.open()
      expect(await unconfirmedTexts(again)).toEqual(['one'])
      await again.close()
    }
  })
})

describe('a clock that jumps', () => {
  test.each([0, -5, Number.NaN, 1e18, Date.now() - 1e12])('to %d changes nothing', async (now) => {
    const journal = await folder.open({}, { time: { ...systemTime, wallMs: () => now } })
    await write(journal, block('a', 1, 'one'))
    await journal.close()
    const again = await folder.open({}, { time: { ...systemTime, wallMs: () => now } })
    expect(await unconfirmedTexts(again)).toEqual(['one'])
    await again.close()
    const later = await folder.open()
    expect(await unconfirmedTexts(later)).toEqual(['one'])
    expect(later.recentDigests[0]?.digests).toEqual(again.recentDigests[0]?.digests)
    expect(later.recentDigests).toHaveLength(1)
    expect(folder.lines).toEqual([])
    await later.close()
  })
})

test('digests that are carried are found after their segment was used again', async () => {
  const digestsSoFar: Uint8Array[] = []
  const carried = (): AgedDigests[] => [{ digests: Buffer.concat(digestsSoFar), ageMs: 0 }]
  const journal = await folder.open(
    { segmentBytes: 3_000, bytesMax: 30_000 },
    { carriedDigests: carried },
  )
  for (let index = 0; index < 40; index++) {
    const text = `row ${index}`.padEnd(500)
    const [stored] = await write(journal, block('a', 1, text))
    if (stored !== undefined) journal.confirm([stored])
    digestsSoFar.push(digest(text))
  }
  await journal.close()
  const again = await folder.open()
  const found = createDigestSet()
  for (const { digests } of again.recentDigests) found.add(digests)
  expect(found.size).toBe(40)
  await again.close()
})

describe('the age of digests', () => {
  const start: FrameTime = { unixMs: 1e12, boot: 7, uptimeSeconds: 100_000 }
  const after = (seconds: number, jumpMs = 0, boot = 7): FrameTime => ({
    unixMs: start.unixMs + seconds * 1_000 + jumpMs,
    boot,
    uptimeSeconds: boot === 7 ? start.uptimeSeconds + seconds : 5,
  })

  /**
   * Writes one request, restarts twice, some seconds later each, and says how old the request seems
   * to be.
   */
  async function agesAfter(first: FrameTime, second: FrameTime): Promise<number[]> {
    let now = start
    folder.remove()
    const frameClock = (): FrameTime => now
    const carried: AgedDigests[] = []
    const parts = { frameClock, carriedDigests: () => carried }
    const journal = await folder.open({}, parts)
    await write(journal, block('a', 1, 'one'))
    await journal.close()
    now = first
    const again = await folder.open({}, parts)
    carried.push(...again.recentDigests)
    // A new segment begins, with what is carried.
    await write(again, block('a', 1, 'two'))
    await again.close()
    now = second
    const last = await folder.open({}, parts)
    const one = Buffer.from(digest('one'))
    const ages = last.recentDigests.filter(({ digests }) => one.equals(Buffer.from(digests)))
    await last.close()
    return ages.map(({ ageMs }) => ageMs)
  }

  test('is that since they were stored, however often they were carried on', async () => {
    expect(await agesAfter(after(40), after(96))).toEqual([96_000, 96_000])
  })

  test('does not change with a clock that is set forwards or back', async () => {
    const hour = 3_600_000
    expect(await agesAfter(after(40, hour), after(50, hour))).toEqual([50_000, 50_000])
  })

  test('does not change with a clock that is set back', async () => {
    expect(await agesAfter(after(40, -3_600_000), after(50, -7_200_000))).toEqual([50_000, 50_000])
  })

  test('is by the wall clock after another start of the machine', async () => {
    expect(await agesAfter(after(40), after(90, 0, 8))).toEqual([90_000, 90_000])
    expect(await agesAfter(after(40), after(90, -3_600_000, 8))).toEqual([0, 0])
  })
})

test('of very many digests the newest are found, oldest first', async () => {
  const numbered = Buffer.alloc(20 * 400_010)
  for (let index = 0; index < 400_010; index++) numbered.writeUInt32BE(index, index * 20)
  const carried = [numbered.subarray(0, 4_000), numbered.subarray(4_000)].map((digests) => ({
    digests,
    ageMs: 0,
  }))
  const journal = await folder.open({}, { carriedDigests: () => carried })
  await write(journal, block('a', 1, 'one'))
  await journal.close()
  const again = await folder.open({ segmentBytes: 16 * 1024 * 1024 })
  await write(again, block('a', 2, 'two'))
  await again.close()
  const third = await folder.open()
  expect(await unconfirmedTexts(third)).toEqual(['one', 'two'])
  const found = Buffer.concat(third.recentDigests.map(({ digests }) => digests))
  expect(found.subarray(-40)).toEqual(Buffer.concat([digest('one'), digest('two')]))
  expect(found.byteLength).toBe(numbered.byteLength + 40)
  await third.close()
})
