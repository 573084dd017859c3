// Goal: whatever is wrong in one place of a journal, everything else is kept and nothing wrong is
// taken for good. Method: a small journal with several tables, frames and segments, partly
// confirmed; a copy of it is cut off, and changed, at every byte of every file, then opened.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ParsedHeader, parseHeader } from '@wayward/collector/journal/frame'
import { realFiles } from '@wayward/collector/journal/journal-files'
import { readNotes } from '@wayward/collector/journal/notes'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { abandonLock, block, makeTestFolder, type TestFolder, write } from './journal-harness.ts'

const settings = { segmentBytes: 560 }
/** Thousands of journals are opened: in memory, where the system has such a place. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

interface Part {
  readonly text: string
  readonly start: number
  readonly end: number
}

interface FrameAt {
  readonly start: number
  readonly headerEnd: number
  readonly end: number
  readonly parts: readonly Part[]
}

interface Journaled {
  readonly folder: TestFolder
  /** Texts of blocks that were not confirmed. */
  readonly open: ReadonlySet<string>
  readonly confirmed: ReadonlySet<string>
  readonly files: ReadonlyMap<string, Buffer>
  readonly frames: ReadonlyMap<string, readonly FrameAt[]>
  /** The file whose last frame the crash may have cut off. */
  readonly unsealed: string | undefined
}

let killed: Journaled
let closed: Journaled

beforeAll(async () => {
  killed = await makeJournal('killed')
  closed = await makeJournal('closed')
})

afterAll(() => {
  killed.folder.remove()
  closed.folder.remove()
})

async function makeJournal(ending: 'killed' | 'closed'): Promise<Journaled> {
  const folder = makeTestFolder(parent)
  const journal = await folder.open(settings)
  // Lives before this one: their bytes lie behind the frames of the files that are used again.
  for (let i = 0; i < 8; i++)
    journal.confirm(await write(journal, block('old', i, `old ${i}.`, 20)))
  const confirmed = new Set<string>()
  const open = new Set<string>()
  for (let i = 0; i < 5; i++) {
    const texts = [`traces ${i}`, `logs ${i}`]
    const stored = await write(
      journal,
      block('otel_traces', i, texts[0] ?? ''),
      block('otel_logs', 100 + i, texts[1] ?? ''),
    )
    stored.forEach((one, j) => {
      const isConfirmed = (i + j) % 3 === 0
      if (isConfirmed) journal.confirm([one])
      ;(isConfirmed ? confirmed : open).add(texts[j] ?? '')
    })
  }
  if (ending === 'closed') await journal.close()
  else {
    await notesOf(folder.path, confirmed)
    expect(journal.stats().unconfirmedBlocks).toBeGreaterThan(3)
    abandonLock(folder)
  }
  const files = new Map(
    readdirSync(folder.path).map((name) => [name, readFileSync(join(folder.path, name))]),
  )
  const names = [...files.keys()].filter((name) => name.endsWith('.segment'))
  const frames = new Map(names.map((name) => [name, framesOf(join(folder.path, name))]))
  const last = names.toSorted().findLast((name) => (frames.get(name)?.length ?? 0) > 0)
  return {
    folder,
    open,
    confirmed,
    files,
    frames,
    unsealed: ending === 'killed' ? last : undefined,
  }
}

/** Waits until the side files say of all that was confirmed that it was. */
async function notesOf(folder: string, confirmed: ReadonlySet<string>): Promise<void> {
  await vi.waitFor(
    async () => {
      const noted = new Set<string>()
      for (const name of readdirSync(folder).filter((file) => file.endsWith('.segment'))) {
        const path = join(folder, name)
        const notes = await readNotes(realFiles, path.replace(/\.segment$/, '.done'), lifeOf(path))
        for (const { start, parts } of framesOf(path)) {
          for (const index of notes.confirmed.get(start) ?? []) noted.add(parts[index]?.text ?? '')
        }
      }
      for (const text of confirmed) expect(noted).toContain(text)
    },
    { timeout: 10_000, interval: 5 },
  )
}

function lifeOf(path: string): Buffer {
  return Buffer.from(/-([0-9a-f]{16})\./.exec(path)?.[1] ?? '', 'hex')
}

