import { errorCodes, type QueryParameters, type Reader, StoreError } from '@wayward/clickhouse'
import type { Analyzer, Column, Finding, SubjectKind, Telling, Value } from './analyzer.ts'
import { analyzerList } from './generated/list.ts'
import { chosen, keepRows, type KeptTables, sentModules } from './kept.ts'
import { isOutOfMemory, isOutOfTime, withCure } from './limit-error.ts'
import { type FilledParameters, fillSql } from './report/filled-sql.ts'
import { readScope, sparing, unsetOf } from './scope.ts'
import { readQuestion, type Scope } from './sql-modules.ts'

/** What a report looks at. */
export interface ReportWindow {
  /** First moment, nanoseconds since 1970. @default the beginning of time */
  readonly from?: bigint
  /** First moment after it, nanoseconds since 1970. @default the end of time */
  readonly to?: bigint
  /** Only this service. @default all */
  readonly service?: string
  /** Only these sessions. @default all */
  readonly sessions?: readonly string[]
}

/**
 * Why a question cannot be answered.
 *
 * - `nothing_reported`: the store is empty.
 * - `unknown_service`, `unknown_session`: nobody of that name has ever reported.
 * - `never_instrumented`: they report, but never what is asked about.
 * - `idle`: they do, but not in the window.
 */
export type Absence =
  | 'nothing_reported'
  | 'unknown_service'
  | 'unknown_session'
  | 'never_instrumented'
  | 'idle'

/** The answer to an analyzer's question. */
export interface Report {
  readonly analyzer: string
  /** What it looks at. */
  readonly kind: SubjectKind
  /** What its findings say about it. */
  readonly tells: Telling
  readonly question: string
  /** `NA` when the spans and events are absent that the answer needs; `missing` names them. */
  readonly status: 'findings' | 'ok' | 'NA'
  readonly missing: readonly string[]
  /** Why it is `NA`. */
  readonly absence?: Absence | undefined
  readonly columns: readonly Column[]
  /** Names of the columns that answer at a glance; the last may be left out first. */
  readonly headline: readonly string[]
  readonly rows: readonly Readonly<Record<string, Value>>[]
  /** The most severe first. */
  readonly findings: readonly Finding[]
  /** The query that was asked, with all that it reads from the tables. */
  readonly sql: string
}

/** An analyzer that readers may choose by name. */
export interface AnalyzerInfo {
  readonly name: string
  /** Whether a report on everything leaves it out. */
  readonly isAskedAlone: boolean
  readonly question: string
  readonly requires: readonly string[]
}

// Rows are read by the columns that the SQL declares, so each analyzer gets what its row type says.
const definitions = analyzerList as unknown as readonly Analyzer<Readonly<Record<string, Value>>>[]

/** All analyzers, by name. */
export const analyzers: readonly Pick<AnalyzerInfo, 'name' | 'requires'>[] = definitions

/** All analyzers with their questions. */
export async function listAnalyzers(): Promise<AnalyzerInfo[]> {
  return await Promise.all(
    definitions.map(async ({ isAskedAlone = false, name, sql, requires }) => ({
      name,
      isAskedAlone,
      question: (await readQuestion(sql)).header.question,
      requires,
    })),
  )
}

/** What several questions about one window have in common, found out once when it is needed. */
export interface Common {
  scope(): Promise<Scope>
  /** Rows that they read and that are few, sent along with each. */
  tables(): Promise<KeptTables>
  presence(): Promise<Readonly<Record<string, Value>>>
}

/**
 * What these questions have in common.
 *
 * @throws RangeError if there is no such analyzer
 */
export function shareAmong(store: Reader, names: readonly string[], window: ReportWindow): Common {
  const files = names.map((name) => findDefinition(name).sql)
  const parameters = namesParameters(names, window)
  const scope = once(async () => await readScope(store, files, parameters))
  return {
    scope,
    tables: once(async () => await keepRows(store, files, parameters, await scope())),
    presence: once(async () => {
      const file = new URL('./data/presence.sql', import.meta.url)
      const [found = {}] = (await ask(store, file, parameters, unsetOf(parameters))).rows
      return found
    }),
  }
}

/**
 * Asks an analyzer's question.
 *
 * @param common what it shares with other questions about the window
 * @throws StoreError if ClickHouse cannot be reached or refuses
 * @throws RangeError if there is no such analyzer
 */
