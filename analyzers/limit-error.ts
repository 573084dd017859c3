// What to do where ClickHouse stops a question because of a limit: it does not say itself that one
// can ask about less.
import { errorCodes, type ErrorName, StoreError } from '@wayward/clickhouse'

const limits: readonly ErrorName[] = [
  'TOO_MANY_ROWS',
  'TIMEOUT_EXCEEDED',
  'TOO_SLOW',
  'MEMORY_LIMIT_EXCEEDED',
  'NOT_ENOUGH_SPACE',
  'LIMIT_EXCEEDED',
  'TOO_MANY_BYTES',
  'TOO_MANY_ROWS_OR_BYTES',
]
const limitCodes = new Set<number>(limits.map((name) => errorCodes[name]))

/** The error with its cure, if there is one. */
export function withCure(error: unknown): unknown {
  if (!(error instanceof StoreError) || error.clickhouse === undefined) return error
  const { code, clickhouse, message } = error
  if (!limitCodes.has(clickhouse.code)) return error
  const text = `This is more than one question may take. Ask about a shorter time, one service or one session (ClickHouse: ${shorten(message)})`
  return new StoreError(code, text, { cause: error, clickhouse })
}

/** Whether a question had not enough memory. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof StoreError && error.clickhouse?.code === errorCodes.MEMORY_LIMIT_EXCEEDED
}

/** Whether a question took too long. */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof StoreError && error.clickhouse?.code === errorCodes.TIMEOUT_EXCEEDED
}

/** Without what ClickHouse was doing when its memory was at its end: pages, and no help. */
function shorten(message: string): string {
  return message.replace(/(maximum: [\d.]+ [A-Za-z]+)\.[^]*?( \([A-Z_]+, code \d+\))$/, '$1$2')
}
