// What the API changes, apart from what it reads: other rights, another account, other tokens.
import type { ChangeAccess } from '@wayward/base'
import { deleteSession, type Importer, type SessionKey, type Store } from '@wayward/clickhouse'
import type { TakeRequest } from './taken.ts'

/** What changes take. */
export interface ChangeParts {
  /** Asks as the writing account. */
  readonly store: Pick<Store, 'query' | 'queryRaw' | 'command'>
  /** The cluster over which the tables are spread. */
  readonly cluster?: string | undefined
  readonly mayChange: ChangeAccess
  /** Resolves when ClickHouse has everything that was acknowledged before. */
  readonly whenInserted: () => Promise<void>
  readonly archives: ArchiveParts
}

/** What imports take. */
export interface ArchiveParts {
  /** Where archives are kept while they are imported. */
  readonly folder: string
  readonly bytesMax: number
  /** This service, as others that share the store know it. */
  readonly importer: Importer
  readonly take: TakeRequest
}

/** How many rows went, by table. */
export type Deleted = Readonly<Record<string, number>>

/** Sessions that are being imported or deleted here. */
export interface BusySessions {
  /** @returns one of them that is busy; then none is taken */
  take(sessions: readonly SessionKey[]): SessionKey | undefined
  release(sessions: readonly SessionKey[]): void
}

/** What can be changed. */
export interface Changes extends ChangeParts {
  readonly busy: BusySessions
  /**
   * Who asks for one that is being deleted waits for the same; undefined where it is being
   * imported. @throws StoreError
   */
  readonly deleteSession: (key: SessionKey) => Promise<Deleted> | undefined
}

/** Puts it together. */
export function createChanges(parts: ChangeParts): Changes {
  const underWay = new Map<string, Promise<Deleted>>()
  const busy = createBusySessions()
  return {
    ...parts,
    busy,
    deleteSession(key) {
      const name = nameOf(key)
      const known = underWay.get(name)
      if (known !== undefined) return known
      if (busy.take([key]) !== undefined) return undefined
      const deleting = deleteSession(parts.store, key, parts).finally(() => {
        underWay.delete(name)
        busy.release([key])
      })
      underWay.set(name, deleting)
      return deleting
    },
  }
}

function createBusySessions(): BusySessions {
  const names = new Set<string>()
  return {
    take(sessions) {
      const found = sessions.find((key) => names.has(nameOf(key)))
      if (found === undefined) for (const key of sessions) names.add(nameOf(key))
      return found
    },
    release(sessions) {
      for (const key of sessions) names.delete(nameOf(key))
    },
  }
}

function nameOf({ service, session }: SessionKey): string {
  return JSON.stringify([service, session])
}
