// A connection over which lines or datagrams go: UDP, TCP or TLS. It is made when the first batch
// comes, and again after it broke.
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, isIP, isIPv6, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { SettingReader } from './router-settings.ts'

/** How lines go. */
export const lineProtocols = ['udp', 'tcp', 'tls'] as const
/** How lines go. */
export type LineProtocol = (typeof lineProtocols)[number]

/** Where they go. */
export interface LineTarget {
  readonly protocol: LineProtocol
  readonly host: string
  readonly port: number
  /** PEM of authorities; those of the system without it. */
  readonly ca?: string
}

/** A connection. */
export interface LineConnection {
  /** Sends pieces: a datagram each, or one after the other. Rejects where it broke. */
  send(pieces: readonly string[], signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Reads `address`, `protocol` and `ca`. @throws RouterError */
export function readTarget(
  settings: SettingReader,
  address: string,
  byDefault: LineProtocol,
): LineTarget {
  const protocol = settings.choice('protocol', lineProtocols, byDefault)
  const path = settings.text('ca', '')
  const target = { protocol, ...settings.address('address', address) }
  if (path === '') return target
  try {
    return { ...target, ca: readFileSync(path, 'utf8') }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return settings.refuse('ca', `cannot be read: ${why}`)
  }
}

/** What fits into a frame of Ethernet. */
const datagramBytesMax = 1_400

/** Puts lines together to datagrams. */
export function toDatagrams(lines: readonly string[]): string[] {
  const datagrams: string[] = []
  let datagram = ''
  for (const line of lines) {
    if (datagram !== '' && datagram.length + line.length + 1 > datagramBytesMax) {
      datagrams.push(datagram)
      datagram = ''
    }
    datagram += datagram === '' ? line : `\n${line}`
  }
  return datagram === '' ? datagrams : [...datagrams, datagram]
}

/** Makes a connection; it connects when it is used. */
export function createLineConnection(target: LineTarget): LineConnection {
  return target.protocol === 'udp' ? new UdpConnection(target) : new TcpConnection(target)
}

class UdpConnection implements LineConnection {
  readonly #target: LineTarget
  #socket: UdpSocket | undefined

  constructor(target: LineTarget) {
    this.#target = target
  }

  async send(pieces: readonly string[]): Promise<void> {
    const { host, port } = this.#target
    if (this.#socket === undefined) {
      this.#socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      // Where nobody listens: datagrams promise nothing.
      this.#socket.on('error', () => undefined)
      this.#socket.unref()
    }
    const socket = this.#socket
    for (const piece of pieces) {
      await new Promise<void>((resolve, reject) => {
        socket.send(piece, port, host, (error) => (error === null ? resolve() : reject(error)))
      })
    }
  }

  async close(): Promise<void> {
    this.#socket?.close()
    this.#socket = undefined
    await Promise.resolve()
  }
}

class TcpConnection implements LineConnection {
  readonly #target: LineTarget
  #socket: Socket | undefined

  constructor(target: LineTarget) {
    this.#target = target
  }

  async send(pieces: readonly string[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const socket = this.#socket ?? (await this.#connect(signal))
    this.#socket = socket
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error | null): void => {
        socket.off('close', onClose)
        signal.removeEventListener('abort', onAbort)
        if (error === undefined || error === null) resolve()
        else reject(error)
      }
      const onClose = (): void => end(new Error('The connection was closed'))
      const onAbort = (): void => {
        end(new Error('The receiver did not take it in time'))
        // What was written half cannot be taken back.
        socket.destroy()
      }
      socket.once('close', onClose)
      signal.addEventListener('abort', onAbort, { once: true })
      socket.write(pieces.join(''), end)
    })
  }

  async close(): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) return
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      socket.end(() => socket.destroy())
    })
  }

  #connect(signal: AbortSignal): Promise<Socket> {
    const { ca, host, port, protocol } = this.#target
    // An address is no name that a certificate could be asked for by.
    const name = isIP(host) === 0 ? { servername: host } : {}
    const trust = ca === undefined ? {} : { ca }
    return new Promise((resolve, reject) => {
      const socket: Socket =
        protocol === 'tls'
          ? connectTls({ host, port, ...name, ...trust })
          : connectTcp({ host, port })
      const onAbort = (): void => {
        socket.destroy(new Error('It was not connected in time'))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      socket.setNoDelay(true)
      socket.once(protocol === 'tls' ? 'secureConnect' : 'connect', () => {
        signal.removeEventListener('abort', onAbort)
        resolve(socket)
      })
      socket.on('error', reject)
      // Answers are not asked for; a buffer that nobody reads would hold the connection up.
      socket.resume()
      socket.on('close', () => {
        if (this.#socket === socket) this.#socket = undefined
      })
    })
  }
}
