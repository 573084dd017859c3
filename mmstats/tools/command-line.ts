// The tools as commands: slurp, poll, clean and mmash read their arguments here, called by their
// old names or as `wayward mmstats <tool>`.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { clean } from './clean.ts'
import { startMmash } from './mmash-server.ts'
import { poll } from './poll.ts'
import { slurp, type ToolOutput } from './slurp.ts'

/** What a tool needs of the process. */
export interface ToolTerminal extends ToolOutput {
  /** Waits; false as soon as the process is asked to stop. */
  wait(milliseconds: number): Promise<boolean>
}

/** A tool. */
export type ToolName = 'slurp' | 'poll' | 'clean' | 'mmash'

interface Tool {
  readonly usage: string
  readonly run: (terminal: ToolTerminal, argv: readonly string[]) => number | Promise<number>
}

/** Exit code of wrong usage. */
const wrongUsage = 2

class UsageError extends Error {}

const tools: Readonly<Record<ToolName, Tool>> = {
  slurp: {
    usage: `[--json] [--label START]… [FILE or PATTERN]…
Prints all fields of stats files.`,
    run: runSlurp,
  },
  poll: {
    usage: `[-c COUNT] [-d SECONDS] [-f KEY or KEY=VALUE]… [-n LINES] [-p PREFIX] [-v]… [--rate] [--json] FIELDS FILE…
Prints, for each of the fields (separated by commas), the sum over the files as its change since the last line.`,
    run: runPoll,
  },
  clean: {
    usage: `[--dry-run] [FILE or PATTERN]…
Removes the stats files of processes that have ended.`,
    run: runClean,
  },
  mmash: {
    usage: `[--port PORT] [--folder FOLDER]
Serves the stats files as JSON and as plots on http://127.0.0.1:5002/.`,
    run: runMmash,
  },
}

/** The names of the tools. */
export const toolNames = Object.keys(tools) as readonly ToolName[]

/** Runs a tool. @returns its exit code */
export async function runTool(
  terminal: ToolTerminal,
  {
    tool,
    name,
    argv,
  }: { readonly tool: ToolName; readonly name: string; readonly argv: readonly string[] },
): Promise<number> {
  const { usage, run } = tools[tool]
  if (argv.includes('-h') || argv.includes('--help')) {
    terminal.write(`Usage: ${name} ${usage}\n`)
    return 0
  }
  try {
    return await run(terminal, argv)
  } catch (error) {
    const isUsage =
      error instanceof UsageError ||
      (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    if (!isUsage) throw error
    terminal.error(`${error instanceof Error ? error.message : ''}\nUsage: ${name} ${usage}\n`)
    return wrongUsage
  }
}

function runSlurp(terminal: ToolTerminal, argv: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: 'boolean' }, label: { type: 'string', multiple: true } },
  })
  return slurp(terminal, {
    files: positionals,
    isJson: values.json === true,
    labels: values.label ?? [],
  })
}

function runPoll(terminal: ToolTerminal, argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      count: { type: 'string', short: 'c' },
      delay: { type: 'string', short: 'd' },
      filter: { type: 'string', short: 'f', multiple: true },
      headers: { type: 'string', short: 'n' },
      prefix: { type: 'string', short: 'p' },
      verbose: { type: 'boolean', short: 'v', multiple: true },
      rate: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  })
  const [fields, ...files] = positionals
  if (fields === undefined || files.length === 0) {
    throw new UsageError('Fields and files are missing')
  }
  const count = values.count === undefined ? undefined : positive('-c', values.count)
  return poll(terminal, {
    fields: fields.split(','),
    files,
    prefix: values.prefix ?? '',
    delaySeconds: positive('-d', values.delay ?? '1'),
    headerLines: positive('-n', values.headers ?? '20'),
    filters: values.filter ?? [],
    verbosity: values.verbose?.length ?? 0,
    isRate: values.rate === true,
    isJson: values.json === true,
    wait: (milliseconds) => terminal.wait(milliseconds),
    ...(count === undefined ? {} : { count }),
  })
}

function runClean(terminal: ToolTerminal, argv: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean' } },
  })
  return clean(terminal, { files: positionals, isDryRun: values['dry-run'] === true })
}

async function runMmash(terminal: ToolTerminal, argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { port: { type: 'string' }, folder: { type: 'string' } },
  })
  const port = Number(values.port ?? 5002)
  if (!(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new UsageError(`The port is "${values.port}"; wanted 0 to 65535`)
  }
  const { folder } = values
  if (folder !== undefined && !existsSync(folder)) {
    throw new UsageError(`The folder is "${folder}"; wanted one that is there`)
  }
  const server = await startMmash({ port, ...(folder === undefined ? {} : { folder }) }).catch(
    (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
      const why = code === 'EACCES' ? 'may not be used' : 'is in use'
      throw new UsageError(`The port ${port} ${why}; wanted another, or 0 for a free one`)
    },
  )
  terminal.write(`mmash is at ${server.url}\n`)
  const hourMs = 3_600_000
  while (await terminal.wait(hourMs)) {
    // Until it is asked to stop.
  }
  await server.close()
  return 0
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new UsageError(`${flag} is "${text}"; wanted a number above 0`)
}
