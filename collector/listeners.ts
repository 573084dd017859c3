// Where the collector listens, declared once: settings, protection, the greeting, the file of
// endpoints and the words of metrics follow from this list. A receiver has a line here, and its
// maker in receivers/list.ts.
import type { ListenAddress } from '@wayward/base'

/** A listener. */
export interface ListenerDeclaration {
  /** What a person calls it. */
  readonly title: string
  /** What it is for, for the setting of its address. */
  readonly text: string
  readonly defaultAddress: string
  /** Its name in metrics and in the ledger. */
  readonly label: string
  /**
   * Whether its address has a scheme only with TLS, as exporters over gRPC take it. @default false
   */
  readonly isBareWithoutTls?: boolean
}

/** Those that take what is reported. */
export const receiverListeners = {
  otlpGrpc: {
    title: 'OTLP/gRPC',
    text: 'Where applications report over OTLP/gRPC',
    defaultAddress: '127.0.0.1:4317',
    label: 'otlp_grpc',
    isBareWithoutTls: true,
  },
  otlpHttp: {
    title: 'OTLP/HTTP',
    text: 'Where applications report over OTLP/HTTP',
    defaultAddress: '127.0.0.1:4318',
    label: 'otlp_http',
  },
} as const satisfies Readonly<Record<string, ListenerDeclaration>>

/** A listener of small messages: off without an address. */
export interface MessageListenerDeclaration extends Omit<ListenerDeclaration, 'defaultAddress'> {
  /** Where such listeners usually are. */
  readonly usualAddress: string
  /** Whether the protocol tells who sends. */
  readonly isSenderKnown: boolean
}

/** Those that take small messages: Metlog's, and those of statsd and syslog. */
export const messageListeners = {
  metlogUdp: {
    title: 'Metlog/UDP',
    text: 'Where Metlog messages come over UDP',
    usualAddress: '127.0.0.1:5565',
    label: 'metlog_udp',
    isSenderKnown: true,
  },
  metlogZmqSub: {
    title: 'Metlog/ZeroMQ SUB',
    text: 'Where publishers of Metlog messages connect to over ZeroMQ',
    usualAddress: '127.0.0.1:5566',
    label: 'metlog_zmq_sub',
    isSenderKnown: false,
  },
  metlogZmqPull: {
    title: 'Metlog/ZeroMQ PULL',
    text: 'Where clients push Metlog messages over ZeroMQ',
    usualAddress: '127.0.0.1:5567',
    label: 'metlog_zmq_pull',
    isSenderKnown: false,
  },
  metlogZmqHandshake: {
    title: 'Metlog/ZeroMQ handshake',
    text: 'Where clients of Metlog ask over ZeroMQ whether somebody is there',
    usualAddress: '127.0.0.1:5180',
    label: 'metlog_zmq_handshake',
    isSenderKnown: false,
  },
  statsd: {
    title: 'statsd',
    text: 'Where datagrams of statsd and DogStatsD come',
    usualAddress: '127.0.0.1:8125',
    label: 'statsd',
    isSenderKnown: true,
  },
  syslogUdp: {
    title: 'syslog/UDP',
    text: 'Where syslog (RFC 5424 and 3164) comes over UDP',
    usualAddress: '127.0.0.1:5514',
    label: 'syslog_udp',
    isSenderKnown: true,
  },
  syslogTcp: {
    title: 'syslog/TCP',
    text: 'Where syslog comes over TCP, with TLS where the other listeners have it',
    usualAddress: '127.0.0.1:6514',
    label: 'syslog_tcp',
    isSenderKnown: true,
  },
} as const satisfies Readonly<Record<string, MessageListenerDeclaration>>

/** The setting of the address of a receiver of messages. */
export type MessageSetting = keyof typeof messageListeners
/** How the receiver of `POST /metlog` is called, which shares the listener of OTLP/HTTP. */
export const metlogHttpReceiver = 'metlog_http'
/** How a receiver of messages is called in metrics and in the ledger. */
export type MessageReceiverName =
  | (typeof messageListeners)[MessageSetting]['label']
  | typeof metlogHttpReceiver

/** How the receiver is called that reads files and does not listen. */
export const statsReceiver = 'mmstats'
/** How the receiver of job runs is called, which shares the listeners of the API and OTLP/HTTP. */
export const jobsReceiver = 'jobs'

/** How what the service says of itself is called, such as what it has found. */
export const ownReceiver = 'own'

/** How the receiver of archives of sessions is called, which shares the listener of the API. */
export const archiveReceiver = 'archive'

/** All listeners. */
export const listeners = {
  ...receiverListeners,
  api: {
    title: 'Health',
    text: 'Where /healthz, /readyz, /metrics and the API (/api/…) are',
    defaultAddress: '127.0.0.1:4320',
    label: 'api',
  },
} as const satisfies Readonly<Record<string, ListenerDeclaration>>

/** The setting of a receiver's address. */
export type ReceiverSetting = keyof typeof receiverListeners
/** The setting of a listener's address. */
export type ListenerSetting = keyof typeof listeners
/** How a receiver is called in metrics and in the ledger. */
export type ReceiverName =
  | (typeof receiverListeners)[ReceiverSetting]['label']
  | typeof statsReceiver
  | typeof jobsReceiver
  | typeof ownReceiver
  | typeof archiveReceiver
  | MessageReceiverName
/** How a listener is called there. */
export type ListenerName = (typeof listeners)[ListenerSetting]['label']

/** Where each listens. */
export type ListenAddresses = Readonly<Record<ListenerSetting, ListenAddress>>

/** The settings of all listeners, in the order of the list. */
export const listenerSettings = Object.keys(listeners) as readonly ListenerSetting[]
