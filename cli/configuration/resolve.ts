// Settings from where they may stand, the most specific first: flag, environment, file, default.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { CommandError, exitCodes } from '../command-error.ts'
import { nearest } from '../nearest.ts'
import { environmentVariable, type Field, FieldError } from './field.ts'
import { configField } from './fields.ts'

/** The fields' values; a field without a default may be undefined. */
export type Resolved<Fields extends Readonly<Record<string, Field<unknown>>>> = {
  readonly [Name in keyof Fields]: Fields[Name] extends {
    readonly type: { parse(...args: never[]): infer T }
  }
    ? Fields[Name] extends { readonly default: string }
      ? T
      : T | undefined
    : never
}

/** What a process was given. */
export interface ConfigurationSources {
  /** Flags as the command line had them, by the flag's name. */
  readonly flags: ReadonlyMap<string, string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Every field that a file may name, also those that this command does not use. */
  readonly fileFields: readonly Field<unknown>[]
}

/** A text and where it was found, in the words of an error message. */
interface Given {
  readonly text: string
  readonly origin: string
  readonly base: string
}

/** @throws CommandError that names the value, its place, what is wanted and the cure */
export function resolveFields<Fields extends Readonly<Record<string, Field<unknown>>>>(
  fields: Fields,
  sources: ConfigurationSources,
): Resolved<Fields> {
  const file = readConfigFile(sources)
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const given = findGiven(field, sources, file)
    values[name] = given === undefined ? undefined : parseGiven(field, given)
  }
  // Each value was parsed by its own field's type.
  return values as Resolved<Fields>
}

function findGiven(
  field: Field<unknown>,
  sources: ConfigurationSources,
  file: ReadonlyMap<string, Given>,
): Given | undefined {
  const base = sources.cwd
  for (const flag of [field.flag, field.readingFlag]) {
    const text = flag === undefined ? undefined : sources.flags.get(flag)
    if (text !== undefined) return { text, origin: `flag --${flag}`, base }
  }
  if (field.isFlagOnly !== true) {
    const variable = environmentVariable(field)
    const text = sources.env[variable]
    // OpenTelemetry's rule: an empty variable is an unset one.
    if (text !== undefined && text !== '') {
      return { text, origin: `environment variable ${variable}`, base }
    }
    const inFile = file.get(field.flag)
    if (inFile !== undefined) return inFile
  }
  return field.default === undefined ? undefined : { text: field.default, origin: 'default', base }
}

function parseGiven(field: Field<unknown>, given: Given): unknown {
  try {
    return field.type.parse(given.text, given.base)
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    const shown = field.flag.includes('password') ? '(hidden)' : `"${given.text}"`
    throw new CommandError(
      exitCodes.usage,
      `Cannot use ${shown} as ${field.flag} (${given.origin}): ${error.message}; wanted ${field.type.wanted}`,
      { cause: error, page: 'configuration.md' },
    )
  }
}

function readConfigFile(sources: ConfigurationSources): ReadonlyMap<string, Given> {
  const given = findGiven(configField, sources, new Map())
  if (given === undefined) return new Map()
  const path = resolve(sources.cwd, given.text)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      exitCodes.usage,
      `Cannot read the configuration file "${given.text}" (${given.origin}): ${reason}; name a YAML file that exists`,
      { cause: error, page: 'configuration.md' },
    )
  }
  return parseConfigText(text, given.text, path, sources.fileFields)
}

function parseConfigText(
  text: string,
  shownPath: string,
  path: string,
  fields: readonly Field<unknown>[],
): ReadonlyMap<string, Given> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): string => `${shownPath}:${lines.linePos(offset).line}`
  const broken = document.errors[0]
  if (broken !== undefined) {
    throw new CommandError(exitCodes.usage, `Cannot read ${at(broken.pos[0])}: ${broken.message}`, {
      page: 'configuration.md',
    })
  }
  const found = new Map<string, Given>()
  if (document.contents === null) return found
  if (!isMap(document.contents)) {
    throw new CommandError(
      exitCodes.usage,
      `Cannot use ${shownPath}: wanted "name: value" lines, such as "data-dir: .wayward"`,
      { page: 'configuration.md' },
    )
  }
  const names = fields.filter((field) => field.isFlagOnly !== true).map((field) => field.flag)
  for (const { key, value } of document.contents.items) {
    const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0
    const name = isScalar(key) ? String(key.value) : ''
    if (!names.includes(name)) {
      const guess = nearest(name, names)
      const cure =
        guess === undefined ? `wanted one of ${names.join(', ')}` : `did you mean "${guess}"?`
      throw new CommandError(
        exitCodes.usage,
        `Unknown setting "${name}" (${at(offset)}); ${cure}`,
        {
          page: 'configuration.md',
        },
      )
    }
    if (value === null || (isScalar(value) && value.value === null)) continue
    const field = fields.find((one) => one.flag === name)
    const given = field?.type.isList === true && isSeq(value) ? value.items : [value]
    if (!given.every((item) => isScalar(item))) {
      throw new CommandError(
        exitCodes.usage,
        `Cannot use the value of "${name}" (${at(offset)}): wanted a single value`,
        { page: 'configuration.md' },
      )
    }
    // The source text, so that 010 or 1e3 is what was written and not what YAML makes of it.
    const written = given.map((item) =>
      typeof item.value === 'string' ? item.value : (item.source ?? String(item.value)),
    )
    found.set(name, { text: written.join(','), origin: at(offset), base: dirname(path) })
  }
  return found
}
