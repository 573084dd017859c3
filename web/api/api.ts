// The API: what the page and people's own tools ask. Every address answers from ClickHouse as the
// reading account, so nothing here can do what the SQL door cannot.
//
//   route ─▶ parameters ─▶ endpoint ─▶ SQL ─▶ JSON, with the SQL
//                                                  └▶ ends when the client has gone
import {
  type Exchange,
  jsonReply,
  problemDetails,
  type Refusal,
  type Reply,
  type Route,
} from '@wayward/base'
import { StoreError } from '@wayward/clickhouse'
import {
  type Endpoint,
  isBytesAnswer,
  isRefusalAnswer,
  isStreamAnswer,
  safely,
} from './endpoint.ts'
import { type ChangeParts, type Changes, createChanges } from './changes.ts'
import { endpoints } from './endpoints.ts'
import { openApi } from './open-api.ts'
import {
  type Given,
  type Parameter,
  ParameterError,
  type ParameterName,
  parameters,
} from './parameters.ts'
import { sendStream } from './send-stream.ts'
import { isAway, type RawReader } from './table.ts'

/** What the API needs. */
export interface ApiParts {
  /** Asks as the reading account. */
  readonly store: RawReader
  /** Where the tables are, for the statements that answers name. */
  readonly database: string
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
  /** Undefined where everything is read only. */
  readonly changes?: ChangeParts | undefined
}

const retryMs = 3_000
/** Sessions that are asked for together. */
const repeatedMax = 1_000

/** The routes of the API, for the listener of `/healthz`. */
export function createApi(settings: ApiParts): readonly Route[] {
  const { changes } = settings
  const parts = { ...settings, changes: changes && createChanges(changes) }
  const known = endpoints.filter(({ method }) => method === undefined || changes !== undefined)
  return [
    ...known.map((endpoint) => toRoute(endpoint, parts)),
    {
      path: '/api/v1/openapi.json',
      methods: ['GET', 'HEAD'],
      handle: async () => safely(jsonReply(200, await openApi(known))),
    },
  ]
}

interface Parts extends ApiParts {
  readonly changes: Changes | undefined
}

function toRoute(endpoint: Endpoint, parts: Parts): Route {
  return {
    path: endpoint.path,
    methods: endpoint.method === undefined ? ['GET', 'HEAD'] : [endpoint.method],
    takesBody: endpoint.body !== undefined,
    ...(endpoint.bodyTimeoutMs === undefined ? {} : { bodyTimeoutMs: endpoint.bodyTimeoutMs }),
    handle: async (exchange) => {
      const reply =
        forbiddenReply(endpoint, exchange, parts) ?? (await answer(endpoint, exchange, parts))
      return reply === undefined ? undefined : safely(reply)
    },
  }
}

/** What is wrong with who asks for a change. */
function forbiddenReply(
  { method }: Endpoint,
  exchange: Exchange,
  { changes }: Parts,
): Reply | undefined {
  const refusal = method === undefined ? undefined : changes?.mayChange(exchange)
  if (refusal === undefined) return undefined
  const reply = problemDetails(refusal)
  return { ...reply, headers: { ...reply.headers, ...refusal.headers } }
}

async function answer(
  endpoint: Endpoint,
  exchange: Exchange,
  { store, database, wallMs, changes }: Parts,
): Promise<Reply | undefined> {
  const gone = new AbortController()
  const leave = (): void => gone.abort()
  exchange.response.once('close', leave)
  try {
    const given = readParameters(endpoint, exchange)
    const asker = { store, signal: gone.signal, database }
    const nowNs = BigInt(wallMs()) * 1_000_000n
    const found = await endpoint.answer({ given, asker, nowNs, exchange, changes })
    if (isBytesAnswer(found)) return { status: 200, ...found }
    if (isStreamAnswer(found)) {
      await sendStream(found, exchange.response, gone.signal)
      return undefined
    }
    return isRefusalAnswer(found) ? problemDetails(found) : jsonReply(200, found)
  } catch (error) {
    // Nobody is left to read it.
    if (gone.signal.aborted) return undefined
    const refusal = toRefusal(error, endpoint)
    if (refusal === undefined) throw error
    return problemDetails(refusal)
  } finally {
    exchange.response.off('close', leave)
  }
}

/** @throws ParameterError where one is unknown, missing or cannot be read */
function readParameters(endpoint: Endpoint, { parameters: inPath, query }: Exchange): Given {
  const given: Partial<Record<ParameterName, string | readonly string[]>> = {}
  const inQuery = endpoint.parameters.filter((name) => inPath[name] === undefined)
  for (const key of query.keys()) {
    if (inQuery.some((name) => name === key)) continue
    const known = inQuery.length === 0 ? 'none is' : `there are ${inQuery.join(', ')}`
    throw new ParameterError(`The parameter "${key}" is not known here; ${known}`)
  }
  for (const name of endpoint.parameters) {
    const inAddress = inPath[name]
    const all = inAddress === undefined ? query.getAll(name) : [inAddress]
    // What is empty is as if it were not there: forms send their empty fields.
    const values = all.filter((value) => value !== '')
    const [value] = values
    if (value === undefined) continue
    const { check, isRepeated }: Parameter = parameters[name]
    if (values.length > (isRepeated === true ? repeatedMax : 1)) {
      const most = isRepeated === true ? `at most ${repeatedMax}` : 'once'
      throw new ParameterError(`${name} is there ${values.length} times; wanted ${most}`)
    }
    for (const one of values) checkValue(name, one, check)
    given[name] = isRepeated === true ? values : value
  }
  return given as Given
}

function checkValue(name: string, value: string, check: Parameter['check']): void {
  try {
    check(value)
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error
    throw new ParameterError(`${name} is "${shortened(value)}": ${error.message}`)
  }
}

function shortened(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}…` : value
}

function toRefusal(error: unknown, { operation }: Endpoint): Refusal | undefined {
  if (error instanceof ParameterError) return { code: 'malformed', message: error.message }
  if (isAway(error)) {
    const message = `ClickHouse does not answer now: ${(error as Error).message}`
    return { code: 'unavailable', message, retryAfterMs: retryMs }
  }
  if (error instanceof StoreError) {
    // Who wrote the statement can cure it.
    const code = operation === 'askSql' ? 'malformed' : 'failed'
    return { code, message: error.message }
  }
  return undefined
}
