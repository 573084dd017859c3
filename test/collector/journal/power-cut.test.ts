// Goal: what was acknowledged survives a power cut at any moment, once. Method: a disk in memory
// that keeps of what was not synced only some sectors and names; random work until the power goes;
// then the real journal opens what is left.
import type { Journal, StoredBlock } from '@wayward/collector/journal/journal'
import { expect, test } from 'vitest'
import { block, digest, makeTestFolder } from './journal-harness.ts'
import { createPowerCutFiles } from './power-cut-files.ts'

const seeds = 60

/** What the work until the power cut did. */
interface Work {
  readonly written: Map<string, StoredBlock>
  readonly confirmed: Set<string>
  readonly refused: Set<string>
  /** Of the frame under way when the power went. */
  underWay: readonly string[]
}

function seededRandom(seed: number): () => number {
  let state = seed * 2_654_435_761
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}

async function workUntilCut(
  journal: Journal,
  random: () => number,
  isCut: () => boolean,
): Promise<Work> {
  const work: Work = { written: new Map(), confirmed: new Set(), refused: new Set(), underWay: [] }
  for (let i = 0; !isCut(); i++) {
    const texts = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, j) =>
      `frame ${i}.${j} `.repeat(1 + Math.floor(random() ** 4 * 200)),
    )
    work.underWay = texts
    const outcome = await journal.append({
      blocks: texts.map((text, j) => block(`table${j}`, i, text)),
      digests: [digest(texts[0] ?? '')],
    })
    if (isCut()) break
    work.underWay = []
    texts.forEach((text, j) => {
      const stored = outcome.status === 'written' ? outcome.blocks[j] : undefined
      if (stored === undefined) work.refused.add(text)
      else work.written.set(text, stored)
    })
    confirmSome(journal, work, random)
  }
  return work
}

function confirmSome(journal: Journal, work: Work, random: () => number): void {
  if (random() < 0.5) return
  const share = journal.hasRoom(20_000) ? 0.6 : 0.95
  for (const [text, stored] of work.written) {
    // One table waits longer than the others.
    if (random() > (stored.table === 'table2' ? 0.02 : share) || work.confirmed.has(text)) continue
    work.confirmed.add(text)
    journal.confirm([stored])
  }
}

test.each(Array.from({ length: seeds }, (_, i) => i + 1))('seed %i', async (seed) => {
  const random = seededRandom(seed)
  const before = makeTestFolder()
  const after = makeTestFolder()
  try {
    const disk = createPowerCutFiles(random, 10 + Math.floor(random() ** 2 * 1500))
    let isCut = false
    disk.onCut = () => {
      isCut = true
    }
    const settings = { durability: 'fsync', segmentBytes: 8000, bytesMax: 80_000 } as const
    const journal = await before.open(settings, { files: disk })
    const work = await workUntilCut(journal, random, () => isCut)
    disk.materialize(after.path)
    const again = await after.open(settings)
    await expectKept(again, work)
    await again.close()
  } finally {
    before.remove()
    after.remove()
  }
})

async function expectKept(journal: Journal, work: Work): Promise<void> {
  const counts = new Map<string, number>()
  const order: number[] = []
  for (const stored of journal.unconfirmed) {
    const outcome = await journal.read(stored)
    const text = outcome.status === 'read' ? Buffer.from(outcome.bytes).toString() : outcome.message
    counts.set(text, (counts.get(text) ?? 0) + 1)
    order.push(Number(/frame (\d+)/.exec(text)?.[1]))
  }
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  for (const [text, count] of counts) {
    expect(count, text).toBe(1)
    expect(work.written.has(text) || work.underWay.includes(text), `${text} was written`).toBe(true)
  }
  const lost = [...work.written.keys()].filter(
    (text) => !counts.has(text) && !work.confirmed.has(text),
  )
  expect(lost).toEqual([])
  const underWay = work.underWay.filter((text) => counts.has(text)).length
  expect([0, work.underWay.length]).toContain(underWay)
  if (work.underWay[0] === undefined) return
  const hex = Buffer.from(digest(work.underWay[0])).toString('hex')
  const known = Buffer.concat(journal.recentDigests.map(({ digests }) => digests)).toString('hex')
  expect(known.includes(hex)).toBe(underWay > 0)
}
