import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Endpoint, SendOutcome } from '@wayward/collector/router/endpoint'
import { makeEndpoint } from '@wayward/collector/router/endpoint-list'
import type { RoutedItem } from '@wayward/collector/router/routed-item'

/** Makes an endpoint of settings. */
export function createEndpoint(settings: {
  readonly type: string
  readonly [key: string]: unknown
}): Endpoint {
  return makeEndpoint('test', settings, '').endpoint
}

/** Sends items, and gives up after some seconds. */
export async function send(endpoint: Endpoint, items: readonly RoutedItem[]): Promise<SendOutcome> {
  return await endpoint.send(items, AbortSignal.timeout(5_000))
}

/** A socket that keeps the datagrams it gets. */
export async function startUdp(): Promise<{
  readonly port: number
  readonly datagrams: string[]
  readonly close: () => void
}> {
  const socket: Socket = createSocket('udp4')
  const datagrams: string[] = []
  socket.on('message', (bytes) => datagrams.push(bytes.toString()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, datagrams, close: () => socket.close() }
}
