// What a command may touch of the process it runs in.
import { CommandError, exitCodes } from './command-error.ts'
import { createStyle, type Style } from '@wayward/analyzers/report/style'
import { visible } from '@wayward/analyzers/report/table'

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Width of tables. */
  readonly width: number
  readonly style: Style
  /** Whether a person looks at the standard output. */
  readonly isInteractive: boolean
  /** Lines of the screen, where there is one. */
  readonly height: number | undefined
  /** The standard input to its end; undefined if it is a person who was not asked for anything. */
  read(): Promise<string | undefined>
  /** Writes to the standard output. @throws OutputClosed if nobody reads it any more (`| head`) */
  write(text: string | Uint8Array): Promise<void>
  /**
   * Writes to the standard error output: what is not part of the answer. What would steer the
   * screen is shown as a sign.
   */
  note(text: string): void
  /** What is being waited for, in one line that the next one replaces; nothing if empty. */
  progress(text: string): void
  /**
   * For a command that must clean up after itself: from now on signals do not end the process but
   * abort what is returned. Called once.
   *
   * @param onHangUp called at SIGHUP in its place, unless a terminal has gone with it
   */
  catchSignals(onHangUp?: () => void): AbortSignal
}

/** The reader of the output has gone; the command ends silently. */
export class OutputClosed extends Error {
  constructor() {
    super('The reader of the output has gone')
    this.name = 'OutputClosed'
  }
}

/** A caught signal. */
export class Interrupted extends Error {
  constructor() {
    super('Interrupted')
    this.name = 'Interrupted'
  }

  /** Never resolves; rejects when the signal fires. */
  static async promise(signal: AbortSignal): Promise<never> {
    return await new Promise<never>((_, reject) => {
      if (signal.aborted) reject(new Interrupted())
      signal.addEventListener('abort', () => reject(new Interrupted()), { once: true })
    })
  }
}

/** Where there is no terminal: wide enough for the tables of the analyzers. */
const widthWithoutTerminal = 120
const widthMin = 40

export interface TerminalSettings {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly catchSignals: (onHangUp?: () => void) => AbortSignal
}

export function createTerminal(settings: TerminalSettings): Terminal {
  const { stdin, stdout, stderr, env } = settings
  let isClosed = false
  // Without listeners a broken pipe would end the process with a stack trace.
  stdout.on('error', () => {
    isClosed = true
  })
  stderr.on('error', () => {
    // Nobody is left to be told.
  })
  const noColor = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== ''
  const isColoured = stdout.isTTY && !noColor && env['TERM'] !== 'dumb'
  return {
    env,
    cwd: settings.cwd,
    width: Math.max(widthMin, terminalWidth(stdout, env)),
    style: createStyle(isColoured),
    isInteractive: stdout.isTTY,
    height: stdout.isTTY && stdout.rows > 0 ? stdout.rows : undefined,
    catchSignals: settings.catchSignals,
    async read() {
      if (stdin.isTTY) return undefined
      const chunks: Buffer[] = []
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
      return Buffer.concat(chunks).toString()
    },
    async write(text) {
      if (isClosed) throw new OutputClosed()
      await new Promise<void>((resolve, reject) => {
        stdout.write(text, (error) => {
          if (error === null || error === undefined) resolve()
          else if ('code' in error && error.code === 'EPIPE') reject(new OutputClosed())
          else reject(outputError(error))
        })
      })
    },
    note(text) {
      // Names of others are in it.
      stderr.write(`${text.split('\n').map(visible).join('\n')}\n`)
    },
    progress(text) {
      // Logs and files keep every line: there is none for them.
      if (stderr.isTTY && env['TERM'] !== 'dumb') stderr.write(`\r\u001b[K${text}`)
    },
  }
}

/** A full disk behind `> file` is nothing that we could have done better. */
function outputError(error: Error): CommandError {
  const code = 'code' in error ? String(error.code) : error.message
  const reason = code === 'ENOSPC' ? 'the disk is full (ENOSPC)' : code
  return new CommandError(
    exitCodes.output,
    `Cannot write the answer to the standard output: ${reason}; what was written so far is not whole`,
    { cause: error },
  )
}

function terminalWidth(
  stdout: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): number {
  if (stdout.isTTY && stdout.columns > 0) return stdout.columns
  const columns = Number(env['COLUMNS'])
  return Number.isInteger(columns) && columns > 0 ? columns : widthWithoutTerminal
}
