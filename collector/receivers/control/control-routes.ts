// The addresses of the back-channel: clients ask for what is set of them, people see and set it.
import {
  createHttpBodyReader,
  type Exchange,
  type HttpBodyReader,
  jsonReply,
  type Refusal,
  type Reply,
  type Route,
} from '@wayward/base'
import type { ClientList, PollingClient } from '../../control/client-list.ts'
import {
  type ControlSettingName,
  controlSettings,
  type SettingKey,
  whyNotSetting,
} from '../../control/control-setting.ts'
import type { ChangeOutcome, SettingBook } from '../../control/setting-book.ts'
import { matchesPattern } from '@wayward/metlog/wire'
import { checkJson, type JsonSchema } from '../jobs/json-schema.ts'
import { openApiDocument } from '../open-api.ts'
import { controlOperations, pollSchema, settingSchema } from './control-schemas.ts'

/** What the routes work with. */
export interface ControlRoutesParts {
  readonly clients: ClientList
  readonly book: SettingBook
  /** Whether it is known who asks; else nothing can be set. */
  readonly isRestricted: boolean
  readonly bodies: HttpBodyReader
  readonly wallMs: () => number
}

type Answer = Promise<Reply | Refusal>

/** Makes them. */
export function createControlRoutes(parts: ControlRoutesParts): readonly Route[] {
  return [
    {
      path: '/api/control-openapi.json',
      methods: ['GET'],
      handle: () =>
        Promise.resolve({ status: 200, contentType: 'application/json', body: controlOpenApi() }),
    },
    {
      path: '/api/control',
      methods: ['GET'],
      handle: ({ query }) => Promise.resolve(uncached(list(query.get('client') ?? '*', parts))),
    },
    {
      path: '/api/control/poll',
      methods: ['POST'],
      takesBody: true,
      handle: (exchange) => poll(exchange, parts),
    },
    {
      path: '/api/control/settings',
      methods: ['PUT'],
      takesBody: true,
      handle: (exchange) => set(exchange, parts),
    },
    {
      path: '/api/control/settings',
      methods: ['DELETE'],
      handle: (exchange) => unset(exchange, parts),
    },
  ]
}

/** The document, as docs/reference/control-openapi.json has it. */
export function controlOpenApi(): string {
  const info = {
    title: 'Wayward: the back-channel',
    description: 'See docs/control.md. Errors are problem details (RFC 9457).',
  }
  return openApiDocument(info, controlOperations)
}

function list(client: string, { book, clients }: ControlRoutesParts): Reply {
  const { unlisted } = clients
  return jsonReply(200, {
    clients: clients
      .all()
      .filter(({ name }) => matchesPattern(client, name))
      .map(({ seenMs, ...one }) => ({
        ...one,
        seenAt: toTime(seenMs),
        isCurrent: one.revision === book.toldTo(one.kind, one.name).revision,
      })),
    settings: book.all().map(({ setMs, ...one }) => ({ ...one, setAt: toTime(setMs) })),
    unlisted,
    ...(book.problem === undefined ? {} : { problem: book.problem }),
  })
}

async function poll(exchange: Exchange, parts: ControlRoutesParts): Answer {
  const { book, clients } = parts
  const body = await readBody<PollingClient>(exchange, pollSchema, parts)
  if ('code' in body) return body
  clients.note(onlyKnown(body))
  const { pollAfterMs } = clients
  const { revision, settings } = book.toldTo(body.kind, body.name)
  const isNew = revision !== body.revision
  return uncached(jsonReply(200, { revision, pollAfterMs, ...(isNew ? { settings } : {}) }))
}

/** What later versions say besides is not kept: it has no bound. */
function onlyKnown(body: PollingClient): PollingClient {
  const known = Object.entries(body).filter(([key]) => Object.hasOwn(pollSchema.properties, key))
  return Object.fromEntries(known) as unknown as PollingClient
}

interface SettingBody {
  readonly setting: ControlSettingName
  readonly value: string
  readonly client?: string
  readonly name?: string
}

