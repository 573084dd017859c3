import { hash } from 'node:crypto'

/** What identifies a run on the wire. */
export interface RunIdentity {
  readonly traceId: Buffer
  readonly spanId: Buffer
  readonly sequence: bigint
}

/** What is written of one change asks several times. */
let last:
  | ({ readonly service: string; readonly name: string; readonly runId: string } & RunIdentity)
  | undefined

/** The identity of a run; the same whoever works it out. */
export function identityOf(service: string, name: string, runId: string): RunIdentity {
  if (last?.runId !== runId || last.name !== name || last.service !== service) {
    last = { service, name, runId, ...makeIdentity(`${service}\0${name}\0${runId}`) }
  }
  return last
}

function makeIdentity(text: string): RunIdentity {
  const digest = hash('sha256', text, 'buffer')
  return {
    traceId: digest.subarray(0, 16),
    spanId: digest.subarray(16, 24),
    sequence: BigInt(digest.readUIntBE(24, 6)) + 1n,
  }
}
