// Runs a command line: commander reads it, and its errors leave in our words.
import { existsSync, readFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { Command, CommanderError } from 'commander'
import { CommandError, type ExitCode, exitCodes } from './command-error.ts'
import { exitCodeHelp, helpWidth } from './command-definition.ts'
import { addCommands } from './command-list.ts'
import type { Terminal } from './terminal.ts'

/** The process's arguments, without Node and the script. */
export interface ProgramArguments {
  readonly argv: readonly string[]
  /** How the person called us, for texts that say what to try next. */
  readonly name: string
}

/** The longest options leave less than Commander's 40 columns beside them on a terminal of 80. */
const optionTextWidthMin = 20

/** Runs one command. @throws CommandError, OutputClosed, Interrupted */
export async function runProgram(
  terminal: Terminal,
  { argv, name }: ProgramArguments,
): Promise<number> {
  let help = ''
  const keep = (text: string): void => {
    help += text
  }
  const width = (): number => helpWidth(terminal)
  const program = new Command('wayward')
    .description('Shows which locks, queues and jobs made an application slow, stuck or late.')
    .version(packageVersion(), '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand('help [command]', 'Print the help of a command')
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ minWidthToWrap: optionTextWidthMin })
    .configureOutput({
      writeOut: keep,
      writeErr: keep,
      outputError: () => {
        // Printed by whoever catches the error.
      },
      getOutHelpWidth: width,
      getErrHelpWidth: width,
    })
    .addHelpText('after', firstSteps(name, width()))
  const context = addCommands(program, terminal, name)
  try {
    await program.parseAsync(statementLast(argv), { from: 'user' })
    return context.exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return await concludeParsing(error, terminal, help, helpOf(program, argv, name))
  }
}

/** SQL that begins with a comment is no option, though it begins as one does. */
function statementLast(argv: readonly string[]): string[] {
  const index = argv[0] === 'query' ? argv.findIndex((argument) => /^--\s/.test(argument)) : -1
  return index < 0 ? [...argv] : [...argv.toSpliced(index, 1), '--', argv[index] ?? '']
}

function firstSteps(name: string, width: number): string {
  return `
First steps:
  ${name} demo                         a shop that misbehaves, and what is wrong with it
  ${name} serve                        start the service; applications report to it
  ${name} report                       what is wrong, the worst first
  ${name} analyze lock-contention      which locks cost most
  ${name} query "SHOW TABLES"          any ClickHouse SQL on what was recorded
${exitCodeHelp(width)}

The help of a command has its options and examples: ${name} analyze --help`
}

/** Commander ends parsing by errors, also where help or the version was asked for. */
async function concludeParsing(
  error: CommanderError,
  terminal: Terminal,
  help: string,
  helpCommand: string,
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
    .replace(/\.$/, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, '; did you mean $1?')
  const message = text.charAt(0).toUpperCase() + text.slice(1)
  throw new CommandError(
    exitCodes.usage,
    `${message}${message.endsWith('?') ? '' : `; see ${helpCommand}`}`,
  )
}

/** The help that belongs to what was typed. */
function helpOf(program: Command, argv: readonly string[], name: string): string {
  const known = program.commands.find((command) => command.name() === argv[0])
  return known === undefined ? `${name} --help` : `${name} ${known.name()} --help`
}

/** How to call this program again, from where the person is. */
export function programName(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (basename(script) === 'main.js') return `node ${relative(cwd, script)}`
  // In a clone `wayward` is not on the path, but npm knows it.
  return npmCommands.has(env['npm_command'] ?? '') ? 'npx wayward' : 'wayward'
}

const npmCommands: ReadonlySet<string> = new Set(['exec', 'start', 'run', 'run-script'])

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
