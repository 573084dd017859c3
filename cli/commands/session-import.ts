// `wayward sessions import`: an archive is given to the service, which takes it in once.
import { readHead } from '@wayward/convert'
import { createReadStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { CommandError, exitCodes } from '../command-error.ts'
import type { sessionImportFields } from '../configuration/session-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { askService, readJson } from '../service-request.ts'
import type { Terminal } from '../terminal.ts'
import { orSaidOf } from './session-archive.ts'

/** What the service tells, a line each; the last has either a problem or the sessions. */
interface Told {
  readonly requests?: number
  readonly problem?: string
  readonly rejected?: number
  readonly message?: string
  readonly sessions?: readonly {
    readonly service: string
    readonly session: string
    readonly spans: number
    readonly logs: number
    readonly points: number
  }[]
}

const page = 'sessions.md'

/** Takes the sessions of an archive into the store of a service, once. */
export async function sessionImport(
  terminal: Terminal,
  {
    path,
    values,
  }: { readonly path: string; readonly values: Resolved<typeof sessionImportFields> },
): Promise<void> {
  // The service looks at all of it; what is no archive need not be sent.
  await orSaidOf(path, () => readHead(path))
  const response = await askService(values, {
    method: 'POST',
    path: '/api/v1/archive',
    body: createReadStream(path),
    page,
  })
  if (response.statusCode !== 200) await readJson(response, page)
  const {
    message = '',
    problem,
    rejected = 0,
    requests,
    sessions,
  } = await follow(terminal, response)
  if (problem !== undefined) throw new CommandError(exitCodes.store, problem, { page })
  if (sessions === undefined) {
    const broken = 'The service went away in the middle; import once more, it goes on'
    throw new CommandError(exitCodes.store, broken, { page })
  }
  if (requests === 0) {
    terminal.note('All sessions of the archive are there already; nothing was stored')
    return
  }
  for (const { logs, points, service, session, spans } of sessions) {
    const counts = `${spans} spans, ${logs} log records, ${points} data points`
    terminal.note(`Session ${session} of ${service}: ${counts}`)
  }
  if (rejected > 0) {
    const why = `The service did not take ${rejected} items, the last because: ${message}`
    throw new CommandError(exitCodes.store, why, { page })
  }
}

/** The last of what is told. */
async function follow(terminal: Terminal, response: IncomingMessage): Promise<Told> {
  let told: Told = {}
  let rest = ''
  try {
    response.setEncoding('utf8')
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        told = JSON.parse(line) as Told
        if (told.sessions === undefined) terminal.progress(`${told.requests} requests stored`)
      }
    }
  } catch {
    // What was told last shows that it broke off.
  }
  terminal.progress('')
  return told
}