function framesOf(path: string): FrameAt[] {
  const bytes = readFileSync(path)
  const life = lifeOf(path)
  const frames: FrameAt[] = []
  for (let at = 0; ; ) {
    const outcome = parseHeader(bytes.subarray(at), life)
    if (outcome.status !== 'frame') return frames
    frames.push(frameAt(bytes, at, outcome.header))
    at += outcome.header.frameBytes
  }
}

function frameAt(bytes: Buffer, start: number, header: ParsedHeader): FrameAt {
  let at = start + header.headerBytes
  const parts = header.blocks.map(({ byteLength }) => {
    const part = {
      text: bytes.toString('utf8', at, at + byteLength),
      start: at,
      end: at + byteLength,
    }
    at += byteLength
    return part
  })
  return { start, headerEnd: start + header.headerBytes, end: at, parts }
}

/** What of a file's frames must survive when the bytes from `start` to `end` are wrong or gone. */
function survivors(journaled: Journaled, file: string, start: number, end: number): Set<string> {
  const lost = new Set<string>()
  const frames = journaled.frames.get(file) ?? []
  frames.forEach((frame, i) => {
    const hits = (from: number, to: number) => from < end && start < to
    const isWhole = !hits(frame.start, frame.end)
    const isLast = i === frames.length - 1 || (frames[i + 1]?.start ?? 0) >= start
    const isTorn =
      file === journaled.unsealed &&
      isLast &&
      !isWhole &&
      (end > frame.end || i === frames.length - 1)
    for (const part of frame.parts) {
      const isHit = hits(frame.start, frame.headerEnd) || hits(part.start, part.end)
      if (isHit || (isTorn && !frame.parts.some(({ text }) => journaled.confirmed.has(text)))) {
        lost.add(part.text)
      }
    }
  })
  return new Set([...journaled.open].filter((text) => !lost.has(text)))
}

interface Opened {
  readonly texts: readonly string[]
  readonly damaged: number
  readonly setAside: number
}

type Change = (files: Map<string, Buffer>) => void

/** @param opens the second opening must find what the first left, and a frame that was added */
async function openCopy(journaled: Journaled, change: Change, opens: 1 | 2): Promise<Opened[]> {
  const copy = makeTestFolder(parent)
  try {
    const files = new Map(journaled.files)
    change(files)
    for (const [name, bytes] of files) {
      if (bytes === folderName) mkdirSync(join(copy.path, name))
      else writeFileSync(join(copy.path, name), bytes)
    }
    const results: Opened[] = []
    for (let i = 0; i < opens; i++) results.push(await openOnce(copy, opens === 2 && i === 0))
    return results
  } finally {
    copy.remove()
  }
}

async function openOnce(copy: TestFolder, isAdding: boolean): Promise<Opened> {
  const journal = await copy.open(settings)
  const texts: string[] = []
  let damaged = 0
  for (const stored of journal.unconfirmed) {
    const outcome = await journal.read(stored)
    if (outcome.status === 'read') texts.push(Buffer.from(outcome.bytes).toString())
    else {
      expect(outcome.status).toBe('damaged')
      damaged++
      await journal.setAside([stored], outcome.message)
    }
  }
  const { setAsideRecords } = journal.stats()
  if (isAdding) await write(journal, block('new', 1, 'new'))
  await journal.close()
  return { texts, damaged, setAside: setAsideRecords }
}

const folderName = Buffer.from('a folder instead of a file')

function flipped(bytes: Buffer | undefined, at: number): Buffer {
  const copy = Buffer.from(bytes ?? '')
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << (at % 8)), at)
  return copy
}

const cases = [
  ['killed', () => killed],
  ['closed', () => closed],
] as const

