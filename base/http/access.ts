// Who may ask, as a door sees it. What is asked for (tokens, certificates) is for others to say.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** May a request be served, and who is it from? */
export type Authorization =
  | {
      readonly status: 'allowed'
      /**
       * The name of the token, else of the client certificate; empty where nothing is asked for.
       */
      readonly identity: string
    }
  | {
      readonly status: 'refused'
      /** For the sender; says what is missing, never what there is. */
      readonly message: string
      /** For `WWW-Authenticate`; empty where no header would help. */
      readonly challenge: string
    }

/** The check of every request of one connection. */
export interface ConnectionAccess {
  /** @param authorization the request's Authorization header */
  authorize(authorization: string | undefined): Authorization
}

/** The check of every connection. */
export interface Access {
  /** Whether anything is asked for. */
  readonly isRestricted: boolean
  /** To be called once per connection, after the TLS handshake. */
  forConnection(socket: Socket): ConnectionAccess
}

const open: ConnectionAccess = { authorize: () => ({ status: 'allowed', identity: '' }) }

/** Asks for nothing. */
export const openAccess: Access = { isRestricted: false, forConnection: () => open }

/** Checks the requests of a server; what is known of a connection is kept with it. */
export function createRequestAccess(access: Access): (request: IncomingMessage) => Authorization {
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
