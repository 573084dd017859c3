import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

/** What the journal needs of a file system: a seam for tests that let it fail. */
export interface JournalFiles {
  open(path: string, flags: string, mode?: number): Promise<FileHandle>
}

export const realFiles: JournalFiles = { open }
