// `wayward bench metlog`: floods a receiver of Metlog with datagrams, as `mb` of the original did.
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { hostname } from 'node:os'
import { CommandError, exitCodes } from '../command-error.ts'
import type { benchMetlogFields } from '../configuration/bench-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { Interrupted, type Terminal } from '../terminal.ts'

/** More are not handed to the system at once. */
const underWayMax = 2_000

/** Sends so many datagrams per second for so long, and says how many went out. */
export async function benchMetlog(
  terminal: Terminal,
  values: Resolved<typeof benchMetlogFields>,
): Promise<void> {
  const { address, bytes, duration, rate } = values
  const datagram = messageOf(bytes)
  const socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4')
  socket.on('error', () => undefined)
  const interruption = terminal.catchSignals()
  try {
    await connect(socket, address)
    const { failed, ms, sent } = await flood(socket, { datagram, rate, duration, interruption })
    const perSecond = Math.round((sent / ms) * 1_000)
    await terminal.write(
      `Sent ${sent} datagrams of ${datagram.byteLength} bytes in ${(ms / 1_000).toFixed(1)} s ` +
        `(${perSecond}/s); the system refused ${failed}.\n` +
        'What arrived: wayward_messages_total and wayward_refused_messages_total on /metrics.\n',
    )
  } finally {
    socket.close()
  }
  if (interruption.aborted) throw new Interrupted()
}

function messageOf(bytes: number): Buffer {
  const message = {
    type: 'MBTEST',
    timestamp: new Date().toISOString(),
    env_version: '0.8',
    logger: 'bench',
    severity: 6,
    fields: { name: 'flood', rate: 1 },
    metlog_pid: process.pid,
    metlog_hostname: hostname(),
    payload: '',
  }
  const bare = Buffer.byteLength(JSON.stringify(message))
  return Buffer.from(JSON.stringify({ ...message, payload: 'x'.repeat(Math.max(0, bytes - bare)) }))
}

async function connect(
  socket: Socket,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.connect(port, host, (error?: Error) => {
      if (error === undefined) resolve()
      else reject(new CommandError(exitCodes.usage, `Cannot send to "${host}": ${error.message}`))
    })
  })
}

interface Flood {
  readonly datagram: Buffer
  /** Datagrams per second. */
  readonly rate: number
  /** In milliseconds. */
  readonly duration: number
  readonly interruption: AbortSignal
}

async function flood(
  socket: Socket,
  { datagram, duration, interruption, rate }: Flood,
): Promise<{ readonly sent: number; readonly failed: number; readonly ms: number }> {
  let begun = 0
  const count = { sent: 0, failed: 0, underWay: 0 }
  const onSent = (error: Error | null): void => {
    count.underWay--
    if (error === null) count.sent++
    else count.failed++
  }
  const startMs = performance.now()
  const spentMs = (): number => performance.now() - startMs
  while (spentMs() < duration && !interruption.aborted) {
    const owed = (spentMs() * rate) / 1_000
    while (begun < owed && count.underWay < underWayMax) {
      begun++
      count.underWay++
      socket.send(datagram, onSent)
    }
    if (begun < owed) await turn()
    else await sleep(1)
  }
  while (count.underWay > 0) await turn()
  return { sent: count.sent, failed: count.failed, ms: spentMs() }
}
