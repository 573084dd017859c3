// The folder `bring-back`: people move files there from `set-aside`, and the next start takes them
// into the journal again.
import type { Logger } from '@wayward/base'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { codeOf, type JournalFiles, readWhole } from './journal-files.ts'
import type { AppendOutcome, Frame, NewBlock, StoredBlock } from './journal.ts'

const descriptionBytesMax = 1024 * 1024
const rowsBytesMax = 1024 * 1024 * 1024
const folderName = 'bring-back'

export interface BringBackParts {
  readonly files: JournalFiles
  /** The journal's. */
  readonly folder: string
  readonly logger: Logger
  /** Blocks that are in the journal: what a crash let be taken twice is not. */
  readonly unconfirmed: readonly (StoredBlock & { readonly crc: number })[]
  readonly append: (frame: Frame) => Promise<AppendOutcome>
}

/**
 * Takes back what is in the folder, and removes it there. What cannot be taken is logged and stays.
 * Never rejects.
 */
export async function bringBack(parts: BringBackParts): Promise<readonly StoredBlock[]> {
  const path = join(parts.folder, folderName)
  let names: string[]
  try {
    names = await parts.files.list(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') parts.logger.warn('Cannot read a folder', { path, error })
    return []
  }
  const taken: StoredBlock[] = []
  for (const name of names.filter((one) => one.endsWith('.native')).toSorted()) {
    try {
      taken.push(...(await takeBack(parts, join(path, name))))
    } catch (error) {
      parts.logger.error('Cannot take rows back into the journal; the file stays where it is', {
        file: join(path, name),
        error,
      })
    }
  }
  return taken
}

async function takeBack(parts: BringBackParts, path: string): Promise<readonly StoredBlock[]> {
  const { files, logger, unconfirmed, append } = parts
  const block = await readBlock(files, path)
  const crc = crc32(block.bytes)
  const isThere = unconfirmed.some(
    (one) => one.token === block.token && one.table === block.table && one.crc === crc,
  )
  const outcome = isThere ? undefined : await append({ blocks: [block], digests: [] })
  if (outcome?.status === 'refused') throw new Error(outcome.message)
  await files.remove(path)
  await files.remove(`${path}.json`)
  const { table, rows } = block
  logger.info('Rows that had been set aside are in the journal again', { file: path, table, rows })
  return outcome?.blocks ?? []
}

async function readBlock(files: JournalFiles, path: string): Promise<NewBlock> {
  const text = await readWhole(files, `${path}.json`, descriptionBytesMax)
  const bytes = await readWhole(files, path, rowsBytesMax)
  if (text === undefined || bytes === undefined) {
    throw new Error(`"${path}" and "${path}.json" are needed, as they were in the folder set-aside`)
  }
  const {
    table,
    token,
    rows,
    bytes: byteLength,
  } = JSON.parse(text.toString()) as Record<string, unknown>
  if (
    typeof table !== 'string' ||
    typeof rows !== 'number' ||
    typeof token !== 'string' ||
    !/^[0-9a-f]{32}$/.test(token)
  ) {
    throw new Error(`"${path}.json" does not have the table, the token and the rows`)
  }
  if (byteLength !== bytes.byteLength) {
    throw new Error(
      `"${path}" has ${bytes.byteLength} bytes, and ${String(byteLength)} are wanted: copy it again`,
    )
  }
  return { table, token, rows, bytes }
}
