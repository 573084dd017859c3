// Statistics of the process as metlog-psutils sends them, a message of type `procinfo` for each
// value: connections, I/O, processor, memory, threads, and how busy it is. What /proc has is there
// on Linux.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { MetlogClient } from '../client/metlog-client.ts'

/** Which groups are sent. */
export interface ProcinfoOptions {
  /** Connections by local address and state. @default false */
  readonly net?: boolean
  /** @default false */
  readonly io?: boolean
  /** @default false */
  readonly cpu?: boolean
  /** @default false */
  readonly mem?: boolean
  /** @default false */
  readonly threads?: boolean
  /** @default false */
  readonly busy?: boolean
}

/** Sends statistics of this process: the method `procinfo`. */
export type Procinfo = (client: MetlogClient, options?: ProcinfoOptions) => void

type Group = 'net' | 'io' | 'cpu' | 'meminfo' | 'thread' | 'busy'
type Values = Readonly<Record<string, number>>

/** Makes the method `procinfo({ cpu: true, … })`. */
export function createProcinfo(): Procinfo {
  const host = hostname()
  return (client, { busy, cpu, io, mem, net, threads } = {}) => {
    const send = (group: Group, values: Values): void => {
      const logger = `psutil.${group}.${host}.${process.pid}`
      for (const [name, value] of Object.entries(values)) {
        client.metlog('procinfo', { payload: value, fields: { logger, name, rate: 1 } })
      }
    }
    if (net === true) send('net', readConnections())
    if (io === true) send('io', readIo())
    if (cpu === true) send('cpu', readCpu())
    if (mem === true) send('meminfo', readMemory())
    if (threads === true) send('thread', readThreads())
    if (busy === true) send('busy', readBusy())
  }
}

function readIo(): Values {
  const text = readText('/proc/self/io')
  const value = (key: string): number => Number(new RegExp(`^${key}: (\\d+)`, 'm').exec(text)?.[1])
  return known({
    read_bytes: value('read_bytes'),
    write_bytes: value('write_bytes'),
    read_count: value('syscr'),
    write_count: value('syscw'),
  })
}

function readCpu(): Values {
  const { system, user } = process.cpuUsage()
  return { user: user / 1e6, sys: system / 1e6 }
}

function readMemory(): Values {
  const { rss } = process.memoryUsage()
  const kibibytes = (path: string, key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readText(path))?.[1]) * 1024
  const total = kibibytes('/proc/meminfo', 'MemTotal')
  return known({ pcnt: (rss / total) * 100, rss, vms: kibibytes('/proc/self/status', 'VmSize') })
}

/** Ticks a second; Linux has 100 on every machine that Node.js runs on. */
const ticksPerSecond = 100

function readThreads(): Values {
  const values: Record<string, number> = {}
  for (const id of list('/proc/self/task')) {
    // After the name, which may hold anything, up to the last bracket.
    const text = readText(`/proc/self/task/${id}/stat`)
    const parts = text.slice(text.lastIndexOf(')') + 2).split(' ')
    values[`${id}.user`] = Number(parts[11]) / ticksPerSecond
    values[`${id}.sys`] = Number(parts[12]) / ticksPerSecond
  }
  return known(values)
}

function readBusy(): Values {
  const { system, user } = process.cpuUsage()
  const total = (system + user) / 1e6
  const uptime = process.uptime()
  return { total_cpu: total, uptime, pcnt: (total / uptime) * 100 }
}

const tcpStates: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
}

/** Counts this process's TCP connections by `address:port.STATE`. */
function readConnections(): Values {
  const own = new Set(list('/proc/self/fd').map((fd) => socketOf(fd)))
  const counts: Record<string, number> = {}
  for (const [path, width] of [
    ['/proc/self/net/tcp', 8],
    ['/proc/self/net/tcp6', 32],
  ] as const) {
    for (const row of readText(path).split('\n').slice(1)) {
      const [, local = '', , state = '', , , , , , inode = ''] = row.trim().split(/\s+/)
      if (!own.has(inode)) continue
      const [address = '', port = ''] = local.split(':')
      const shown = width === 8 ? toIpv4(address) : address.toLowerCase()
      const key = `${shown}:${Number.parseInt(port, 16)}.${tcpStates[state] ?? state}`
      counts[key] = (counts[key] ?? 0) + 1
    }
  }
  return counts
}

function toIpv4(hex: string): string {
  const bytes = hex.match(/../g) ?? []
  return bytes
    .toReversed()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

function socketOf(fd: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? ''
  } catch {
    // Closed meanwhile.
    return ''
  }
}

function known(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not on this system, or ended meanwhile: what it would have said is left out.
    return ''
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    // As above.
    return []
  }
}
