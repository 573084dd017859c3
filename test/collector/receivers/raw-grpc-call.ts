import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { exportPaths } from '@wayward/collector/receivers/otlp-grpc'

/** Opens a call by hand, to send what no client would, and returns its headers and trailers. */
export async function rawCall(
  port: number,
  headers: Readonly<Record<string, string>>,
  write: (stream: ClientHttp2Stream) => void,
): Promise<Record<string, unknown>> {
  const session = openSession(port)
  const seen = await callOver(session, headers, write)
  session.destroy()
  return seen
}

export function openSession(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  return session
}

/** A call over a connection that is open. */
export async function callOver(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string>>,
  write: (stream: ClientHttp2Stream) => void,
): Promise<Record<string, unknown>> {
  const stream = session.request({
    ':method': 'POST',
    ':path': exportPaths.traces,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  const seen: Record<string, unknown> = {}
  stream.on('response', (received) => Object.assign(seen, received))
  stream.on('trailers', (received) => Object.assign(seen, received))
  stream.on('error', () => undefined)
  stream.resume()
  write(stream)
  await new Promise((resolve) => stream.on('close', resolve))
  return seen
}

/** A message with gRPC's prefix. */
export function frame(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(flag)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
