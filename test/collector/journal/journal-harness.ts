import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import type {
  Frame,
  Journal,
  JournalParts,
  JournalSettings,
  NewBlock,
} from '@wayward/collector/journal/journal'
import { openJournal } from '@wayward/collector/journal/open-journal'
import { createFakeTime } from '../../harness/fake-time.ts'

interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
}

export interface TestFolder {
  readonly path: string
  readonly lines: LogLine[]
  /** Opens the journal as a process that starts now. */
  open(settings?: Partial<JournalSettings>, parts?: Partial<JournalParts>): Promise<Journal>
  remove(): void
}

/**
 * An empty folder for a journal. @param parent a faster place than the disk, for tests that do not
 * sync
 */
export function makeTestFolder(parent = tmpdir()): TestFolder {
  const path = mkdtempSync(join(parent, 'wayward-journal-'))
  const lines: LogLine[] = []
  const log = (level: LogLine['level']) => (message: string) => lines.push({ level, message })
  const logger = { info: log('info'), warn: log('warn'), error: log('error') }
  return {
    path,
    lines,
    open(settings = {}, parts = {}) {
      return openJournal(
        {
          folder: path,
          durability: 'os',
          bytesMax: 64 * 1024 * 1024,
          segmentBytes: 1024 * 1024,
          cacheBytesMax: 0,
          ...settings,
        },
        { logger, time: createFakeTime(Date.now()), ...parts },
      )
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/**
 * Ends a journal as `kill -9` would: nothing is written down any more, only the lock goes, as its
 * process is gone.
 */
export function abandonLock(folder: TestFolder): void {
  rmSync(join(folder.path, 'lock'), { force: true })
}

/** A block whose bytes are told by its name: `text` repeated. */
export function block(table: string, token: number, text: string, repeats = 1): NewBlock {
  return {
    table,
    token: token.toString(16).padStart(32, '0'),
    rows: repeats,
    bytes: Buffer.from(text.repeat(repeats)),
  }
}

export function digest(text: string): Uint8Array {
  return createHash('sha1').update(text).digest()
}

export function frame(...blocks: NewBlock[]): Frame {
  return { blocks, digests: blocks.map(({ bytes }) => digest(Buffer.from(bytes).toString())) }
}

/** Appends, and expects it to be written. @returns the stored blocks */
export async function write(journal: Journal, ...blocks: NewBlock[]) {
  const outcome = await journal.append(frame(...blocks))
  if (outcome.status !== 'written') throw new Error(`refused: ${outcome.message}`)
  return outcome.blocks
}

/** The texts of the unconfirmed blocks as they are read; what is damaged as `damaged`. */
export async function unconfirmedTexts(journal: Journal): Promise<string[]> {
  const texts: string[] = []
  for (const stored of journal.unconfirmed) {
    const outcome = await journal.read(stored)
    texts.push(outcome.status === 'read' ? Buffer.from(outcome.bytes).toString() : outcome.status)
  }
  return texts
}
