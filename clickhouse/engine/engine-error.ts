/** Why the engine could not start. */
export type EngineErrorCode =
  | 'data_dir_in_use'
  | 'data_dir_unwritable'
  | 'disk_full'
  | 'port_in_use'
  | 'address_unavailable'
  | 'platform_package_missing'
  | 'not_built'
  | 'start_failed'

const codes: ReadonlySet<string> = new Set<EngineErrorCode>([
  'data_dir_in_use',
  'data_dir_unwritable',
  'disk_full',
  'port_in_use',
  'address_unavailable',
  'platform_package_missing',
  'not_built',
  'start_failed',
])

/** The embedded engine cannot start; the message says what to do about it. */
export class EngineError extends Error {
  readonly code: EngineErrorCode

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EngineError'
    this.code = code
  }
}

/** Reads a code that came over the channel between the processes. */
export function engineErrorCode(text: string): EngineErrorCode {
  return codes.has(text) ? (text as EngineErrorCode) : 'start_failed'
}
