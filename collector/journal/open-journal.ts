import { existsSync } from 'node:fs'
import { openFileJournal } from './file-journal.ts'
import type { Journal, JournalParts, JournalSettings } from './journal.ts'
import { createMemoryJournal } from './memory-journal.ts'

/**
 * Opens the journal, creating its folder where needed. Damaged content is set aside and logged.
 * With `memory` rows that an earlier run left in the folder stay there, and are logged.
 *
 * @throws JournalError when the folder cannot be used, or another process uses it
 */
export async function openJournal(
  settings: JournalSettings,
  parts: JournalParts,
): Promise<Journal> {
  if (settings.durability !== 'memory') return await openFileJournal(settings, parts)
  await tellWhatIsLeft(settings, parts)
  return createMemoryJournal(settings, parts)
}

/** Rows of an earlier run with files would otherwise lie there unseen. */
async function tellWhatIsLeft(settings: JournalSettings, parts: JournalParts): Promise<void> {
  if (!existsSync(settings.folder)) return
  const journal = await openFileJournal({ ...settings, durability: 'os' }, parts)
  const rows = journal.unconfirmed.reduce((sum, block) => sum + block.rows, 0)
  await journal.close()
  if (rows === 0) return
  parts.logger.error(
    'The journal has acknowledged rows of an earlier run, which are not inserted while durability is "memory"; start once with "fsync" or "os"',
    { rows, folder: settings.folder },
  )
}
