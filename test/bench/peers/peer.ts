/** A running collector, ours or another. */
export interface Peer {
  readonly pid: number
  shutdown(): Promise<void>
  kill(): Promise<void>
}

/** What a collector is started with. */
export interface PeerSettings {
  /** For its own files. */
  readonly folder: string
  /** Where it takes OTLP/gRPC, on loopback. */
  readonly port: number
  /** The HTTP address of the ClickHouse that it inserts into, and an account that may write. */
  readonly clickhouse: string
  readonly user: string
  readonly password: string
}

/** A collector under one of its settings. */
export interface Contender {
  readonly name: string
  /** The table with its spans, with the database. */
  readonly table: string
  start(settings: PeerSettings): Promise<Peer>
}
