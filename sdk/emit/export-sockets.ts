// The sockets that exports open, so that none of them holds a process that has nothing else to do.
// gRPC's client lets go of a connection that is made and idle, but not of one that is being made:
// where a collector takes the connection and says nothing in the TLS handshake, a process would
// never end. Node publishes each client socket that is made; ours are those that are made while an
// export is under way, in its context.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { type Context, context, createContextKey } from '@opentelemetry/api'

/** The sockets of the exports of a process. */
export interface ExportSockets {
  /** The context that an export is made in. */
  within(outer: Context): Context
  /** Breaks off all connections, those that are being made included. */
  abandon(): void
}

const channel = 'net.client.socket'
const exportKey = createContextKey('wayward.export')
/**
 * A connection that takes longer to be made is given up: until it is made, it holds the process.
 */
const connectMsMax = 10_000

export function watchExportSockets(): ExportSockets {
  const open = new Set<Socket>()
  const onSocket = (message: unknown): void => {
    if (context.active().getValue(exportKey) !== open) return
    const { socket } = message as { readonly socket: Socket }
    open.add(socket)
    // Takes effect when it is connected.
    socket.unref()
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection in ${connectMsMax} ms`))
    }, connectMsMax)
    timer.unref()
    socket.once('connect', () => clearTimeout(timer))
    socket.once('close', () => {
      clearTimeout(timer)
      open.delete(socket)
    })
  }
  subscribe(channel, onSocket)
  return {
    within: (outer) => outer.setValue(exportKey, open),
    abandon() {
      unsubscribe(channel, onSocket)
      for (const socket of open) socket.destroy()
    },
  }
}
