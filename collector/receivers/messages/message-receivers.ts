// The receivers of small messages that are switched on.
import type { ListenAddress } from '@wayward/base'
import { messageListeners, type MessageSetting } from '../../listeners.ts'
import type { Receiver, ReceiverParts } from '../receiver.ts'
import { createDatagramServer, type DatagramServerParts } from './datagram-server.ts'
import { createMessageIntake } from './message-intake.ts'
import { createSenderCheck, type MessageSettings } from './message-settings.ts'
import { createMetlogDecoder, isRefused } from './metlog-decoder.ts'
import { createStatsdReader } from './statsd-lines.ts'
import { readSyslog } from './syslog-message.ts'
import { createSyslogTcpServer } from './syslog-tcp.ts'
import { createZeroMqServer } from './zeromq-server.ts'

/** A receiver, and where it is to listen. */
export interface MessageReceiver {
  readonly setting: MessageSetting
  readonly address: ListenAddress
  readonly receiver: Receiver
}

type OnDatagram = DatagramServerParts['onDatagram']
type Reading = Pick<DatagramServerParts, 'intake' | 'time'>

interface MessageReceiverMaker {
  readonly make: (parts: DatagramServerParts) => Receiver
  readonly reader: (reading: Reading, settings: MessageSettings) => OnDatagram
}

/** The makers, by the setting of their address. */
const makers: Readonly<Record<MessageSetting, MessageReceiverMaker>> = {
  metlogUdp: { make: createDatagramServer, reader: metlogReader },
  metlogZmqSub: {
    make: (parts) => createZeroMqServer('sub', parts),
    reader: metlogReader,
  },
  metlogZmqPull: {
    make: (parts) => createZeroMqServer('pull', parts),
    reader: metlogReader,
  },
  metlogZmqHandshake: {
    make: (parts) => createZeroMqServer('handshake', parts),
    reader: metlogReader,
  },
  statsd: { make: createDatagramServer, reader: statsdReader },
  syslogUdp: { make: createDatagramServer, reader: syslogReader },
  syslogTcp: { make: createSyslogTcpServer, reader: syslogReader },
}

/** Makes those that have an address; none listens yet. */
export function createMessageReceivers(
  settings: MessageSettings,
  parts: ReceiverParts,
): readonly MessageReceiver[] {
  const maySend = createSenderCheck(settings.allowedSenders ?? [])
  return (Object.keys(makers) as readonly MessageSetting[]).flatMap((setting) => {
    const address = settings.addresses[setting]
    if (address === undefined) return []
    const receiver = messageListeners[setting].label
    const intake = createMessageIntake(receiver, parts)
    const { make, reader } = makers[setting]
    const onDatagram = reader({ intake, time: parts.time }, settings)
    return [
      { setting, address, receiver: make({ ...parts, receiver, intake, maySend, onDatagram }) },
    ]
  })
}

function metlogReader({ intake }: Reading, { keys }: MessageSettings): OnDatagram {
  const decode = createMetlogDecoder(keys)
  return (bytes, address) => {
    const read = decode(bytes)
    if (isRefused(read)) intake.refuse(read, address, bytes.length)
    else intake.take(read, address)
  }
}

function statsdReader({ intake }: Reading): OnDatagram {
  const read = createStatsdReader()
  return (bytes, address) => {
    for (const line of bytes.toString('utf8').split('\n')) {
      if (line === '') continue
      const messages = read(line)
      if ('reason' in messages) intake.refuse(messages, address, line.length)
      else for (const message of messages) intake.take(message, address)
    }
  }
}

function syslogReader({ intake, time }: Reading): OnDatagram {
  return (bytes, address) => {
    const read = readSyslog(trimmed(bytes).toString('utf8'), time.wallMs())
    if (isRefused(read)) intake.refuse(read, address, bytes.length)
    else intake.take(read, address)
  }
}

/** Without the line ends and zero bytes that some programs end a datagram with. */
function trimmed(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0)) end--
  return bytes.subarray(0, end)
}
