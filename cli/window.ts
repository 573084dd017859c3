import { listSessions, type ReportWindow } from '@wayward/analyzers'
import type { Store } from '@wayward/clickhouse'
import { CommandError, exitCodes } from './command-error.ts'
import type { Selection } from './selection.ts'

/** Sessions that an error message lists at most. */
const sessionsListedMax = 5

/** What the analyzers are asked for; the beginnings of sessions' ids become whole ids. */
export async function toWindow(store: Store, selection: Selection): Promise<ReportWindow> {
  const { sessions } = selection
  const window = withoutSession(selection)
  return sessions.length === 0 ? window : { ...window, sessions: await findIds(store, sessions) }
}

/** The same for a selection that names no session: nothing has to be looked up. */
export function withoutSession({ from, to, service }: Selection): ReportWindow {
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(service === undefined ? {} : { service }),
  }
}

/** The whole ids of sessions, each once. @throws CommandError where one is not clear */
export async function findIds(
  store: Store,
  beginnings: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await listSessions(store)
  const ids = [...new Set(rows.map((row) => String(row['session'])))]
  return [...new Set(beginnings.map((beginning) => findId(ids, beginning)))]
}

function findId(ids: readonly string[], beginning: string): string {
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
