import type { Logger } from '@wayward/base'
import { digestByteLength } from '../pipeline/digest-set.ts'
import { endMark } from './frame.ts'
import type { Counters } from './counters.ts'
import { type AgedDigests, ageMs, type FrameClock } from './frame-time.ts'
import type { JournalFile, JournalFiles } from './journal-files.ts'
import { type NotesRead, readNotes } from './notes.ts'
import { crcOfRange, type FoundFrame, type Region, type Scan, scanSegment } from './scan.ts'
import {
  type FileBlock,
  parseNotesName,
  parseSegmentName,
  Segment,
  type SegmentName,
} from './segment.ts'
import { pruneTorn, type SetAsideFolder, storeRegion } from './set-aside.ts'
import { uniqueBlocks } from './unique-blocks.ts'

/** More than a minute has at full load; the newest segment begins with those of the last minute. */
const digestBytesMax = 400_000 * digestByteLength
/** What lies behind the last frame of a file is given back to the disk, if it is more than this. */
const slackBytes = 1024 * 1024
const knownFiles = new Set(['lock', 'lock.takeover', 'set-aside', 'bring-back'])

export interface RecoverParts {
  readonly files: JournalFiles
  readonly folder: string
  readonly setAside: SetAsideFolder
  readonly logger: Logger
  readonly counters: Counters
  readonly isSynced: boolean
  readonly frameClock: FrameClock
}

export interface Recovery {
  /** Oldest first, with and without unconfirmed blocks. */
  readonly segments: readonly Segment[]
  readonly unconfirmed: FileBlock[]
  /** Oldest first. */
  readonly digests: readonly AgedDigests[]
  readonly nextSequence: number
  readonly nextNumber: number
}

interface Frame {
  readonly offset: number
  readonly byteLength: number
  readonly blocks: readonly FileBlock[]
  readonly hasConfirmed: boolean
  readonly digests: AgedDigests | undefined
}

interface Loaded {
  readonly segment: Segment
  readonly frames: readonly Frame[]
  readonly hasContent: boolean
  readonly maxSequence: number
  readonly hasMoved: boolean
}

/**
 * Reads what an earlier process left. Damage never makes it throw; a folder that cannot be listed
 * does.
 */
export async function recover(parts: RecoverParts): Promise<Recovery> {
  const names = await segmentNames(parts)
  const loaded: Loaded[] = []
  // The newest first: only its last frame may have been cut off by the crash.
  let mayBeTorn = true
  const digests: AgedDigests[] = []
  let digestBytes = 0
  for (const name of names.toReversed()) {
    // Chosen by number and not by age: clocks jump.
    const wantsDigests = digestBytes < digestBytesMax
    const one = await loadOrReport(parts, name, { mayBeTorn, wantsDigests })
    if (one === undefined) continue
    loaded.push(one)
    const found = one.frames.flatMap((frame) => frame.digests ?? [])
    digestBytes += found.reduce((sum, aged) => sum + aged.digests.byteLength, 0)
    digests.unshift(...found)
    if (one.hasContent) mayBeTorn = false
  }
  loaded.reverse()
  await pruneTorn(parts.setAside, parts.logger)
  const found = loaded.flatMap(({ frames }) => frames.flatMap(({ blocks }) => blocks))
  const moved = loaded.some(({ hasMoved }) => hasMoved)
  const unconfirmed = await uniqueBlocks(found, moved)
  for (const block of unconfirmed) block.segment?.add(block)
  for (const { segment } of loaded) await giveBackSlack(parts, segment)
  return {
    segments: loaded.map(({ segment }) => segment),
    unconfirmed,
    digests,
    nextSequence: loaded.reduce((max, one) => Math.max(max, one.maxSequence), 0) + 1,
    nextNumber: names.reduce((max, name) => Math.max(max, name.number), 0) + 1,
  }
}

async function segmentNames(parts: RecoverParts): Promise<SegmentName[]> {
  const { files, folder, logger } = parts
  const fileNames = await files.list(folder)
  const segments: SegmentName[] = []
  const foreign: string[] = []
  for (const fileName of fileNames) {
    const name = parseSegmentName(fileName)
    if (name !== undefined) segments.push(name)
    else if (!isKnown(fileName)) foreign.push(fileName)
  }
  if (foreign.length > 0) {
    logger.warn('The journal folder has files that are not the journal’s; they are left alone', {
      folder,
      files: foreign.slice(0, 10),
    })
  }
  const bases = new Set(segments.map(({ base }) => base))
  for (const fileName of fileNames) {
    const name = parseNotesName(fileName)
    if (name === undefined || bases.has(name.base)) continue
    // Its segment was used again, and the crash came before this was removed.
    await files.remove(`${folder}/${fileName}`).catch((error: unknown) => {
      logger.warn('Cannot remove a side file of the journal that is not needed any more', {
        file: fileName,
        error,
      })
    })
  }
  return segments.toSorted((a, b) => a.number - b.number || (a.base < b.base ? -1 : 1))
}

