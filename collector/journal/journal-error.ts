/**
 * Why a journal cannot be opened.
 *
 * - `journal_in_use`: another living process has the folder.
 * - `journal_unusable`: the folder cannot be made, read or written.
 */
export type JournalErrorCode = 'journal_in_use' | 'journal_unusable'

/** A journal's folder cannot be used. */
export class JournalError extends Error {
  readonly code: JournalErrorCode

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'JournalError'
    this.code = code
  }
}
