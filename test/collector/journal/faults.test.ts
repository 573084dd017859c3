// Goal: whatever the disk does, a written frame stays, a refused one never comes back, and the
// journal goes on when the disk is cured. Method: the real file system, with faults put before it.
import type { Frame, Journal, StoredBlock } from '@wayward/collector/journal/journal'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFaultFiles, type FaultFiles, type Operation, systemError } from './fault-files.ts'
import {
  abandonLock,
  block,
  frame,
  makeTestFolder,
  type TestFolder,
  unconfirmedTexts,
  write,
} from './journal-harness.ts'

const settings = { durability: 'fsync', segmentBytes: 10_000, bytesMax: 200_000 } as const
let folder: TestFolder
let files: FaultFiles

beforeEach(() => {
  folder = makeTestFolder()
  files = createFaultFiles()
})

afterEach(() => {
  folder.remove()
})

function isSegment(name: string): boolean {
  return name.endsWith('.segment')
}

/** Kills the process, and finds what a new one finds. */
async function textsAfterKill(): Promise<string[]> {
  files.fault = undefined
  abandonLock(folder)
  const journal = await folder.open(settings)
  const texts = await unconfirmedTexts(journal)
  await journal.close()
  return texts
}

const refused: Frame = frame(block('a', 2, 'refused'), block('b', 2, 'refused too', 40))

describe.each(['ENOSPC', 'EIO', 'EDQUOT'])('a write that fails with %s', (code) => {
  const reason = code === 'EIO' ? 'io_error' : 'disk_full'

  test.each([0, 3, 60, 200, 400, 10_000])(
    'after %i bytes is refused and never comes back',
    async (bytes) => {
      const journal = await folder.open(settings, { files })
      await write(journal, block('a', 1, 'before'))
      let writes = 0
      files.fault = (operation, name) => {
        if (operation !== 'write' || !isSegment(name)) return undefined
        writes++
        if (writes > 2) return undefined
        return writes === 1 && bytes > 0 ? bytes : systemError(code)
      }
      const outcome = await journal.append(refused)
      // 10,000 bytes are more than the frame has: then nothing failed.
      if (bytes === 10_000) expect(outcome).toMatchObject({ status: 'written' })
      else expect(outcome).toMatchObject({ status: 'refused', reason })
      files.fault = undefined
      const kept = bytes === 10_000 ? ['refused', 'refused too'.repeat(40)] : []
      await write(journal, block('a', 3, 'after'))
      expect(await textsAfterKill()).toEqual(['before', ...kept, 'after'])
    },
  )

  test('is refused and never comes back when the process ends right after it', async () => {
    const journal = await folder.open(settings, { files })
    await write(journal, block('a', 1, 'before'))
    files.fault = (operation, name) =>
      operation === 'sync' && isSegment(name) ? systemError(code) : undefined
    expect(await journal.append(refused)).toMatchObject({ status: 'refused', reason })
    expect(await textsAfterKill()).toEqual(['before'])
  })
})

describe('a full disk', () => {
  test('refuses, takes confirmations, and takes requests again in files that are free', async () => {
    const journal = await folder.open(settings, { files })
    const stored: StoredBlock[] = []
    for (let i = 0; i < 12; i++) stored.push(...(await write(journal, block('a', i, 'x', 2000))))
    // Only what would grow a file fails.
    const sizes = new Map<string, number>()
    files.fault = (operation, name) => {
      if (operation === 'open' && isSegment(name) && !sizes.has(name)) return systemError('ENOSPC')
      if (operation === 'write' && name.endsWith('.done')) return systemError('ENOSPC')
      return undefined
    }
    let outcome = await journal.append(frame(block('a', 50, 'y', 2000)))
    const more: StoredBlock[] = []
    while (outcome.status === 'written') {
      more.push(...outcome.blocks)
      outcome = await journal.append(frame(block('a', 51, 'y', 2000)))
    }
    expect(outcome).toMatchObject({ status: 'refused', reason: 'disk_full' })
    journal.confirm(stored)
    files.fault = (operation, name) =>
      operation === 'write' && name.endsWith('.done') ? systemError('ENOSPC') : undefined
    expect(await journal.append(frame(block('a', 52, 'z')))).toMatchObject({ status: 'written' })
    files.fault = undefined
    await write(journal, block('a', 53, 'last'))
    await journal.close()
    const again = await folder.open(settings)
    const texts = await unconfirmedTexts(again)
    expect(texts).toEqual([...more.map(() => 'y'.repeat(2000)), 'z', 'last'])
    await again.close()
  })
})