async function set(exchange: Exchange, parts: ControlRoutesParts): Answer {
  const refusal = whyNobody(exchange, parts)
  if (refusal !== undefined) return refusal
  const body = await readBody<SettingBody>(exchange, settingSchema, parts)
  if ('code' in body) return body
  const { client = '*', name = '*', setting, value } = body
  const problem = whyNotSetting({ setting, client, name }, value)
  if (problem !== undefined) return { code: 'malformed', message: problem }
  const kept = { setting, client, name, value, setMs: parts.wallMs(), setBy: identityOf(exchange) }
  return toAnswer(await parts.book.set(kept), kept)
}

async function unset(exchange: Exchange, parts: ControlRoutesParts): Answer {
  const refusal = whyNobody(exchange, parts)
  if (refusal !== undefined) return refusal
  const { query } = exchange
  const setting = query.get('setting') ?? ''
  if (!Object.hasOwn(controlSettings, setting)) {
    const names = Object.keys(controlSettings).join(', ')
    const message = `"setting" is "${setting.slice(0, 80)}"; wanted is one of ${names}`
    return { code: 'malformed', message }
  }
  const key: SettingKey = {
    setting: setting as ControlSettingName,
    client: query.get('client') ?? '*',
    name: query.get('name') ?? '*',
  }
  return toAnswer(await parts.book.unset(key), key)
}

function toAnswer(outcome: ChangeOutcome, { client, name, setting }: SettingKey): Reply | Refusal {
  if (outcome.status === 'kept') return uncached(jsonReply(200, { setting, client, name }))
  if (outcome.status === 'unknown') {
    const message = `${setting} is not set for clients "${client}" and names "${name}"`
    return { code: 'not_found', message }
  }
  const { message, status } = outcome
  if (status === 'full') return { code: 'overloaded', message }
  return { code: 'unavailable', message, retryAfterMs: 5_000 }
}

/** What changes what applications report is done by somebody who is known. */
function whyNobody({ authorization }: Exchange, parts: ControlRoutesParts): Refusal | undefined {
  if (parts.isRestricted && authorization.status === 'allowed') return undefined
  const message =
    'Settings change what applications report, which takes a token: start the service with ' +
    '--token-file, and send one (WAYWARD_API_TOKEN)'
  return { code: 'unauthenticated', message }
}

function identityOf({ authorization }: Exchange): string {
  return authorization.status === 'allowed' ? authorization.identity : ''
}

async function readBody<Body>(
  { allowBody, request }: Exchange,
  schema: JsonSchema,
  { bodies }: ControlRoutesParts,
): Promise<Body | Refusal> {
  const type = request.headers['content-type'] ?? ''
  // A page of another site cannot send this type without asking, which nobody answers.
  if (!/^application\/json\b/i.test(type)) {
    const message = `Content-Type is "${type.slice(0, 80)}"; send application/json`
    return { code: 'wrong_type', message }
  }
  allowBody()
  const read = await bodies.read(request, undefined)
  if (read.status === 'refused') return read.refusal
  try {
    const value = parse(read.body)
    if (value === undefined) return { code: 'malformed', message: 'The body is no JSON in UTF-8' }
    const [first] = checkJson(schema, value)
    if (first === undefined) return value as Body
    const { field, seen, wanted } = first
    const what = field === '' ? 'The body' : `"${field}"`
    return { code: 'malformed', message: `${what} is ${seen}; wanted is ${wanted}` }
  } finally {
    read.release()
  }
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown
  } catch {
    return undefined
  }
}

function uncached(reply: Reply): Reply {
  return { ...reply, headers: { 'Cache-Control': 'no-store' } }
}

function toTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** Reads bodies of clients and people: small ones. */
export function createControlBodies(
  budget: Parameters<typeof createHttpBodyReader>[0]['budget'],
  bytesMax: number,
): HttpBodyReader {
  return createHttpBodyReader({
    budget,
    limits: { requestBytesMax: bytesMax, smallChunksMax: 64 },
  })
}
