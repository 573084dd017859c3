import type { Logger } from '@wayward/base'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createEngine,
  defaultEngineLimits,
  type Engine,
  type EngineLimits,
} from '@wayward/clickhouse'

export const tokenText = 'a-token-of-the-test'

/** An engine on a free port with a folder of its own. */
export interface RunningEngine {
  readonly engine: Engine
  readonly url: string
  readonly port: number
  readonly dataDir: string
  readonly messages: string[]
  /** Asks as everybody on this machine. */
  read(sql: string, parameters?: Readonly<Record<string, string>>): Promise<Answer>
  /** Asks with the token. */
  write(
    sql: string,
    parameters?: Readonly<Record<string, string>>,
    body?: string | Uint8Array<ArrayBuffer>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly code: number
  readonly text: string
  readonly headers: Headers
  readonly bytes: Buffer<ArrayBuffer>
}

export function recordingLogger(messages: string[]): Logger {
  const record = (message: string): void => void messages.push(message)
  return { info: record, warn: record, error: record }
}

export async function startEngine(limits: Partial<EngineLimits> = {}): Promise<RunningEngine> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  const messages: string[] = []
  const engine = createEngine({
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    writerToken: tokenText,
    memoryBytesMax: 1_000_000_000,
    limits: { ...defaultEngineLimits, ...limits },
    logger: recordingLogger(messages),
  })
  const { url, port } = await engine.start()
  return {
    engine,
    url,
    port,
    dataDir,
    messages,
    read: (sql, parameters = {}) => ask(url, parameters, { body: sql }),
    write: (sql, parameters = {}, body, headers = {}) =>
      ask(url, body === undefined ? parameters : { ...parameters, query: sql }, {
        body: body ?? sql,
        headers: {
          ...headers,
          'X-ClickHouse-User': 'wayward_writer',
          'X-ClickHouse-Key': tokenText,
        },
      }),
    async close() {
      await engine.shutdown(5000)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export async function ask(
  url: string,
  parameters: Readonly<Record<string, string>>,
  init: RequestInit,
): Promise<Answer> {
  const query = new URLSearchParams(parameters).toString()
  const response = await fetch(`${url}/?${query}`, { method: 'POST', ...init })
  const bytes = Buffer.from(await response.arrayBuffer())
  return {
    status: response.status,
    code: Number(response.headers.get('x-clickhouse-exception-code') ?? 0),
    text: bytes.toString(),
    headers: response.headers,
    bytes,
  }
}

/** Waits until something is true. @throws when it is not true in time */
export async function eventually(
  what: string,
  timeoutMs: number,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`Not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