describe('a sync that fails', () => {
  test('ends the use of its file; what was synced before is still read', async () => {
    const journal = await folder.open(settings, { files })
    const before = await write(journal, block('a', 1, 'before'))
    files.fault = (operation, name) =>
      operation === 'sync' && isSegment(name) ? systemError('EIO') : undefined
    for (let i = 0; i < 3; i++)
      expect(await journal.append(refused)).toMatchObject({ status: 'refused' })
    files.fault = undefined
    const after = await write(journal, block('a', 3, 'after'))
    for (const [stored, text] of [
      [before, 'before'],
      [after, 'after'],
    ] as const) {
      const [first] = stored
      expect(first && (await journal.read(first))).toMatchObject({ bytes: Buffer.from(text) })
    }
    expect(journal.stats().segments).toBe(2)
    journal.confirm(before)
    expect(await textsAfterKill()).toEqual(['after'])
  })
})

describe('other faults', () => {
  const operations: readonly Operation[] = [
    'open',
    'rename',
    'remove',
    'syncFolder',
    'truncate',
    'sync',
    'write',
  ]

  test.each(operations)(
    '%s fails for a while: nothing is lost, nothing doubled',
    async (failing) => {
      const journal = await folder.open({ ...settings, segmentBytes: 3000 }, { files })
      const written: string[] = []
      let waiting: { text: string; stored: readonly StoredBlock[] }[] = []
      for (let i = 0; i < 120; i++) {
        const isFailing = i % 20 >= 10
        files.fault = (operation) =>
          isFailing && operation === failing ? systemError('EIO') : undefined
        const text = `frame ${i} `.repeat(40)
        const outcome = await journal.append(frame(block('a', i, text)))
        if (outcome.status === 'written') waiting.push({ text, stored: outcome.blocks })
        if (outcome.status === 'written') written.push(text)
        if (i % 9 === 8) {
          journal.confirm(waiting.slice(0, -3).flatMap(({ stored }) => stored))
          waiting = waiting.slice(-3)
        }
      }
      expect(written.length).toBeGreaterThanOrEqual(60)
      files.fault = undefined
      expect(await journal.append(frame(block('a', 1000, 'last')))).toMatchObject({
        status: 'written',
      })
      await journal.close()
      const again = await folder.open(settings)
      const texts = await unconfirmedTexts(again)
      const wanted = [...waiting.map(({ text }) => text), 'last']
      // A confirmation that could not be written gives a block again; nothing else may be there.
      expect(texts.slice(-wanted.length)).toEqual(wanted)
      expect(new Set(texts).size).toBe(texts.length)
      for (const text of texts) expect([...written, 'last']).toContain(text)
      if (failing !== 'write' && failing !== 'open') expect(texts).toEqual(wanted)
      await again.close()
    },
  )

  test('a read that fails says so, and works when tried again', async () => {
    const journal = await folder.open(settings, { files })
    const [stored] = await write(journal, block('a', 1, 'one'))
    files.fault = (operation) => (operation === 'read' ? systemError('EIO') : undefined)
    expect(stored && (await journal.read(stored))).toMatchObject({ status: 'failed' })
    files.fault = undefined
    expect(stored && (await journal.read(stored))).toMatchObject({ status: 'read' })
    await journal.close()
  })
})

describe('a table whose batches wait', () => {
  test('does not hold the room of the others', async () => {
    const journal = await folder.open({ ...settings, durability: 'os' }, { files })
    const stuck: StoredBlock[] = []
    for (let i = 0; i < 300; i++) {
      const [waits, goes] = await write(
        journal,
        block('stuck', i, `stuck ${i}`),
        block('a', i, 'x', 2000),
      )
      if (waits === undefined || goes === undefined) throw new Error('two blocks wanted')
      stuck.push(waits)
      journal.confirm([goes])
    }
    expect(journal.stats().compactedBlocks).toBeGreaterThan(100)
    await expectTexts(journal, stuck)
    abandonLock(folder)
    const again = await folder.open(settings)
    expect(await unconfirmedTexts(again)).toEqual(stuck.map((_, i) => `stuck ${i}`))
    again.confirm(again.unconfirmed)
    await again.close()
    const last = await folder.open(settings)
    expect(last.unconfirmed).toEqual([])
    await last.close()
  })
})

async function expectTexts(journal: Journal, stored: readonly StoredBlock[]): Promise<void> {
  for (const [i, one] of stored.entries()) {
    const outcome = await journal.read(one)
    expect(outcome).toEqual({ status: 'read', bytes: Buffer.from(`stuck ${i}`) })
  }
}
