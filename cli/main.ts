#!/usr/bin/env node
// The `wayward` command: builds what the commands need of the process, and turns what they throw
// into a text and an exit code.
import { CommandError, exitCodes, type ExitCode } from './command-error.ts'
import { programName, runProgram } from './program.ts'
import { catchSignals } from './signals.ts'
import { createTerminal, Interrupted, OutputClosed, type Terminal } from './terminal.ts'

process.exit(await main())

async function main(): Promise<number> {
  const { stdin, stdout, stderr, env } = process
  const terminal = createTerminal({
    stdin,
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    catchSignals,
  })
  const name = programName(process.argv[1] ?? 'wayward', process.cwd(), env)
  try {
    return await runProgram(terminal, { argv: process.argv.slice(2), name })
  } catch (error) {
    return explain(error, terminal)
  }
}

function explain(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof OutputClosed) return exitCodes.done
  if (error instanceof Interrupted) return exitCodes.interrupted
  if (error instanceof CommandError) {
    terminal.note(error.text)
    return error.exitCode
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  terminal.note(`An error inside Wayward, please report it: ${text}`)
  return exitCodes.bug
}