function isKnown(fileName: string): boolean {
  return knownFiles.has(fileName) || parseNotesName(fileName) !== undefined
}

interface LoadOptions {
  readonly mayBeTorn: boolean
  readonly wantsDigests: boolean
}

async function loadOrReport(
  parts: RecoverParts,
  name: SegmentName,
  options: LoadOptions,
): Promise<Loaded | undefined> {
  try {
    return await load(parts, name, options)
  } catch (error) {
    parts.counters.damagedRecords++
    parts.logger.error('A segment of the journal cannot be read; it is left where it is', {
      segment: name.base,
      error,
    })
    return undefined
  }
}

async function load(
  parts: RecoverParts,
  name: SegmentName,
  { mayBeTorn, wantsDigests }: LoadOptions,
): Promise<Loaded> {
  const { files, folder } = parts
  const notes = await readNotes(files, `${folder}/${name.base}.done`, name.life)
  if (notes.wrongEntries > 0) {
    parts.logger.warn(
      'The side file of a segment of the journal has wrong entries; what they confirmed is inserted again',
      { segment: name.base, wrongEntries: notes.wrongEntries },
    )
  }
  const segment = new Segment(files, folder, name, notes.end)
  return await segment.withFile(async (file) => {
    await segment.measure()
    const frames: Frame[] = []
    let maxSequence = 0
    let hasMoved = false
    const scan = await scanSegment(file, {
      life: name.life,
      fileBytes: segment.fileBytes,
      sealedAt: notes.sealedAt,
      onFrame: (found) => {
        maxSequence = Math.max(maxSequence, found.header.sequence)
        hasMoved ||= found.header.kind === 'moved'
        const digests = wantsDigests ? agedDigests(found, parts.frameClock) : undefined
        frames.push(toFrame(segment, notes, found, digests))
      },
    })
    segment.foundUntil(scan.end)
    const good = await checkFrames(parts, { segment, notes, file, scan, frames, mayBeTorn })
    const hasContent = frames.length > 0 || scan.regions.length > 0
    return { segment, frames: good, hasContent, maxSequence, hasMoved }
  })
}

function toFrame(
  segment: Segment,
  notes: NotesRead,
  { offset, header }: FoundFrame,
  digests: AgedDigests | undefined,
): Frame {
  const confirmed = notes.confirmed.get(offset)
  const blocks: FileBlock[] = []
  let at = offset + header.headerBytes
  header.blocks.forEach((entry, frameIndex) => {
    if (!confirmed?.has(frameIndex)) {
      const { crc, originSequence, originIndex } = entry
      blocks.push({
        table: entry.table,
        token: entry.token,
        rows: entry.rows,
        byteLength: entry.byteLength,
        crc,
        originSequence,
        originIndex,
        segment,
        frameOffset: offset,
        frameIndex,
        offset: at,
        bytes: undefined,
      })
    }
    at += entry.byteLength
  })
  return {
    offset,
    byteLength: header.frameBytes,
    blocks,
    hasConfirmed: confirmed !== undefined,
    digests,
  }
}

function agedDigests({ header }: FoundFrame, frameClock: FrameClock): AgedDigests | undefined {
  if (header.digests.byteLength === 0) return undefined
  // A copy: what was read around it is let go.
  const digests = Uint8Array.from(header.digests)
  return { digests, ageMs: ageMs(header.time, frameClock()) }
}

interface Checked {
  readonly segment: Segment
  readonly notes: NotesRead
  readonly file: JournalFile
  readonly scan: Scan
  readonly frames: readonly Frame[]
  readonly mayBeTorn: boolean
}

/**
 * Sets aside what is damaged, and seals the segment if it was not. The bytes of a sealed segment
 * are checked when they are read for ClickHouse; opening 10 GB must not take that long.
 */
