// Exit codes are part of the command's interface: scripts and CI act on them.

/** What the command's exit code means. */
export const exitCodes = {
  done: 0,
  findings: 1,
  usage: 2,
  store: 3,
  bug: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** An error that the person at the keyboard can act on: printed without a stack trace. */
export class CommandError extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}
