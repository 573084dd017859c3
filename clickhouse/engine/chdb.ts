// chDB's own Session is not used: its close() waits for every operation of the process, so with one
// connection per query connections would pile up behind the longest one. Here each connection is
// closed when its own work is done, which is what chDB needs. Besides, only the addon offers the
// engine's parser (DurableClassifyAsync).
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EngineError } from './engine-error.ts'

/** An open connection of the addon. */
export type Handle = object

export interface NativeResult {
  readonly bytes: Buffer
  readonly elapsed: number
  readonly rowsRead: number
  readonly bytesRead: number
}

/** What the engine's own parser says about a text. */
export interface StatementAnalysis {
  readonly statementCount: number
  /**
   * 0 reads only; 1 writes to a database; 2 writes global things; 3 SET, KILL, SYSTEM, files; 4 not
   * known.
   */
  readonly queryClass: number
}

/** The functions of chDB's addon that the engine uses. */
export interface Chdb {
  CreateConnection(path: string, connectionArguments?: readonly string[]): Handle
  CloseConnection(handle: Handle): void
  QueryAsyncConnection(handle: Handle, sql: string, format: string): Promise<NativeResult>
  DurableClassifyAsync(
    handle: Handle,
    sql: string,
    database: string | null,
  ): Promise<StatementAnalysis>
}

const functions: readonly (keyof Chdb)[] = [
  'CreateConnection',
  'CloseConnection',
  'QueryAsyncConnection',
  'DurableClassifyAsync',
]

/** A kind of machine, as Node names it. */
export interface Platform {
  readonly os: string
  readonly cpu: string
  /** Whether the C library is musl (Alpine Linux), for which nobody builds the engine. */
  readonly isMusl: boolean
}

/** @throws EngineError on a platform for which there is no engine, saying what to do there */
export function checkPlatform({ os, cpu, isMusl }: Platform): void {
  const hasEngine = ['linux', 'darwin'].includes(os) && ['x64', 'arm64'].includes(cpu) && !isMusl
  if (hasEngine) return
  const wsl = os === 'win32' ? 'run Wayward in WSL, or ' : ''
  throw new EngineError(
    'platform_package_missing',
    `There is no embedded engine for ${os} ${cpu}${isMusl ? ' with musl' : ''}, only for Linux with ` +
      `glibc and for macOS on x64 and arm64: ${wsl}name a ClickHouse server with --clickhouse-url`,
  )
}

function thisPlatform(): Platform {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  const isMusl = process.platform === 'linux' && header.glibcVersionRuntime === undefined
  return { os: process.platform, cpu: process.arch, isMusl }
}

function explain(error: unknown, { cpu, os }: Platform): string {
  const reason = error instanceof Error ? error.message : String(error)
  const server = 'or name a ClickHouse server with --clickhouse-url'
  return reason.includes("'chdb/package.json'")
    ? `The package chdb, which is the embedded engine, is not installed: npm install chdb, ${server}`
    : `Cannot load chDB on ${os} ${cpu}: ${reason}; run npm ci without --omit=optional, ${server}`
}

/** @throws EngineError when the package of this platform is missing or cannot be loaded */
export function loadChdb(): Chdb {
  const require = createRequire(import.meta.url)
  const platform = thisPlatform()
  checkPlatform(platform)
  let addon: Partial<Chdb>
  try {
    const folder = dirname(require.resolve('chdb/package.json'))
    addon = require(join(folder, 'dist', 'loader.js')).loadNative()
  } catch (error) {
    throw new EngineError('platform_package_missing', explain(error, platform), { cause: error })
  }
  const missing = functions.filter((name) => typeof addon[name] !== 'function')
  if (missing.length > 0) {
    throw new EngineError(
      'platform_package_missing',
      `The installed chDB lacks ${missing.join(', ')}: run npm ci to get the version of package-lock.json`,
    )
  }
  return addon as Chdb
}
