import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Tls } from './tls.ts'

/** An HTTP/1.1 server, with TLS where there is any. */
export function createServer(options: ServerOptions, tls: Tls | undefined): Server {
  if (tls === undefined) return createHttpServer(options)
  const server = createHttpsServer({ ...options, ...tls.options })
  tls.serve(server)
  return server
}
