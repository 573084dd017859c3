// Addresses of listeners, and which of them only this machine can reach.
import { BlockList, isIP } from 'node:net'

/** Where to listen. Port 0 picks a free one. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** The address as a person writes it; IPv6 in brackets. */
export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')
// The same addresses as IPv6 writes those of IPv4.
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6')

/**
 * Whether only this machine can reach a host: an IP address of the loopback network, or `localhost`
 * and the names below it, which never leave the machine (RFC 6761, 6.3). Nothing is looked up: any
 * other name may lead anywhere.
 *
 * @param host an IP address without brackets, or a name
 */
export function isLoopbackHost(host: string): boolean {
  const family = isIP(host)
  if (family !== 0) return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
  return /^(?:[a-z0-9-]+\.)*localhost\.?$/i.test(host)
}

/**
 * Whether a request that names a host may be answered by a listener on loopback. A page in a
 * person's browser can give its own name the address of this machine (DNS rebinding); the browser
 * then sends the page's name as Host, and no IP address. So addresses are taken, and names of this
 * machine only.
 *
 * @param hostHeader the request's Host; without one nobody was misled
 * @param listenHost what the listener was told to listen on
 */
export function isHostServed(hostHeader: string | undefined, listenHost: string): boolean {
  if (hostHeader === undefined) return true
  const name = hostHeader.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  // The cheapest first: it is asked for every request.
  if (isIP(name) !== 0 || name.toLowerCase() === listenHost.toLowerCase()) return true
  return isLoopbackHost(name) || !isLoopbackHost(listenHost)
}
