import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EngineError } from './engine-error.ts'

// chDB's own Session is not used: its close() waits for every operation of the process, so with one connection per
// query connections would pile up behind the longest one. Here each connection is closed when its own work is done,
// which is what chDB needs. Besides, only the addon offers the engine's parser (DurableClassifyAsync).

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
  /** 0 reads only; 1 writes to a database; 2 writes global things; 3 SET, KILL, SYSTEM, files; 4 not known. */
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

const FUNCTIONS: readonly (keyof Chdb)[] = [
  'CreateConnection',
  'CloseConnection',
  'QueryAsyncConnection',
  'DurableClassifyAsync',
]

/** @throws EngineError when the package of this platform is missing or cannot be loaded */
export function loadChdb(): Chdb {
  const require = createRequire(import.meta.url)
  const platform = `${process.platform}-${process.arch}`
  let addon: Partial<Chdb>
  try {
    const folder = dirname(require.resolve('chdb/package.json'))
    addon = require(join(folder, 'dist', 'loader.js')).loadNative()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EngineError(
      'platform_package_missing',
      `Cannot load chDB on ${platform}: ${reason}. It exists for Linux (glibc) and macOS on x64 and arm64: ` +
        'run npm install there without --omit=optional, or give the URL of a ClickHouse server',
      { cause: error },
    )
  }
  const missing = FUNCTIONS.filter((name) => typeof addon[name] !== 'function')
  if (missing.length > 0) {
    throw new EngineError(
      'platform_package_missing',
      `The installed chDB lacks ${missing.join(', ')}: run npm install to get the version of package-lock.json`,
    )
  }
  return addon as Chdb
}
