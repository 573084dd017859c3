// The folder `set-aside`: what the service gave up on, for people to look at and to bring back
// (docs/journal-format.md). Each thing is two files: the bytes, and `<name>.json` that says what
// and why. Names depend on what is in them only: setting the same thing aside again, after a crash,
// overwrites it.
import type { Logger } from '@wayward/base'
import { join } from 'node:path'
import { codeOf, type JournalFile, type JournalFiles, writeFully } from './journal-files.ts'

const copyBytes = 4 * 1024 * 1024

/** What the `.json` says, besides `reason`. */
export type Description = Readonly<Record<string, string | number>>

export interface SetAsideItem {
  /** Without its ending. */
  readonly name: string
  /** `native`: rows that can be inserted as they are. `damaged`: bytes as they were found. */
  readonly ending: 'native' | 'damaged'
  readonly reason: string
  readonly description: Description
}

/** @param parts the bytes, one after the other */
export async function storeParts(
  folder: SetAsideFolder,
  item: SetAsideItem,
  parts: AsyncIterable<Uint8Array>,
): Promise<{ readonly path: string; readonly byteLength: number }> {
  await folder.prepare()
  const path = join(folder.path, `${safeName(item.name)}.${item.ending}`)
  const file = await folder.files.open(`${path}.part`, { create: true })
  let at = 0
  try {
    await file.truncate(0)
    for await (const part of parts) {
      await writeFully(file, [part], at)
      at += part.byteLength
    }
    if (folder.isSynced) await file.sync()
  } finally {
    await file.close()
  }
  await storeDescription(folder, path, { ...item.description, reason: item.reason, bytes: at })
  await folder.files.rename(`${path}.part`, path)
  if (folder.isSynced) await folder.files.syncFolder(folder.path)
  return { path, byteLength: at }
}

/** A region of a segment file, as it is. */
export async function storeRegion(
  folder: SetAsideFolder,
  item: SetAsideItem,
  source: { readonly file: JournalFile; readonly offset: number; readonly byteLength: number },
): Promise<void> {
  await storeParts(folder, item, readRegion(source.file, source.offset, source.byteLength))
}

async function* readRegion(
  file: JournalFile,
  offset: number,
  byteLength: number,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < byteLength; ) {
    const part = Buffer.allocUnsafeSlow(Math.min(copyBytes, byteLength - done))
    const count = await file.read(part, offset + done)
    if (count === 0) return
    yield part.subarray(0, count)
    done += count
  }
}

async function storeDescription(
  folder: SetAsideFolder,
  path: string,
  description: Description,
): Promise<void> {
  const text = Buffer.from(`${JSON.stringify(description, undefined, 2)}\n`)
  const file = await folder.files.open(`${path}.json`, { create: true })
  try {
    await file.truncate(0)
    await writeFully(file, [text], 0)
    if (folder.isSynced) await file.sync()
  } finally {
    await file.close()
  }
}

/** Table names are ours, but a file name must not be able to leave the folder. */
function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 200)
}

export class SetAsideFolder {
  readonly files: JournalFiles
  readonly path: string
  readonly isSynced: boolean
  readonly #parent: string
  #isPrepared = false

  constructor(files: JournalFiles, parent: string, isSynced: boolean) {
    this.files = files
    this.path = join(parent, 'set-aside')
    this.isSynced = isSynced
    this.#parent = parent
  }

  async prepare(): Promise<void> {
    if (this.#isPrepared) return
    await this.files.makeFolder(this.path)
    if (this.isSynced) await this.files.syncFolder(this.#parent)
    this.#isPrepared = true
  }
}

/** Two for each torn frame. */
const tornFilesMax = 16

/**
 * Each `kill -9` under load may leave one, and none was acknowledged: only the newest are of use to
 * anybody.
 */
export async function pruneTorn({ files, path }: SetAsideFolder, logger: Logger): Promise<void> {
  try {
    const names = await files.list(path)
    const torn = names.filter((name) => name.startsWith('torn-')).toSorted()
    for (const name of torn.slice(0, -tornFilesMax)) await files.remove(join(path, name))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      logger.warn('Cannot remove old torn frames', { folder: path, error })
    }
  }
}
