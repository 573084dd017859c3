// What goes wrong with a stats file.

/** Why a stats file cannot be made, extended or read; `code` says which. */
export class StatsFileError extends Error {
  override readonly name = 'StatsFileError'
  /** `unusable`, `out-of-space`, `name-collision` or `removed`, or the system's code. */
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** The system's code and words of an error, such as `EACCES: permission denied`. */
export function systemError(error: unknown): { readonly code: string; readonly text: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const text = error instanceof Error ? error.message : String(error)
  return { code, text: text.replace(/, \w+( '.*)?$/, '') }
}
