// Exit codes are part of the command's interface: scripts and CI act on them.

/** What the command's exit code means. */
export const exitCodes = {
  done: 0,
  findings: 1,
  changes: 1,
  usage: 2,
  store: 3,
  output: 4,
  bug: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The pages that say more about a cure, in docs/. */
export const docsPages = [
  'configuration.md',
  'control.md',
  'flight-recorder.md',
  'journal-format.md',
  'jobs.md',
  'live.md',
  'metlog.md',
  'router.md',
  'query.md',
  'send-data.md',
  'server.md',
  'security.md',
  'sessions.md',
] as const

export interface CommandErrorOptions {
  readonly cause?: unknown
  /** Where the cure is explained. */
  readonly page?: (typeof docsPages)[number]
}

/** An error that the person at the keyboard can act on: printed without a stack trace. */
export class CommandError extends Error {
  readonly exitCode: ExitCode
  readonly page: CommandErrorOptions['page']

  constructor(exitCode: ExitCode, message: string, options: CommandErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.name = 'CommandError'
    this.exitCode = exitCode
    this.page = options.page
  }

  /** The message with its page, for people. */
  get text(): string {
    return this.page === undefined ? this.message : `${this.message} (see docs/${this.page})`
  }
}
