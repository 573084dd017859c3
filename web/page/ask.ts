// What the page asks of the API. An answer that is not wanted any more is broken off.
import { fetchAsMe } from './token.ts'

/** What a column of a table means. */
export interface ColumnOfTable {
  readonly name: string
  readonly type: string
  readonly unit: string
  readonly description?: string
}

/** A table of the API. */
export interface Table {
  readonly columns: readonly ColumnOfTable[]
  readonly rows: readonly Row[]
  readonly sql: string
}

/** A row of a table. */
export type Row = Readonly<Record<string, unknown>>

/** A value of a row as text; empty where it has none. */
export function textOf(row: Row, key: string): string {
  const value = row[key]
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Something that is wrong. */
export interface Cause {
  readonly severity: number
  /** lock, queue, job or session. */
  readonly kind: string
  readonly subject: string
  readonly service: string
  readonly summary: string
  readonly explanation: string
  readonly solution: string
  readonly analyzer: string
  readonly exemplars: readonly {
    readonly label: string
    readonly traceId: string
    readonly spanId?: string
  }[]
  readonly faces: readonly { readonly analyzer: string; readonly summary: string }[]
}

/** All questions answered. */
export interface RankedReport {
  readonly about: string
  readonly dataQuality: readonly Cause[]
  readonly causes: readonly Cause[]
  readonly asked: readonly { readonly analyzer: string; readonly status: string }[]
}

/** Boxes on lanes. */
export interface TimelineData {
  readonly from_ns: string
  readonly to_ns: string
  readonly pixel_ns: string
  readonly unit_ns: string
  readonly states: readonly string[]
  readonly isCut: boolean
  readonly lanes: readonly Lane[]
  readonly runs: readonly {
    readonly lane: number
    readonly state: number
    readonly count: ArrayLike<number>
    readonly start: ArrayLike<number>
    readonly end: ArrayLike<number>
  }[]
  readonly sql: string
}

/** A lane of the timeline. */
export interface Lane {
  readonly kind: string
  readonly service: string
  readonly name: string
}

/**
 * Asks an address below `/api/v1/`, or a whole path.
 *
 * @throws Error with what the service said is wrong
 */
export async function ask<T>(
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<T> {
  const response = await fetchFrom(path, parameters, signal)
  if (!response.ok) throw await refusalOf(response)
  return (await response.json()) as T
}

/** The same for an answer of bytes. @throws Error with what the service said is wrong */
export async function askBytes(
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  const response = await fetchFrom(path, parameters, signal)
  if (!response.ok) throw await refusalOf(response)
  return await response.arrayBuffer()
}

/** Deletes a session from every table. @throws Error with what the service said is wrong */
export async function deleteSession(service: string, session: string): Promise<void> {
  const query = new URLSearchParams({ service }).toString()
  const address = `/api/v1/sessions/${encodeURIComponent(session)}?${query}`
  const response = await fetchAsMe(address, new AbortController().signal, { method: 'DELETE' })
  if (!response.ok) throw await refusalOf(response)
}

/** What stands behind the question mark. Several sessions are divided by line feeds. */
export function queryOf(parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(parameters)) {
    if (value === '') continue
    for (const one of key === 'session' ? value.split('\n') : [value]) query.append(key, one)
  }
  return query.toString()
}

/**
 * Gives the service an archive.
 *
 * @param tell called with how many requests are stored so far
 * @returns what became of it, in words
 * @throws Error with what the service said is wrong
 */
export async function importArchive(
  archive: Blob,
  tell: (requests: number) => void,
): Promise<string> {
  const gone = new AbortController()
  const response = await fetchAsMe('/api/v1/archive', gone.signal, {
    method: 'POST',
    body: archive,
  })
  if (!response.ok) throw await refusalOf(response)
  let told: Told = {}
  let rest = ''
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    const lines = (rest + next.value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      told = JSON.parse(line) as Told
      tell(told.requests ?? 0)
    }
  }
  const { problem, rejected = 0, requests, sessions } = told
  if (problem !== undefined) throw new Error(problem)
  if (sessions === undefined) throw new Error('The import broke off; once more, and it goes on')
  if (rejected > 0) return `${rejected} items were not taken: ${told.message ?? ''}`
  return requests === 0
    ? 'All of it was there already'
    : `Imported ${sessions.map(({ session }) => session).join(', ')}`
}

interface Told {
  readonly requests?: number
  readonly problem?: string
  readonly rejected?: number
  readonly message?: string
  readonly sessions?: readonly { readonly session: string }[]
}

async function fetchFrom(
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const query = queryOf(parameters)
  const base = path.startsWith('/') ? '' : '/api/v1/'
  return await fetchAsMe(`${base}${path}${query === '' ? '' : `?${query}`}`, signal)
}

async function refusalOf(response: Response): Promise<Error> {
  const body = (await response.json().catch(() => undefined)) as unknown
  const detail = (body as { readonly detail?: string } | undefined)?.detail
  return new Error(detail ?? `The service answered ${response.status}`)
}
