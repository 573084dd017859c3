// What defining a command takes: its options from fields, its help, and the values that were given.
import { wrap } from '@wayward/analyzers/report/table'
import { type Command, Option } from 'commander'
import { environmentVariable, type Field } from './configuration/field.ts'
import { configField, serviceFields } from './configuration/fields.ts'
import { type Resolved, resolveFields } from './configuration/resolve.ts'
import type { Terminal } from './terminal.ts'

type Fields = Readonly<Record<string, Field<unknown>>>

/** What the commands' definitions share. */
export interface CommandContext {
  readonly program: Command
  readonly terminal: Terminal
  /** How the person called us, for texts that say what to try next. */
  readonly name: string
  /** Set by the command that has run. */
  exitCode: number
}

const exitCodeTexts: readonly string[] = [
  'done',
  'report and analyze with --fail-on: findings of that severity or above, or no answer (--na); migrate --dry-run: there is something to do',
  'wrong usage (unknown command or option, bad value, address in use, wrong SQL)',
  'the store cannot be reached (no data, folder in use, server down, password refused)',
  'the answer cannot be written (disk full)',
]

const helpWidthMax = 100

/** Lines of the help are at most this long; those to copy are as long as they are. */
export function helpWidth(terminal: Terminal): number {
  return Math.min(terminal.width, helpWidthMax)
}

/** The exit codes for the end of a help. */
export function exitCodeHelp(width: number): string {
  const indent = ' '.repeat(5)
  const lines = exitCodeTexts.map(
    (text, code) => `  ${code}  ${wrap(text, width - indent.length).join(`\n${indent}`)}`,
  )
  return `\nExit codes:\n${lines.join('\n')}`
}

/**
 * A command with the options of its fields, and its examples in the help.
 * @param exitCodes what its exit codes mean, where they are not those of the others
 */
export function define(
  { program, terminal, name }: CommandContext,
  usage: string,
  text: string,
  fields: Fields,
  examples: readonly string[],
  exitCodes?: string,
): Command {
  const command = program
    .command(usage)
    .description(text)
    .summary(text.split('\n', 1)[0] ?? text)
  const isReading = fields['otlpGrpc'] === undefined
  for (const field of [...Object.values(fields), configField]) {
    command.addOption(toOption(field, isReading))
  }
  const lines = examples.map((example) => `  ${name} ${example}`)
  const codes =
    exitCodes === undefined
      ? exitCodeHelp(helpWidth(terminal))
      : `\nExit codes:\n  ${wrap(exitCodes, helpWidth(terminal) - 2).join('\n  ')}`
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}\n${codes}`)
}

/** The values of a command's fields. */
export function valuesOf<F extends Fields>(
  { terminal }: CommandContext,
  fields: F,
  command: Command,
): Resolved<F> {
  return resolveFields(fields, {
    flags: flagsOf(command),
    env: terminal.env,
    cwd: terminal.cwd,
    fileFields: Object.values(serviceFields),
  })
}

function toOption(field: Field<unknown>, isReading: boolean): Option {
  const flag = isReading ? (field.readingFlag ?? field.flag) : field.flag
  const facts = [
    ...(field.default === undefined ? [] : [`default: ${field.default}`]),
    ...(field.isFlagOnly === true ? [] : [environmentVariable(field)]),
  ]
  const placeholder = field.type.placeholder
  const option = new Option(
    `--${flag} <${placeholder}>`,
    facts.length === 0 ? field.text : `${field.text} (${facts.join(', ')})`,
  )
  if (field.type.isRepeated !== true) return option
  return option.argParser((text, before?: string) =>
    before === undefined ? text : `${before}\n${text}`,
  )
}

/** The flags that were given, by their names. */
function flagsOf(command: Command): Map<string, string> {
  const flags = new Map<string, string>()
  const given: Readonly<Record<string, unknown>> = command.opts()
  for (const option of command.options) {
    const value = given[option.attributeName()]
    if (typeof value === 'string') flags.set(option.name(), value)
  }
  return flags
}

/** The present. */
export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}
