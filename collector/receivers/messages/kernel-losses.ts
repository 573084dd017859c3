// What the kernel dropped because a socket's buffer was full: it counts that in /proc/net/udp, and
// says nothing to the program.
//
//   sl  local_address rem_address st tx_queue:rx_queue … inode ref pointer drops
import { readFileSync } from 'node:fs'

/** Datagrams that the kernel dropped of the sockets on a port; undefined where it does not say. */
export function readKernelLosses(port: number): number | undefined {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  let drops: number | undefined
  for (const path of ['/proc/self/net/udp', '/proc/self/net/udp6']) {
    for (const row of readRows(path)) {
      const parts = row.trim().split(/\s+/)
      if (parts[1]?.endsWith(wanted) !== true) continue
      drops = (drops ?? 0) + Number(parts.at(-1))
    }
  }
  return drops
}

function readRows(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1)
  } catch {
    // Not Linux, or no IPv6: nothing is known.
    return []
  }
}
