// A window with a beginning and an end: where none is asked for, what was reported has them.
import { readQuestion, toParameters } from '@wayward/analyzers'
import type { Question } from './endpoint.ts'
import { readWindow } from './parameters.ts'

/** Nanoseconds since 1970. */
export interface Span {
  readonly fromNs: bigint
  readonly toNs: bigint
}

const question = new URL('./questions/window.sql', import.meta.url)

/** What was asked for, as far as something was reported. @throws StoreError */
export async function spanOfTime({ asker, given, nowNs }: Question): Promise<Span> {
  const asked = readWindow(given, nowNs)
  if (asked.from !== undefined && asked.to !== undefined) {
    const fromNs = clipped(asked.from)
    const toNs = clipped(asked.to)
    return { fromNs, toNs: toNs > fromNs ? toNs : fromNs + 1n }
  }
  const { sql } = await readQuestion(question)
  const [found] = await asker.store.query<{ readonly from_ns: string; readonly to_ns: string }>(
    sql,
    { ...toParameters(asked), sessions: given.session ?? [] },
    asker.signal,
  )
  const fromNs = BigInt(found?.from_ns ?? 0)
  return { fromNs, toNs: BigInt(found?.to_ns ?? fromNs + 1n) }
}

/** The moments that ClickHouse's times have, from 1970 to 2262. */
const lastNs = 2n ** 63n - 2n

function clipped(ns: bigint): bigint {
  return ns < 0n ? 0n : ns > lastNs ? lastNs : ns
}
