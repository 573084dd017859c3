/**
 * Why a collector cannot start.
 *
 * - `port_in_use`: another process listens there.
 * - `cannot_listen`: the address does not exist on this machine, or may not be used.
 * - `unprotected`: the address would be open to other machines, and anybody could send.
 * - `bad_certificate`, `bad_token_file`, `bad_origin`: the settings about who may send cannot be
 *   used.
 * - `bad_sender`: a sender that may send is no address.
 * - `bad_limit`: limits that together let nothing through.
 */
export type CollectorErrorCode =
  | 'port_in_use'
  | 'cannot_listen'
  | 'unprotected'
  | 'bad_certificate'
  | 'bad_token_file'
  | 'bad_origin'
  | 'bad_sender'
  | 'bad_limit'

/** A collector cannot start as it is set up. */
export class CollectorError extends Error {
  readonly code: CollectorErrorCode
  /** The setting that it is about, such as `otlpGrpc`, where another value of it is the cure. */
  readonly setting: string | undefined

  constructor(
    code: CollectorErrorCode,
    message: string,
    options?: ErrorOptions & { readonly setting?: string },
  ) {
    super(message, options)
    this.name = 'CollectorError'
    this.code = code
    this.setting = options?.setting
  }
}
