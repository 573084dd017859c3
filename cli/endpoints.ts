// endpoints.json: how commands find the service of a data folder. Written when the service is
// ready, removed when it stops; a file that a killed service left behind is recognised by its dead
// process.
import { type ListenerSetting, listenerSettings } from '@wayward/collector/listeners'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Endpoints extends Readonly<Record<ListenerSetting, string>> {
  readonly version: 1
  readonly pid: number
  /** RFC 3339. */
  readonly startedAt: string
  /**
   * What lets who has it change what is stored; absent where requests need a token of their own.
   */
  readonly token?: string
  /** No password is ever written here. */
  readonly clickhouse: { readonly url: string; readonly user: string; readonly database: string }
}

export function endpointsPath(dataDir: string): string {
  return join(dataDir, 'endpoints.json')
}

/** Replaces the file at once, so that no reader sees half of it. */
export function writeEndpoints(dataDir: string, endpoints: Endpoints): void {
  const path = endpointsPath(dataDir)
  const temporary = `${path}.${randomUUID()}`
  try {
    writeFileSync(temporary, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Removes the file if it is still the one of this service. */
export function removeEndpoints(dataDir: string, pid: number): void {
  if (readEndpoints(dataDir)?.pid === pid) rmSync(endpointsPath(dataDir), { force: true })
}

/** What the file says, or undefined if there is none or it is not to be understood. */
export function readEndpoints(dataDir: string): Endpoints | undefined {
  const path = endpointsPath(dataDir)
  let parsed: unknown
  try {
    // A file that somebody else put here could lead a command, and its password, to a server of
    // theirs.
    if (!isTrusted(statSync(path).uid)) return undefined
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // No file, or not ours: as if there were no service; a real one would hold the folder's lock.
    return undefined
  }
  return isEndpoints(parsed) ? parsed : undefined
}

function isTrusted(owner: number): boolean {
  const user = process.getuid?.()
  return user === undefined || user === 0 || owner === user
}

function isEndpoints(value: unknown): value is Endpoints {
  if (!isRecord(value) || value['version'] !== 1) return false
  const { pid, clickhouse, token } = value
  const texts = ['startedAt', ...listenerSettings].map((name) => value[name])
  return (
    typeof pid === 'number' &&
    (token === undefined || typeof token === 'string') &&
    Number.isInteger(pid) &&
    pid > 0 &&
    texts.every((text) => typeof text === 'string') &&
    isRecord(clickhouse) &&
    typeof clickhouse['url'] === 'string' &&
    URL.canParse(clickhouse['url']) &&
    typeof clickhouse['user'] === 'string' &&
    typeof clickhouse['database'] === 'string'
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** Whether a process of this id runs; not more, since ids are used again. */
export function isAlive(pid: number): boolean {
  // To 0 and below, signals go to groups of processes.
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, but as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const answerTimeoutMs = 2_000

/**
 * Whether the service's API answers with 200 there: the process id in a stale file may be somebody
 * else's by now.
 */
export async function isAnswering(
  api: string,
  path: '/healthz' | '/readyz' | '/inserted',
  timeoutMs = answerTimeoutMs,
): Promise<boolean> {
  const { get } = await import(api.startsWith('https:') ? 'node:https' : 'node:http')
  return await new Promise((resolve) => {
    // Nothing is told to the service, and its certificate need not be for the address at which it
    // listens.
    const options = { rejectUnauthorized: false, signal: AbortSignal.timeout(timeoutMs) }
    const request = get(`${api}${path}`, options, (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    // Nobody answers there.
    request.on('error', () => resolve(false))
  })
}