describe.each(cases)('a journal that was %s', (_, get) => {
  test('has several segments, with remains of earlier lives', () => {
    const { frames } = get()
    const counts = [...frames.values()].map((one) => one.length).filter((count) => count > 0)
    expect(counts.length).toBeGreaterThan(2)
  })

  test('keeps all but what is hit when a bit is flipped in any byte', {
    timeout: 240_000,
  }, async () => {
    const journaled = get()
    for (const [name, frames] of journaled.frames) {
      const end = (frames.at(-1)?.end ?? 0) + 70
      const length = Math.min(journaled.files.get(name)?.byteLength ?? 0, end)
      for (let at = 0; at < length; at++) {
        const change: Change = (files) => files.set(name, flipped(files.get(name), at))
        const where = `bit ${at % 8} of byte ${at} of ${name}`
        await expectSurvivors(journaled, change, survivors(journaled, name, at, at + 1), where, at)
      }
    }
  })

  test('keeps all before the cut when a segment is cut off at any byte', {
    timeout: 240_000,
  }, async () => {
    const journaled = get()
    for (const [name] of journaled.frames) {
      const { byteLength } = journaled.files.get(name) ?? Buffer.alloc(0)
      for (let at = 0; at < byteLength; at++) {
        const change: Change = (files) =>
          files.set(name, Buffer.from(files.get(name) ?? '').subarray(0, at))
        const wanted = survivors(journaled, name, at, byteLength)
        await expectSurvivors(journaled, change, wanted, `${name} cut at ${at}`, at)
      }
    }
  })

  test('gives a block again at worst when a side file is changed or cut off', {
    timeout: 240_000,
  }, async () => {
    const journaled = get()
    const names = [...journaled.files.keys()].filter((name) => name.endsWith('.done'))
    expect(names.length).toBeGreaterThan(1)
    for (const name of names) {
      const frames = journaled.frames.get(name.replace('.done', '.segment')) ?? []
      const own = frames.flatMap(({ parts }) => parts.map(({ text }) => text))
      const { byteLength } = journaled.files.get(name) ?? Buffer.alloc(0)
      for (let at = 0; at < byteLength; at++) {
        await expectAllOpen(journaled, own, `flip at ${at} of ${name}`, (files) =>
          files.set(name, flipped(files.get(name), at)),
        )
        await expectAllOpen(journaled, own, `cut at ${at} of ${name}`, (files) =>
          files.set(name, Buffer.from(files.get(name) ?? '').subarray(0, at)),
        )
      }
    }
  })

  test('keeps the rest when a file is missing, empty, garbage or a folder', async () => {
    const journaled = get()
    for (const [name] of journaled.frames) {
      const wanted = survivors(journaled, name, 0, Infinity)
      const changes: Readonly<Record<string, Change>> = {
        missing: (files) => files.delete(name),
        empty: (files) => files.set(name, Buffer.alloc(0)),
        garbage: (files) => files.set(name, garbage),
        folder: (files) => files.set(name, folderName),
      }
      for (const [kind, change] of Object.entries(changes)) {
        const [first, second] = await openCopy(journaled, change, 2)
        expect(new Set(first?.texts), `${kind} ${name}`).toEqual(wanted)
        expect(second?.texts, `${kind} ${name}`).toEqual([...(first?.texts ?? []), 'new'])
      }
    }
  })

  test('leaves foreign files alone', async () => {
    const journaled = get()
    const [first, second] = await openCopy(
      journaled,
      (files) => {
        files.set('notes.txt', Buffer.from('mine'))
        files.set('0000000001-0123456789abcdef.done', garbage)
        files.set('9999999999-0123456789abcdef.segment', garbage)
        files.set('999999999999999-0123456789abcdef.segment', garbage)
        files.set('folder.segment', folderName)
      },
      2,
    )
    expect(new Set(first?.texts)).toEqual(journaled.open)
    expect(second?.texts).toEqual([...(first?.texts ?? []), 'new'])
  })
})

const garbage = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919) % 251))

async function expectSurvivors(
  journaled: Journaled,
  change: Change,
  wanted: ReadonlySet<string>,
  where: string,
  at: number,
): Promise<void> {
  const [first, second] = await openCopy(journaled, change, at % 8 === 0 ? 2 : 1)
  expect(new Set(first?.texts), where).toEqual(wanted)
  expect(first?.texts, where).toHaveLength(wanted.size)
  const isCut = where.includes('cut')
  if (!isCut && wanted.size < journaled.open.size) expect(first?.setAside, where).toBeGreaterThan(0)
  if (second === undefined) return
  expect(second.texts, where).toEqual([...(first?.texts ?? []), 'new'])
  expect(second.setAside, where).toBe(0)
}

/** All that is not confirmed is there, and of the rest nothing but what the side file was for. */
async function expectAllOpen(
  journaled: Journaled,
  own: readonly string[],
  where: string,
  change: Change,
): Promise<void> {
  const [first] = await openCopy(journaled, change, 1)
  const texts = new Set(first?.texts)
  expect(first?.texts, where).toHaveLength(texts.size)
  for (const text of journaled.open) expect(texts, where).toContain(text)
  for (const text of texts) if (!journaled.open.has(text)) expect(own, where).toContain(text)
}
