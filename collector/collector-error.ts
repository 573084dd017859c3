/**
 * Why a collector cannot start.
 *
 * - `port_in_use`: another process listens there.
 * - `cannot_listen`: the address does not exist on this machine, or may not be used.
 * - `not_loopback`: the address would be open to other machines.
 */
export type CollectorErrorCode = 'port_in_use' | 'cannot_listen' | 'not_loopback'

export class CollectorError extends Error {
  readonly code: CollectorErrorCode

  constructor(code: CollectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CollectorError'
    this.code = code
  }
}
