import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Access, Authorization, ConnectionAccess } from './access.ts'

/** Checks the requests of an HTTP/1.1 server; what is known of a connection is kept with it. */
export function createHttpAccess(access: Access): (request: IncomingMessage) => Authorization {
  const connections = new WeakMap<Socket, ConnectionAccess>()
  return ({ socket, headers }) => {
    let connection = connections.get(socket)
    if (connection === undefined) {
      connection = access.forConnection(socket)
      connections.set(socket, connection)
    }
    return connection.authorize(headers.authorization)
  }
}
