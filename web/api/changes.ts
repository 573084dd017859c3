// What the API changes, apart from what it reads: other rights, another account, other tokens.
import type { ChangeAccess } from '@wayward/base'
import { deleteSession, type SessionKey, type Store } from '@wayward/clickhouse'

/** What changes take. */
export interface ChangeParts {
  /** Asks as the writing account. */
  readonly store: Pick<Store, 'query' | 'command'>
  /** The cluster over which the tables are spread. */
  readonly cluster?: string | undefined
  readonly mayChange: ChangeAccess
  /** Resolves when ClickHouse has everything that was acknowledged before. */
  readonly whenInserted: () => Promise<void>
}

/** How many rows went, by table. */
export type Deleted = Readonly<Record<string, number>>

/** What can be changed. */
export interface Changes extends ChangeParts {
  /** Who asks for one that is being deleted waits for the same. @throws StoreError */
  readonly deleteSession: (key: SessionKey) => Promise<Deleted>
}

/** Puts it together. */
export function createChanges(parts: ChangeParts): Changes {
  const underWay = new Map<string, Promise<Deleted>>()
  return {
    ...parts,
    deleteSession({ service, session }) {
      const name = JSON.stringify([service, session])
      const deleting =
        underWay.get(name) ??
        deleteSession(parts.store, { service, session }, parts).finally(() => underWay.delete(name))
      underWay.set(name, deleting)
      return deleting
    },
  }
}
