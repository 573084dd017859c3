import type { Journal } from '../journal/journal.ts'
import type { Telemetry } from './telemetry.ts'

/** What the journal found wrong when it was opened, of which the tables are not known. */
export function noteDamage({ ledger }: Telemetry, journal: Journal): void {
  const { damagedRecords, setAsideBytes, setAsideRows } = journal.stats()
  if (damagedRecords === 0 && setAsideRows === 0) return
  const message = `The journal had ${damagedRecords} damaged records when it was opened; their bytes were set aside`
  ledger.note({
    event: 'damaged',
    reason: 'found_at_start',
    items: setAsideRows,
    bytes: setAsideBytes,
    message,
  })
}
