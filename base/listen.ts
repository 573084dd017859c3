import type { Server } from 'node:net'
import { formatAddress, type ListenAddress } from './address.ts'

/** Why an address cannot be listened on. */
export type ListenErrorCode = 'port_in_use' | 'cannot_listen'

/** An address cannot be listened on. The cure is for those to say who know the setting. */
export class ListenError extends Error {
  readonly code: ListenErrorCode

  constructor(code: ListenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ListenError'
    this.code = code
  }
}

/** Starts to listen. @returns the address with its real port @throws ListenError */
export function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(toListenError(error, address))
    server.once('error', refuse)
    server.listen(address.port, address.host, () => {
      server.off('error', refuse)
      // From now on an error of the listening socket concerns single connections (too many open
      // files): the others go on, and the client sees its connection refused.
      server.on('error', () => undefined)
      const bound = server.address()
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
      resolve({ host: address.host, port })
    })
  })
}

function toListenError(cause: Error, address: ListenAddress): ListenError {
  const where = `Cannot listen on ${formatAddress(address)}`
  if ('code' in cause && cause.code === 'EADDRINUSE') {
    const message = `${where}: the port is in use by another process`
    return new ListenError('port_in_use', message, { cause })
  }
  return new ListenError('cannot_listen', `${where}: ${cause.message}`, { cause })
}
