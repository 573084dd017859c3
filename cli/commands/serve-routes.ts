// What the service answers besides the collector's own addresses: the page and the API.
import { createChangeAccess, type Route, systemTime } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { CollectorInside } from '@wayward/collector'
import { type ArchiveParts, createApi, createPage } from '@wayward/web'

/** What they work with. */
export interface ServiceRoutesParts {
  /** Asks as the reading account. */
  readonly reader: { readonly store: Store; readonly database: string }
  /** Changes as the writing account. */
  readonly changer: Store
  readonly clickhouseCluster: string | undefined
  /** Lets who has it change what is stored, where nothing else is asked for. */
  readonly token: string
  readonly dataDir: string
  /** Bytes of an archive at most. */
  readonly archiveBytesMax: number
}

/** The routes for the listener of the API. */
export function createServiceRoutes(
  { access, takeArchived, whenInserted }: CollectorInside,
  {
    archiveBytesMax,
    changer,
    clickhouseCluster: cluster,
    dataDir,
    reader,
    token,
  }: ServiceRoutesParts,
): readonly Route[] {
  const changes = {
    store: changer,
    cluster,
    mayChange: createChangeAccess(access, token),
    whenInserted,
    archives: {
      ...prepareImports(join(dataDir, 'imports')),
      bytesMax: archiveBytesMax,
      take: takeArchived,
    },
  }
  return [...createPage(), ...createApi({ ...reader, wallMs: systemTime.wallMs, changes })]
}

const idFile = 'collector-id'

/**
 * The folder of archives that are being imported, without those of a service that was killed; and
 * who this service is for others that share its store, also after a restart.
 */
function prepareImports(folder: string): Pick<ArchiveParts, 'folder' | 'importer'> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.received')) rmSync(join(folder, name), { force: true })
  }
  const path = join(folder, idFile)
  if (!existsSync(path)) writeFileSync(path, randomUUID(), { mode: 0o600 })
  const collector = readFileSync(path, 'utf8').trim()
  return { folder, importer: { collector, host: hostname() } }
}
