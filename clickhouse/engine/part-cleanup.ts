// chDB never deletes the parts that a merge has replaced: without this the disk fills up though
// rows expire. Dropping a partition that does not exist makes the table do it. That also interrupts
// the table's merges, so a table whose merge has been running for a while is left alone for some
// rounds.
import type { Database } from './database.ts'
import { quoteIdentifier } from './sql-text.ts'

export interface PartCleanup {
  start(): void
  /** One round. Resolves to the number of tables that were cleaned. */
  run(): Promise<number>
  shutdown(): Promise<void>
}

const noSuchPartition = 'wayward-no-such-partition'
const longMergeSeconds = 2
const skippedRoundsMax = 10

export function createPartCleanup(
  database: Database,
  intervalMs: number,
  onError: (error: unknown) => void,
): PartCleanup {
  const skippedRounds = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let last: Promise<unknown> = Promise.resolve()

  const run = async (): Promise<number> => {
    let count = 0
    for (const { name, isMerging } of await tablesWithOldParts(database)) {
      const skipped = skippedRounds.get(name) ?? 0
      if (isMerging && skipped < skippedRoundsMax) {
        skippedRounds.set(name, skipped + 1)
        continue
      }
      skippedRounds.delete(name)
      await database.control(`ALTER TABLE ${name} DROP PARTITION ID '${noSuchPartition}'`)
      count += 1
    }
    return count
  }
  const schedule = (): void => {
    timer = setTimeout(() => {
      last = run()
        .catch(onError)
        .finally(() => {
          if (timer !== undefined) schedule()
        })
    }, intervalMs)
  }
  return {
    start: schedule,
    run,
    async shutdown() {
      clearTimeout(timer)
      timer = undefined
      await last
    },
  }
}

async function tablesWithOldParts(
  database: Database,
): Promise<{ readonly name: string; readonly isMerging: boolean }[]> {
  const { bytes } = await database.control(
    'SELECT DISTINCT hex(database), hex(table), ' +
      `(database, table) IN (SELECT database, table FROM system.merges WHERE elapsed > ${longMergeSeconds}) ` +
      'FROM system.parts WHERE NOT active ORDER BY ALL',
  )
  return bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [database = '', table = '', isMerging] = line.split('\t')
      return { name: `${identifier(database)}.${identifier(table)}`, isMerging: isMerging === '1' }
    })
}

/** Names travel as hexadecimal, because they may hold any character. */
function identifier(hex: string): string {
  return quoteIdentifier(Buffer.from(hex, 'hex').toString('utf8'))
}
