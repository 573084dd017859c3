// A session deleted over the API: from the journal into the tables first, then out of them.
import type { Refusal } from '@wayward/base'
import { readSilence, runningSilenceMs, type SilentSession } from '@wayward/clickhouse'
import type { Changes } from './changes.ts'
import type { Question } from './endpoint.ts'
import { type JsonSchema, objectOf } from './json-schema.ts'

const insertedWaitMsMax = 20_000

/** Deletes a session of the services that have it, or of one of them. */
export async function answerDeletion({ changes, given }: Question): Promise<object | Refusal> {
  if (changes === undefined) throw new Error('Nothing can be changed here')
  const { running, service = '', session: ids = [] } = given
  const session = ids.join(', ')
  // Shows that ClickHouse answers, before the journal is waited for.
  await readSilence(changes.store, ids, service)
  if (!(await isInserted(changes))) return notInserted
  const found = await readSilence(changes.store, ids, service)
  if (found.length === 0) return unknown(session, service)
  const alive = found.find(({ silentMs }) => silentMs < runningSilenceMs)
  if (alive !== undefined && running !== 'delete') return stillRuns(alive)
  const deleted: object[] = []
  for (const key of found) {
    const { service: of, session: id } = key
    const deleting = changes.deleteSession({ service: of, session: id })
    if (deleting === undefined) return beingImported(id)
    const rows = await deleting
    deleted.push({ service: of, session: id, rows })
  }
  return { deleted }
}

async function isInserted({ whenInserted }: Changes): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), insertedWaitMsMax)
  })
  const inserted = whenInserted().then(() => true)
  try {
    return await Promise.race([inserted, late])
  } finally {
    clearTimeout(timer)
  }
}

const notInserted: Refusal = {
  code: 'unavailable',
  message: 'Not everything that was received is in ClickHouse yet, and it would come back',
  retryAfterMs: 5_000,
}

function beingImported(session: string): Refusal {
  const message = `The session "${session}" is being imported; wait for its end`
  return { code: 'conflict', message }
}

function unknown(session: string, service: string): Refusal {
  const of = service === '' ? '' : ` of "${service}"`
  const message = `There is no session "${session}"${of}; /api/v1/sessions lists those that there are`
  return { code: 'not_found', message }
}

function stillRuns({ session, silentMs }: SilentSession): Refusal {
  const seconds = Math.max(0, Math.round(silentMs / 1000))
  return {
    code: 'conflict',
    message: `The session "${session}" still runs, or did ${seconds} s ago: what it reports later would be stored again. End its process and wait until it has been silent for ${runningSilenceMs / 1000} s, or ask with running=delete (--even-if-running)`,
  }
}

/** Of the answer. */
export function deletionSchema(): Promise<JsonSchema> {
  const rows: JsonSchema = {
    type: 'object',
    description: 'How many rows went, by table',
    additionalProperties: { type: 'integer' },
  }
  const deleted = objectOf({ service: { type: 'string' }, session: { type: 'string' }, rows })
  return Promise.resolve(objectOf({ deleted: { type: 'array', items: deleted } }))
}
