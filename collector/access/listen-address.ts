import type { Server } from 'node:net'
import { formatAddress, type ListenAddress } from '@wayward/base'
import { CollectorError } from '../collector-error.ts'

/** Starts to listen and returns the address with its real port. @throws CollectorError */
export function listen(
  server: Server,
  address: ListenAddress,
  flag: string,
): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(toCollectorError(error, address, flag))
    server.once('error', refuse)
    server.listen(address.port, address.host, () => {
      server.off('error', refuse)
      const bound = server.address()
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
      resolve({ host: address.host, port })
    })
  })
}

/**
 * The error of a failed bind, with the cure. @param flag the option that chooses another address
 */
export function toCollectorError(
  cause: Error,
  address: ListenAddress,
  flag: string,
): CollectorError {
  const where = `Cannot listen on ${formatAddress(address)}`
  if (cause.message.includes('EADDRINUSE')) {
    const cure = `the port is in use by another process; stop it or choose another with ${flag}`
    return new CollectorError('port_in_use', `${where}: ${cure}`, { cause })
  }
  return new CollectorError(
    'cannot_listen',
    `${where}: ${cause.message}; choose another address with ${flag}`,
    { cause },
  )
}