export async function runAnalyzer(
  store: Reader,
  name: string,
  window: ReportWindow = {},
  common: Common = shareAmong(store, [name], window),
): Promise<Report> {
  const definition = findDefinition(name)
  const { sql, question, columns, headline, rows } = await askDefinition(
    store,
    definition,
    window,
    common,
  )
  const findings = rows
    .map((row) => definition.toFinding(row))
    .filter((finding) => finding !== undefined)
    .toSorted((a, b) => b.severity - a.severity)
  const absence = rows.length > 0 ? undefined : await findAbsence(store, definition, window, common)
  return {
    analyzer: definition.name,
    kind: definition.subject ?? 'lock',
    tells: definition.tells ?? 'matter',
    question,
    status: absence !== undefined ? 'NA' : findings.length > 0 ? 'findings' : 'ok',
    absence,
    missing: absence === undefined ? [] : definition.requires,
    columns,
    headline,
    rows,
    findings,
    sql,
  }
}

/**
 * The statement of an analyzer's question as any ClickHouse client can run it.
 *
 * @param database where the tables are
 * @throws RangeError if there is no such analyzer
 */
export async function readFilledSql(
  name: string,
  window: ReportWindow,
  database: string,
): Promise<string> {
  const definition = findDefinition(name)
  const question = await readQuestion(definition.sql)
  return fillSql(question, parametersOf(definition, window), database)
}

function namesParameters(names: readonly string[], window: ReportWindow): FilledParameters {
  return names.reduce<FilledParameters>(
    (all, name) => ({ ...all, ...findDefinition(name).parameters }),
    toParameters(window),
  )
}

/** @throws RangeError if there is none of this name */
function findDefinition(name: string): (typeof definitions)[number] {
  const definition = definitions.find((candidate) => candidate.name === name)
  if (definition !== undefined) return definition
  const known = analyzers.map((analyzer) => analyzer.name).join(', ')
  throw new RangeError(`Unknown analyzer "${name}"; wanted one of ${known}`)
}

function parametersOf(
  { parameters }: (typeof definitions)[number],
  window: ReportWindow,
): FilledParameters {
  return { ...toParameters(window), ...parameters }
}

/** Why there are no rows; `undefined` if that means that all is well. */
async function findAbsence(
  store: Reader,
  { subject = 'lock', isQuietWithoutRows = false, needs }: (typeof definitions)[number],
  window: ReportWindow,
  common: Common,
): Promise<Absence | undefined> {
  const found = await common.presence()
  if (found['sessions_of_service'] === 0) {
    return window.service === undefined ? 'nothing_reported' : 'unknown_service'
  }
  if (found['sessions'] === 0) return 'unknown_session'
  if (subject === 'session') return found['sessions_reporting'] === 0 ? 'idle' : undefined
  const heard = subject === 'logger' ? await hearLoggers(store, needs, window) : undefined
  if ((heard?.['ever'] ?? found[`${subject}s_ever`]) === 0) return 'never_instrumented'
  const isThere = (heard?.['within'] ?? found[`${subject}s`]) === 1
  return isQuietWithoutRows && isThere ? undefined : 'idle'
}

/** Asked only where it is needed: it reads log records, of which there may be many. */
async function hearLoggers(
  store: Reader,
  what: NonNullable<(typeof definitions)[number]['needs']> = 'record',
  window: ReportWindow,
): Promise<Readonly<Record<string, Value>>> {
  const file = new URL('./reports/presence.sql', import.meta.url)
  const parameters = { ...toParameters(window), what }
  const [found = {}] = (await ask(store, file, parameters, unsetOf(parameters))).rows
  return found
}

/** Rows of a query whose head declares its columns. */
export interface Answer {
  readonly question: string
  readonly columns: readonly Column[]
  /** Names of the columns that answer at a glance; the last may be left out first. */
  readonly headline: readonly string[]
  readonly rows: readonly Readonly<Record<string, Value>>[]
  readonly sql: string
}

/** The question of `listSessions`. */
export const sessionsQuestion = new URL('./sessions/sessions.sql', import.meta.url)

/** Lists the processes that have reported in a window, the latest first. @throws StoreError */
export async function listSessions(
  store: Reader,
  window: Omit<ReportWindow, 'sessions'> = {},
): Promise<Answer> {
  const parameters = toParameters(window)
  return await ask(store, sessionsQuestion, parameters, unsetOf(parameters))
}

/** The question of `listReported`. */
export const reportedQuestion = new URL('./sessions/reported.sql', import.meta.url)

/**
 * Lists the locks, queues and jobs of a session, the most used of each kind first.
 *
 * @throws StoreError
 */
