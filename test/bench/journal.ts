// What the journal costs per byte and per frame, and how long it takes to open
// (docs/journal-format.md).
import { systemTime } from '@wayward/base'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Journal, JournalSettings, StoredBlock } from '@wayward/collector/journal/journal'
import { openJournal } from '@wayward/collector/journal/open-journal'
import type { Bench, Figure } from './bench.ts'

const mebibyte = 1024 * 1024
const sizes = {
  tiny: {
    segmentBytes: mebibyte,
    streamBytes: 8 * mebibyte,
    smallFrames: 50,
    openBytes: 8 * mebibyte,
  },
  full: {
    segmentBytes: 32 * mebibyte,
    streamBytes: 1024 * mebibyte,
    smallFrames: 10_000,
    openBytes: 10e9,
  },
}
const largeBytes = 512 * 1024
const smallBytes = 2048

export const journalBench: Bench = {
  name: 'journal',
  async run(size) {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-bench-journal-'))
    const settings: JournalSettings = {
      folder,
      durability: 'fsync',
      bytesMax: 100e9,
      segmentBytes: sizes[size].segmentBytes,
      cacheBytesMax: 96 * mebibyte,
    }
    try {
      return [
        ...(await measureAppends(settings, sizes[size].streamBytes, sizes[size].smallFrames)),
        ...(await measureOpening({ ...settings, durability: 'os' }, sizes[size].openBytes)),
      ]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function open(settings: JournalSettings): Promise<Journal> {
  const quiet = { info: () => {}, warn: console.warn, error: console.error }
  return await openJournal(settings, { logger: quiet, time: systemTime })
}

async function measureAppends(
  settings: JournalSettings,
  streamBytes: number,
  smallFrames: number,
): Promise<Figure[]> {
  const journal = await open(settings)
  const frames = Math.ceil(streamBytes / largeBytes)
  // The first segments are new files; after them files are used again.
  const growing = await append(
    journal,
    Math.ceil((settings.segmentBytes * 2) / largeBytes),
    largeBytes,
  )
  await append(journal, frames, largeBytes)
  const reusing = await append(journal, frames, largeBytes)
  const small = await append(journal, smallFrames, smallBytes)
  await journal.close()
  const mib = (count: number) => (count * largeBytes) / mebibyte
  return [
    {
      name: 'frames of 512 KiB, new files',
      value: growing.cpuMs / mib(growing.frames),
      unit: 'ms CPU/MiB',
    },
    {
      name: 'frames of 512 KiB, files used again',
      value: reusing.cpuMs / mib(reusing.frames),
      unit: 'ms CPU/MiB',
    },
    {
      name: 'frames of 512 KiB, one after the other',
      value: mib(reusing.frames) / reusing.seconds,
      unit: 'MiB/s',
    },
    {
      name: 'frames of 2 KiB, one after the other',
      value: small.frames / small.seconds,
      unit: 'frames/s',
    },
    { name: 'frames of 2 KiB', value: small.cpuMs / small.frames, unit: 'ms CPU/frame' },
  ]
}

interface Cost {
  readonly frames: number
  readonly seconds: number
  readonly cpuMs: number
}

/** Appends frames of one block, and confirms them 8 at a time. */
async function append(journal: Journal, frames: number, byteLength: number): Promise<Cost> {
  const bytes = Buffer.alloc(byteLength, 'a row of a span ')
  const digests = [new Uint8Array(20)]
  const cpu = process.cpuUsage()
  const start = performance.now()
  let waiting: StoredBlock[] = []
  for (let i = 0; i < frames; i++) {
    const block = { table: 'otel_traces', token: tokenOf(i), rows: 512, bytes }
    const outcome = await journal.append({ blocks: [block], digests })
    if (outcome.status === 'refused') throw new Error(outcome.message)
    waiting.push(...outcome.blocks)
    if (waiting.length < 8) continue
    journal.confirm(waiting)
    waiting = []
  }
  journal.confirm(waiting)
  const { user, system } = process.cpuUsage(cpu)
  return { frames, seconds: (performance.now() - start) / 1000, cpuMs: (user + system) / 1000 }
}

function tokenOf(i: number): string {
  return i.toString(16).padStart(32, '0')
}

async function measureOpening(settings: JournalSettings, byteLength: number): Promise<Figure[]> {
  const journal = await open({ ...settings, cacheBytesMax: 0 })
  const bytes = Buffer.alloc(largeBytes, 'a row of a span ')
  for (let i = 0; i * largeBytes < byteLength; i++) {
    const block = { table: 'otel_traces', token: tokenOf(i), rows: 512, bytes }
    const outcome = await journal.append({ blocks: [block], digests: [new Uint8Array(20)] })
    if (outcome.status === 'refused') throw new Error(outcome.message)
  }
  await journal.close()
  const start = performance.now()
  const again = await open(settings)
  const seconds = (performance.now() - start) / 1000
  const blocks = again.unconfirmed.length
  await again.close()
  return [
    {
      name: `opening ${(byteLength / 1e9).toFixed(2)} GB in ${blocks} blocks`,
      value: seconds * 1000,
      unit: 'ms',
    },
  ]
}
