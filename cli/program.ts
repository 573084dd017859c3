// The commands as commander knows them: options come from the declared fields, errors leave in our words.
import { existsSync, readFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { CommandError, type ExitCode, exitCodes } from './command-error.ts'
import type { Field } from './configuration/field.ts'
import {
  analyzeFields,
  configField,
  demoFields,
  outputFields,
  selectionFields,
  serveFields,
  storeFields,
} from './configuration/fields.ts'
import { environmentVariable } from './configuration/field.ts'
import { type Resolved, resolveFields } from './configuration/resolve.ts'
import { toSelection } from './selection.ts'
import type { Terminal } from './terminal.ts'

type Fields = Readonly<Record<string, Field<unknown>>>

/** The process's arguments, without Node and the script. */
export interface ProgramArguments {
  readonly argv: readonly string[]
  /** How the person called us, for texts that say what to try next. */
  readonly name: string
}

const exitCodeHelp = `
Exit codes:
  0  done
  1  analyze --fail-on: findings of that severity or above
  2  wrong usage (unknown command or option, bad value, address in use, wrong SQL)
  3  the store cannot be reached (no data, folder in use, server down, password refused)`

/** Runs one command. @throws CommandError, OutputClosed, Interrupted */
export async function runProgram(
  terminal: Terminal,
  { argv, name }: ProgramArguments,
): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done
  let help = ''
  const program = new Command('wayward')
    .description('Shows which locks, queues and jobs made an application slow, stuck or late.')
    .version(packageVersion(), '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand('help [command]', 'Print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        help += text
      },
      writeErr: (text) => {
        help += text
      },
      outputError: () => {
        // Printed by whoever catches the error.
      },
      getOutHelpWidth: () => Math.min(terminal.width, 100),
      getErrHelpWidth: () => Math.min(terminal.width, 100),
    })
    .addHelpText(
      'after',
      `
First steps:
  ${name} demo                         a shop that misbehaves, and what is wrong with it
  ${name} serve                        start the service; applications report to it
  ${name} analyze lock-contention      which locks cost most
  ${name} query "SHOW TABLES"          any ClickHouse SQL on what was recorded
${exitCodeHelp}

The help of a command has its options and examples: ${name} analyze --help`,
    )

  const values = <F extends Fields>(fields: F, command: Command): Resolved<F> =>
    resolveFields(fields, {
      flags: flagsOf(command),
      env: terminal.env,
      cwd: terminal.cwd,
      fileFields: [...Object.values(storeFields), ...Object.values(serveFields)],
    })

  const define = (usage: string, text: string, fields: Fields, examples: readonly string[]) => {
    const command = program
      .command(usage)
      .description(text)
      .summary(text.split('\n', 1)[0] ?? text)
    const isReading = fields['otlpGrpc'] === undefined
    for (const field of [...Object.values(fields), configField]) {
      command.addOption(toOption(field, isReading))
    }
    const lines = examples.map((example) => `  ${name} ${example}`)
    return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}\n${exitCodeHelp}`)
  }

  const serveAll = { ...storeFields, ...serveFields }
  define(
    'serve',
    'Start the service: it receives OTLP, stores it in ClickHouse and answers SQL.\nCtrl-C or SIGTERM stops it; what was received is written first.',
    serveAll,
    [
      'serve',
      'serve --data-dir /var/lib/wayward --engine-memory 4GiB',
      'serve --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --clickhouse 127.0.0.1:0 --api 127.0.0.1:0',
      'serve --clickhouse-url http://clickhouse.internal:8123 --clickhouse-user wayward',
    ],
  ).action(async (_options: unknown, command: Command) => {
    const { serve } = await import('./commands/serve.ts')
    await serve(terminal, values(serveAll, command), name)
  })

  const readFields = { ...selectionFields, ...outputFields, ...storeFields }

  define(
    'query',
    'Run one SQL statement on what was recorded, as the reading account.\nThe tables are listed by "SHOW TABLES". {from:DateTime64(9)}, {to:DateTime64(9)}, {service:String} and {session:String} in the statement stand for the flags of these names (--since sets {from}).',
    readFields,
    [
      'query "SHOW TABLES"',
      'query "SELECT ServiceName, count() FROM otel_traces GROUP BY ALL"',
      'query --since 15m --format csv "SELECT Timestamp, SpanName FROM otel_traces WHERE Timestamp >= {from:DateTime64(9)}"',
      'query --url http://127.0.0.1:8123 "SELECT version()"',
    ],
  )
    .argument('<sql>', 'the statement')
    .action(async (sql: string, _options: unknown, command: Command) => {
      const { query } = await import('./commands/query.ts')
      const resolved = values(readFields, command)
      await query(terminal, { sql, values: resolved, selection: toSelection(resolved, nowNs()) })
    })

  const analyzeAll = { ...analyzeFields, ...readFields }
  define(
    'analyze',
    'Answer a question about locks, queues or jobs, the worst finding first.\nWithout a name: list the questions.',
    analyzeAll,
    [
      'analyze --list',
      'analyze lock-contention',
      'analyze queue-delay --service shop --since 1h',
      'analyze job-runs --from 2026-11-21T00:00:00Z --to now --format json',
      'analyze lock-contention --session 0d1f8a52 --fail-on 70',
    ],
  )
    .argument('[name]', 'the analyzer')
    .option('--list', 'List the analyzers and their questions')
    .action(async (analyzer: string | undefined, options: { list?: boolean }, command: Command) => {
      const { analyze, listAnalyzers } = await import('./commands/analyze.ts')
      const resolved = values(analyzeAll, command)
      const selection = toSelection(resolved, nowNs())
      if (analyzer === undefined || options.list === true) {
        await listAnalyzers(terminal, resolved.format, name)
        return
      }
      exitCode = await analyze(terminal, { analyzer, values: resolved, selection })
    })

  define('sessions', 'List the sessions: each is one run of a process that reported.', readFields, [
    'sessions',
    'sessions --since 1d --service shop',
    'sessions --format json',
  ]).action(async (_options: unknown, command: Command) => {
    const { sessions } = await import('./commands/sessions.ts')
    const resolved = values(readFields, command)
    await sessions(terminal, { values: resolved, selection: toSelection(resolved, nowNs()) })
  })

  define(
    'demo',
    'Run a small shop that misbehaves and show what the analyzers say about it.\nUses the service of the data folder if one runs, else starts one on free ports in a temporary folder (or in --data-dir).',
    demoFields,
    ['demo', 'demo --data-dir .wayward'],
  ).action(async (_options: unknown, command: Command) => {
    const { demo } = await import('./commands/demo.ts')
    await demo(terminal, { values: values(demoFields, command), name })
  })

  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    exitCode = await concludeParsing(error, terminal, help, name)
  }
  return exitCode
}

/** Commander ends parsing by errors, also where help or the version was asked for. */
async function concludeParsing(
  error: CommanderError,
  terminal: Terminal,
  help: string,
  name: string,
): Promise<ExitCode> {
  if (error.exitCode === 0) {
    await terminal.write(help)
    return exitCodes.done
  }
  if (error.code === 'commander.help') {
    // No command at all: the help is the answer, though not to what was asked.
    terminal.note(help.trimEnd())
    return exitCodes.usage
  }
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, '; did you mean $1?')
  const message = text.charAt(0).toUpperCase() + text.slice(1)
  throw new CommandError(
    exitCodes.usage,
    `${message}${message.endsWith('?') ? '' : `; see ${name} --help`}`,
  )
}

function toOption(field: Field<unknown>, isReading: boolean): Option {
  const flag = isReading ? (field.readingFlag ?? field.flag) : field.flag
  const facts = [
    ...(field.default === undefined ? [] : [`default: ${field.default}`]),
    ...(field.isFlagOnly === true ? [] : [environmentVariable(field)]),
  ]
  const placeholder = field.type.placeholder
  return new Option(
    `--${flag} <${placeholder}>`,
    facts.length === 0 ? field.text : `${field.text} (${facts.join(', ')})`,
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

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

/** How to call this program again, from where the person is. */
export function programName(script: string, cwd: string): string {
  if (basename(script) !== 'main.js') return 'wayward'
  return `node ${relative(cwd, script)}`
}

/** From the source the manifest lies beside this file, from `dist` one folder up. */
function packageVersion(): string {
  for (const path of ['./package.json', '../package.json']) {
    const url = new URL(path, import.meta.url)
    if (!existsSync(url)) continue
    const manifest: unknown = JSON.parse(readFileSync(url, 'utf8'))
    if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
      return String(manifest.version)
    }
  }
  return 'unknown'
}