export async function listReported(
  store: Reader,
  { service = '', session }: { readonly service?: string; readonly session: string },
): Promise<Answer> {
  const { sql, header } = await readQuestion(reportedQuestion)
  const rows = await queryRows(store, sql, { service, session })
  const { question, columns, headline } = header
  return { question, columns, headline, rows: rows.map((row) => readRow(row, columns)), sql }
}

/** Does not ask where what was asked before says that there is nothing. */
async function askDefinition(
  store: Reader,
  definition: (typeof definitions)[number],
  window: ReportWindow,
  common: Common,
): Promise<Answer> {
  const [scope, tables] = [await common.scope(), await common.tables()]
  if (tables[definition.nothingWithout ?? '']?.rows === 0) {
    const { sql, header } = await readQuestion(definition.sql, scope)
    return { ...header, rows: [], sql }
  }
  return await askSparingly(store, definition.sql, parametersOf(definition, window), scope, tables)
}

/**
 * Asks again where tables could not be sent along, and where memory did not suffice, if there is a
 * way that takes less.
 */
async function askSparingly(
  store: Reader,
  file: URL,
  parameters: QueryParameters,
  scope: Scope,
  tables: KeptTables,
): Promise<Answer> {
  if (Object.keys(tables).length > 0) {
    try {
      return await ask(store, file, parameters, scope, tables)
    } catch (error) {
      if (!(error instanceof StoreError) || isOutOfTime(error)) throw error
    }
  }
  try {
    return await ask(store, file, parameters, scope)
  } catch (error) {
    const usual = await readQuestion(file, scope)
    const thrifty = await readQuestion(file, sparing(scope))
    if (!isOutOfMemory(error) || thrifty.sql === usual.sql) throw error
    return await ask(store, file, parameters, sparing(scope))
  }
}

async function ask(
  store: Reader,
  file: URL,
  parameters: QueryParameters,
  scope: Scope,
  tables: KeptTables = {},
): Promise<Answer> {
  const { sql, header } = await readQuestion(file, scope)
  const { question, columns, headline } = header
  const sent = await readQuestion(file, { ...scope, kept: sentModules(tables) })
  const rows = await queryRows(store, sent.sql, parameters, chosen(tables, sent.reads))
  return { question, columns, headline, rows: rows.map((row) => readRow(row, columns)), sql }
}

function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined
  return async () => {
    found ??= find()
    return await found
  }
}

type RawRow = Readonly<Record<string, unknown>>

/**
 * Servers before 26 do not know expressions that are evaluated once, and some plans of later ones
 * read them too early; then they are evaluated where they are used.
 */
async function queryRows(
  store: Reader,
  sql: string,
  parameters: QueryParameters,
  tables: KeptTables = {},
): Promise<RawRow[]> {
  try {
    return await store.query<RawRow>(sql, parameters, undefined, tables)
  } catch (error) {
    const plain = sql.replaceAll(' AS MATERIALIZED\n', ' AS\n')
    if (plain === sql || !isAboutMaterialized(error)) throw withCure(error)
    return await store.query<RawRow>(plain, parameters, undefined, tables)
  }
}

function isAboutMaterialized(error: unknown): boolean {
  if (!(error instanceof StoreError)) return false
  const code = error.clickhouse?.code
  return (
    code === errorCodes.SYNTAX_ERROR ||
    (code === errorCodes.LOGICAL_ERROR && error.message.includes('materialized CTE'))
  )
}

/**
 * 64-bit integers come as text; every number that a report has fits a double's 53 bits or may be
 * rounded.
 */
function readRow(
  row: Readonly<Record<string, unknown>>,
  columns: readonly Column[],
): Readonly<Record<string, Value>> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, readValue(row[name], type)]))
}

function readValue(value: unknown, type: Column['type']): Value {
  if (type === 'text' || type === 'time' || type === 'json') return String(value)
  return Array.isArray(value) ? value.map(Number) : Number(value)
}

const timeMax = 2n ** 63n - 1n

/** The parameters that all questions have. */
export function toParameters(window: ReportWindow): FilledParameters {
  return {
    from: toSeconds(window.from ?? 0n),
    to: toSeconds(window.to ?? timeMax),
    service: window.service ?? '',
    sessions: window.sessions ?? [],
  }
}

/** ClickHouse reads ten digits, a point and nine digits as a moment, whatever the time zone. */
function toSeconds(ns: bigint): string {
  const clipped = ns < 0n ? 0n : ns > timeMax ? timeMax : ns
  const digits = clipped.toString().padStart(19, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
