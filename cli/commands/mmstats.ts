// `wayward mmstats <tool>`: the tools for stats files, and `watch`, which sends them on as OTLP.
import {
  createStatsWatch,
  type SendOutcome,
} from '@wayward/collector/receivers/mmstats/stats-watch'
import { runTool, toolNames, type ToolTerminal } from '@wayward/mmstats/tools/command-line'
import { parseArgs } from 'node:util'
import { CommandError, type ExitCode, exitCodes } from '../command-error.ts'
import { otlpUrl, postOtlp } from '../otlp-sender.ts'
import { Interrupted, type Terminal } from '../terminal.ts'

export interface MmstatsCommand {
  readonly tool: string
  readonly argv: readonly string[]
  /** How the person called us. */
  readonly name: string
}

const sendTimeoutMs = 10_000

export async function mmstats(
  terminal: Terminal,
  { tool, argv, name }: MmstatsCommand,
): Promise<ExitCode> {
  if (tool === 'watch') return await watch(terminal, argv, name)
  const known = toolNames.find((one) => one === tool)
  if (known === undefined) {
    const names = [...toolNames, 'watch'].join(', ')
    throw new CommandError(exitCodes.usage, `Unknown tool "${tool}"; wanted one of ${names}`)
  }
  const { toolTerminal, written } = createToolTerminal(terminal)
  const full = `${name} mmstats ${known}`
  const code = await runTool(toolTerminal, { tool: known, name: full, argv })
  await written()
  return code === 0 ? exitCodes.done : code === 1 ? exitCodes.findings : exitCodes.usage
}

/** The tools write without waiting; what went wrong with that is said at the end. */
function createToolTerminal(terminal: Terminal): {
  readonly toolTerminal: ToolTerminal
  readonly written: () => Promise<void>
} {
  let writing = Promise.resolve()
  let failure: unknown
  let signal: AbortSignal | undefined
  const toolTerminal: ToolTerminal = {
    write: (text) => {
      writing = writing
        .then(() => terminal.write(text))
        .catch((error: unknown) => {
          failure ??= error
        })
    },
    error: (text) => terminal.note(text.trimEnd()),
    wait: async (milliseconds) => {
      signal ??= terminal.catchSignals()
      await writing
      return failure === undefined && !(await sleepUntil(signal, milliseconds))
    },
  }
  return {
    toolTerminal,
    written: async () => {
      await writing
      if (failure !== undefined) throw failure
    },
  }
}

/** @returns whether the signal came before the time */
function sleepUntil(signal: AbortSignal, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(true)
      return
    }
    const end = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve(false)
    }, milliseconds)
    signal.addEventListener('abort', end, { once: true })
  })
}

async function watch(terminal: Terminal, argv: readonly string[], name: string): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    await terminal.write(`Usage: ${name} mmstats watch ${watchUsage}\n`)
    return exitCodes.done
  }
  const { endpoint, seconds, globs, headers, isOnce } = readWatchArguments(argv)
  const files = createStatsWatch(
    { globs, intervalMs: seconds * 1000 },
    {
      send: (signal, body) => post(terminal, otlpUrl(endpoint, signal), headers, body),
      tell: (message, path) => terminal.note(`${path}: ${message}`),
      wallMs: Date.now,
    },
  )
  if (isOnce) {
    await files.readOnce()
    await files.shutdown()
    return exitCodes.done
  }
  files.start()
  try {
    await Interrupted.promise(terminal.catchSignals())
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
  } finally {
    await files.shutdown()
  }
  return exitCodes.done
}

const watchUsage =
  '[--endpoint URL] [--interval SECONDS] [--header NAME=VALUE]… [--once] FILE or PATTERN…'

interface WatchArguments {
  readonly endpoint: URL
  readonly seconds: number
  readonly headers: Readonly<Record<string, string>>
  readonly globs: readonly string[]
  readonly isOnce: boolean
}

function readWatchArguments(argv: readonly string[]): WatchArguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        endpoint: { type: 'string', default: 'http://127.0.0.1:4318' },
        interval: { type: 'string', default: '10' },
        header: { type: 'string', multiple: true, default: [] },
        once: { type: 'boolean', default: false },
      },
    })
    const seconds = Number(values.interval)
    if (!(seconds > 0))
      throw new Error(`--interval is "${values.interval}"; wanted seconds above 0`)
    if (positionals.length === 0) throw new Error('Files or patterns are missing')
    const headers = values.header.map((header) => {
      const at = header.indexOf('=')
      return [header.slice(0, at), header.slice(at + 1)]
    })
    return {
      endpoint: new URL(values.endpoint),
      seconds,
      globs: positionals,
      headers: Object.fromEntries(headers) as Readonly<Record<string, string>>,
      isOnce: values.once,
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new CommandError(exitCodes.usage, `${text}\nUsage: mmstats watch ${watchUsage}`)
  }
}

/** Sends a request. */
async function post(
  terminal: Terminal,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<SendOutcome> {
  const outcome = await postOtlp(url, {
    headers: { ...headers, 'content-type': 'application/x-protobuf' },
    body: Uint8Array.from(body),
    timeoutMs: sendTimeoutMs,
  })
  if (outcome.status === 'sent') return { status: 'taken' }
  if (outcome.status === 'refused') return { status: 'refused', message: outcome.message }
  terminal.note(outcome.message)
  return { status: 'unavailable' }
}
