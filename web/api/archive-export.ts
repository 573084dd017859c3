// Sessions taken along: an archive, made while it is sent.
import type { Refusal } from '@wayward/base'
import { type ArchivedSession, exportSessions, findSessions } from '@wayward/convert'
import { createGzip, constants } from 'node:zlib'
import { Readable } from 'node:stream'
import type { Question, StreamAnswer } from './endpoint.ts'
import type { JsonSchema } from './json-schema.ts'

/** The type of an archive. */
export const archiveType = 'application/gzip'
const idCharactersMax = 40

/** `GET /api/v1/archive?session=…&session=…`. */
export async function answerArchive({
  asker,
  given,
  nowNs,
}: Question): Promise<StreamAnswer | Refusal> {
  const { service, session: ids = [] } = given
  if (ids.length === 0) return { code: 'malformed', message: 'No session is named; wanted session' }
  const all = await findSessions(asker.store, ids)
  const found = all.filter((one) => service === undefined || one.service === service)
  const missing = ids.find((id) => !found.some(({ session }) => session === id))
  if (missing !== undefined) {
    const message = `There is no session "${missing}"; /api/v1/sessions lists those that there are`
    return { code: 'not_found', message }
  }
  const store = {
    query: <Row>(...[sql, parameters]: Parameters<typeof asker.store.query>) =>
      asker.store.query<Row>(sql, parameters, asker.signal),
    queryRaw: (...[sql, format, parameters]: Parameters<typeof asker.store.queryRaw>) =>
      asker.store.queryRaw(sql, format, parameters, asker.signal),
  }
  const lines = exportSessions(store, found, Number(nowNs / 1_000_000n))
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  // It passes errors on to who reads.
  const chunks = Readable.from(lines, { objectMode: true }).on('error', (error) =>
    gzip.destroy(error),
  )
  gzip.once('close', () => chunks.destroy())
  return { contentType: archiveType, chunks: chunks.pipe(gzip), fileName: nameOf(found) }
}

function nameOf([first, ...others]: readonly ArchivedSession[]): string {
  const id = (first?.session ?? '').replaceAll(/[^\w.-]/g, '_').slice(0, idCharactersMax)
  return `${id}${others.length === 0 ? '' : `-and-${others.length}-more`}.jsonl.gz`
}

/** Of the answer. */
export function archiveSchema(): Promise<JsonSchema> {
  return Promise.resolve({ type: 'string', description: 'Lines of OTLP/JSON, gzip' })
}
