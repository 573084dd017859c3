import { connect } from 'node:net'

/**
 * Sends a head, and the body once the server asks for it; gives all that came until the connection
 * ended.
 */
export function exchangeHttp(port: number, head: string, body = ''): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(head))
    let seen = ''
    socket.on('data', (chunk: Buffer) => {
      const wasAsked = seen.includes(' 100 ')
      seen += chunk.toString()
      if (!wasAsked && seen.includes(' 100 ')) socket.write(body)
    })
    socket.on('error', () => resolve(seen)).on('close', () => resolve(seen))
  })
}

/** A request that wants to be asked for its body, and the last of its connection. */
export function expectingHead(method: string, path: string, headers: readonly string[]): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Expect: 100-continue']
  return `${[...lines, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`
}
