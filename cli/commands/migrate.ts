// `wayward migrate [--dry-run]`: the tables of a named server, or of the data folder.
import {
  createStore,
  dryRun,
  isEmpty,
  migrate as run,
  showPlan,
  type PlanOptions,
  type Store,
} from '@wayward/clickhouse'
import { CommandError, type ExitCode, exitCodes } from '../command-error.ts'
import type { storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import {
  namedServer,
  type OpenedStore,
  openEngine,
  openRunning,
  readTimeoutMs,
  toAnswerError,
} from '../open-store.ts'
import type { Terminal } from '../terminal.ts'

export interface MigrateCommand {
  readonly values: Resolved<typeof storeFields>
  readonly isDryRun: boolean
  readonly isAll: boolean
}

/** Where the tables are, and who may change them. */
interface Target extends OpenedStore {
  /** Undefined while a service has the folder: it brings its own tables up to date. */
  readonly writer: Store | undefined
  readonly database: string
}

/** Returns `changes` if it was a dry run and there is something to do. */
export async function migrate(terminal: Terminal, command: MigrateCommand): Promise<ExitCode> {
  const { values, isDryRun, isAll } = command
  const options: PlanOptions = { cluster: values.clickhouseCluster, all: isAll }
  const target = await open(terminal, values)
  try {
    if (isDryRun) return await showChanges(terminal, target, options)
    if (target.writer === undefined) throw serviceError(values.dataDir)
    await change(terminal, target.writer, options)
    return exitCodes.done
  } catch (error) {
    throw toAnswerError(error)
  } finally {
    await target.close()
  }
}

async function open(terminal: Terminal, values: MigrateCommand['values']): Promise<Target> {
  const server = namedServer(values)
  if (server !== undefined) {
    const store = createStore({ ...server, requestTimeoutMs: readTimeoutMs })
    return { store, writer: store, database: server.database, close: () => store.close() }
  }
  const running = await openRunning(terminal, values)
  if (running !== undefined) return { ...running, writer: undefined, database: 'wayward' }
  return { ...(await openEngine(terminal, values.dataDir)), database: 'wayward' }
}

async function showChanges(
  terminal: Terminal,
  { store, database }: Target,
  options: PlanOptions,
): Promise<ExitCode> {
  const plan = await dryRun(store, options)
  if (isEmpty(plan)) {
    terminal.note(`Nothing to do: the tables of database "${database}" are up to date`)
    return exitCodes.done
  }
  await terminal.write(showPlan(plan, { database, cluster: options.cluster }))
  return exitCodes.changes
}

async function change(terminal: Terminal, writer: Store, options: PlanOptions): Promise<void> {
  const { applied, warnings } = await run(writer, options)
  for (const warning of warnings) terminal.note(`Warning: ${warning}`)
  const done = applied.length === 0 ? 'nothing was new' : `migrations ${applied.join(', ')}`
  terminal.note(`The tables are up to date (${done})`)
}

function serviceError(dataDir: string): CommandError {
  return new CommandError(
    exitCodes.store,
    `A service has "${dataDir}" open and brought its tables up to date when it started; restart it to do so again, or take --dry-run to look`,
    { page: 'server.md' },
  )
}