async function checkFrames(parts: RecoverParts, checked: Checked): Promise<readonly Frame[]> {
  const { segment, notes, scan } = checked
  let isComplete = true
  let tornAt = Infinity
  const good: Frame[] = []
  for (const [i, frame] of checked.frames.entries()) {
    const isLast = i === checked.frames.length - 1
    const mayBeTorn = isLast && checked.mayBeTorn && notes.sealedAt === undefined
    const bad = await badBlocks(checked, frame)
    if (bad.length === 0) good.push(frame)
    else if (mayBeTorn && !frame.hasConfirmed) {
      tornAt = frame.offset
      const byteLength = Math.min(frame.byteLength, segment.fileBytes - frame.offset)
      const region = { offset: frame.offset, byteLength }
      isComplete = await setRegionAside(parts, checked, region, 'torn')
      segment.foundUntil(frame.offset)
    } else {
      for (const block of bad) {
        isComplete = (await setBlockAside(parts, checked, block)) && isComplete
      }
      good.push({ ...frame, blocks: frame.blocks.filter((block) => !bad.includes(block)) })
    }
  }
  for (const region of scan.regions) {
    // What lies behind a torn frame is of an earlier life: the end mark was not written either.
    if (notes.setAside.has(region.offset) || region.offset > tornAt) continue
    isComplete = (await setRegionAside(parts, checked, region, 'damaged')) && isComplete
  }
  if (isComplete) await seal(parts, checked)
  return good
}

async function badBlocks({ notes, file, segment }: Checked, frame: Frame): Promise<FileBlock[]> {
  const bad: FileBlock[] = []
  for (const block of frame.blocks) {
    if (block.offset + block.byteLength > segment.fileBytes) bad.push(block)
    else if (notes.sealedAt === undefined) {
      const crc = await crcOfRange(file, block.offset, block.byteLength)
      if (crc !== block.crc) bad.push(block)
    }
  }
  return bad
}

/** @returns whether it is safe in `set-aside` and need not be found again */
async function setRegionAside(
  parts: RecoverParts,
  { segment, file }: Checked,
  { offset, byteLength }: Region,
  kind: 'damaged' | 'torn',
): Promise<boolean> {
  const reason =
    kind === 'torn'
      ? 'The last frame is not complete: the process or the machine ended while it was written. ' +
        'Its requests were not acknowledged, so their senders send them again'
      : 'No good frame header where one should be'
  const fields = { segment: segment.name.base, offset, byteLength }
  parts.counters.damagedRecords++
  parts.logger[kind === 'torn' ? 'warn' : 'error'](
    `A part of the journal is ${kind} and is set aside: ${reason}`,
    fields,
  )
  try {
    const name = `${kind}-${segment.name.base}-${offset}`
    await storeRegion(
      parts.setAside,
      { name, ending: 'damaged', reason, description: { kind, ...fields } },
      { file, offset, byteLength },
    )
  } catch (error) {
    reportFailure(parts, error)
    return false
  }
  parts.counters.setAsideRecords++
  parts.counters.setAsideBytes += byteLength
  segment.notes.add({ kind: 'set_aside', offset, argument: byteLength })
  return true
}

async function setBlockAside(
  parts: RecoverParts,
  { segment, file }: Checked,
  block: FileBlock,
): Promise<boolean> {
  const { table, token, rows, byteLength, offset } = block
  const description = { table, token, rows, segment: segment.name.base, offset, byteLength }
  const reason = 'The bytes of the block are not those that were written: its checksum is wrong'
  parts.counters.damagedRecords++
  parts.logger.error('Rows in the journal are damaged and are set aside', description)
  try {
    await storeRegion(
      parts.setAside,
      { name: `${table}-${token}-${offset}`, ending: 'damaged', reason, description },
      { file, offset, byteLength },
    )
  } catch (error) {
    reportFailure(parts, error)
    return false
  }
  parts.counters.setAsideRecords++
  parts.counters.setAsideRows += rows
  parts.counters.setAsideBytes += byteLength
  segment.noteConfirmed(block)
  return true
}

function reportFailure({ logger, setAside }: RecoverParts, error: unknown): void {
  logger.error(
    'Cannot set aside what is damaged; it stays in the journal, and the next start tries again',
    { folder: setAside.path, error },
  )
}

/** From now on what lies behind the last frame is not looked at again. */
async function seal(parts: RecoverParts, { segment, notes, file }: Checked): Promise<void> {
  try {
    if (notes.sealedAt === undefined && segment.end > 0) {
      if (parts.isSynced) await file.sync()
      segment.noteSealed()
    }
    await segment.notes.write()
    if (parts.isSynced) await segment.notes.sync()
    segment.wasSealed()
  } catch (error) {
    // Then the next start looks again, and comes to the same end.
    parts.logger.warn('Cannot write a side file of the journal', {
      segment: segment.name.base,
      error,
    })
  }
}

/** After many crashes there would else be many large files with little in them. */
async function giveBackSlack(parts: RecoverParts, segment: Segment): Promise<void> {
  const byteLength = segment.end + endMark.byteLength
  if (
    segment.state !== 'sealed' ||
    segment.liveBlocks === 0 ||
    segment.fileBytes - byteLength < slackBytes
  )
    return
  try {
    await segment.shortenTo(byteLength)
  } catch (error) {
    const { base } = segment.name
    parts.logger.warn('Cannot shorten a segment of the journal', { segment: base, error })
  }
}
