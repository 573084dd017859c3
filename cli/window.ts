import { listSessions, type ReportWindow } from '@wayward/analyzers'
import type { Store } from '@wayward/clickhouse'
import { CommandError, exitCodes } from './command-error.ts'
import type { Selection } from './selection.ts'

/** Sessions that an error message lists at most. */
const sessionsListedMax = 5

/** What the analyzers are asked for; the beginning of a session's id becomes the whole id. */
export async function toWindow(store: Store, selection: Selection): Promise<ReportWindow> {
  const { session } = selection
  const window = withoutSession(selection)
  return session === undefined ? window : { ...window, session: await findSession(store, session) }
}

/** The same for a selection that names no session: nothing has to be looked up. */
export function withoutSession({ from, to, service }: Selection): ReportWindow {
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(service === undefined ? {} : { service }),
  }
}

async function findSession(store: Store, beginning: string): Promise<string> {
  const { rows } = await listSessions(store)
  const ids = [...new Set(rows.map((row) => String(row['session'])))]
  if (ids.includes(beginning)) return beginning
  const found = ids.filter((id) => id.startsWith(beginning))
  const [only] = found
  if (only === undefined) {
    throw new CommandError(
      exitCodes.usage,
      `No session begins with "${beginning}"; "wayward sessions" lists those that there are`,
    )
  }
  if (found.length > 1) {
    const some = found.slice(0, sessionsListedMax).join(', ')
    throw new CommandError(
      exitCodes.usage,
      `${found.length} sessions begin with "${beginning}" (${some}); write more of the one you mean`,
    )
  }
  return only
}
