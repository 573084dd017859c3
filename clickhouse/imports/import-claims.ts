// Who imports a session, said in the store itself, so that two collectors that share it do not both
// do so. Each says first that it begins and then looks who else has said so: of two that do this at
// the same time at least one sees the other, whatever the order, and steps back.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionKey } from '../deletion/delete-session.ts'
import type { Store } from '../store.ts'

/** A collector, told apart by its data folder: rows may be in its journal. */
export interface Importer {
  readonly collector: string
  readonly host: string
}

/** Somebody else's claim. */
export interface ForeignClaim extends SessionKey {
  readonly host: string
  /** RFC 3339, UTC. */
  readonly since: string
}

type Claims = Pick<Store, 'query' | 'command'>

/**
 * Claims sessions for an import. Its own claim of before, of an import that broke off, is as good.
 *
 * @returns the claims of others that stand against it; then nothing is claimed
 * @throws StoreError
 */
export async function claimImport(
  store: Claims,
  importer: Importer,
  sessions: readonly SessionKey[],
): Promise<readonly ForeignClaim[]> {
  for (let attempt = 1; ; attempt++) {
    const earlier = await readOthers(store, importer, sessions)
    if (earlier.length > 0) return earlier
    for (const key of sessions) await say(store, importer, key, 'begun')
    const others = await readOthers(store, importer, sessions)
    if (others.length === 0) return []
    await endImport(store, importer, sessions)
    // Both have stepped back, or will: whoever comes first now goes on.
    if (attempt === attemptsMax) return others
    await sleep(Math.random() * pauseMsMax)
  }
}

const attemptsMax = 4
const pauseMsMax = 500

/** Ends claims: ClickHouse has all that was sent. @throws StoreError */
export async function endImport(
  store: Claims,
  importer: Importer,
  sessions: readonly SessionKey[],
): Promise<void> {
  for (const key of sessions) await say(store, importer, key, 'ended')
}

async function readOthers(
  store: Claims,
  { collector }: Importer,
  keys: readonly SessionKey[],
): Promise<readonly ForeignClaim[]> {
  const sessions = keys.map(({ session }) => session)
  const sql = await readSql('others')
  const found = await store.query<ForeignClaim>(sql, { collector, sessions })
  return found.filter((one) =>
    keys.some(({ service, session }) => service === one.service && session === one.session),
  )
}

async function say(
  store: Claims,
  importer: Importer,
  { service, session }: SessionKey,
  state: 'begun' | 'ended',
): Promise<void> {
  await store.command(await readSql('claim'), { ...importer, service, session, state })
}

async function readSql(name: string): Promise<string> {
  return await readFile(new URL(`${name}.sql`, import.meta.url), 'utf8')
}
