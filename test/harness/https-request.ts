import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { CertificateFiles } from './certificates.ts'

/** An answer, read wholly. */
export interface HttpsAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The common name of the server's certificate. */
  readonly server: string
}

export interface HttpsRequest {
  readonly ca: string
  readonly client?: CertificateFiles
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly agent?: Agent
}

/** One request over TLS; on a connection of its own unless there is an agent. */
export function requestHttps(
  port: number,
  path: string,
  { ca, client, method = 'GET', headers = {}, body, agent }: HttpsRequest,
): Promise<HttpsAnswer> {
  const identity =
    client === undefined ? {} : { cert: readFileSync(client.cert), key: readFileSync(client.key) }
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers,
        ca: readFileSync(ca),
        agent: agent ?? false,
        ...identity,
      },
      (response) => {
        const server = serverName(response.socket)
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
            server,
          }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

function serverName(socket: Socket): string {
  if (!(socket instanceof TLSSocket)) return ''
  // Empty on a resumed session in TLS 1.2 and where the connection is used again.
  const subject = socket.getPeerCertificate().subject as { readonly CN?: string } | undefined
  return subject?.CN ?? ''
}
