/** What is known of a connection here. */
interface Connection {
  destroy(): void
  once(event: 'close', listener: () => void): unknown
}

/**
 * Keeps the connections of a listener below a bound. Where one too many comes, the one goes whose
 * client has been silent the longest; so clients that open connections and say nothing cannot keep
 * others out.
 */
export interface ConnectionLimit<C extends Connection> {
  /** A connection was opened. */
  add(connection: C): void
  /** A request on it was answered: of those that owe us something, it is now the last to go. */
  touch(connection: C): void
  /** It counts no more, though it stays open. */
  remove(connection: C): void
  readonly connections: Iterable<C>
  /** Connections that count. */
  readonly size: number
  /** Connections that had to go since the start, because one too many came. */
  readonly endedCount: number
}

/**
 * @param isOwedAnswer whether a request has arrived wholly and is not answered yet; such a
 * connection stays
 */
export function createConnectionLimit<C extends Connection>(
  connectionsMax: number,
  isOwedAnswer: (connection: C) => boolean,
): ConnectionLimit<C> {
  // A set keeps the order of insertion.
  const connections = new Set<C>()
  let endedCount = 0

  function mostSilent(): C | undefined {
    for (const connection of connections) if (!isOwedAnswer(connection)) return connection
    return undefined
  }

  return {
    connections,
    get size() {
      return connections.size
    },
    get endedCount() {
      return endedCount
    },
    add(connection) {
      if (connections.size >= connectionsMax) {
        endedCount++
        const leaving = mostSilent()
        if (leaving === undefined) return connection.destroy()
        connections.delete(leaving)
        leaving.destroy()
      }
      connections.add(connection)
      connection.once('close', () => connections.delete(connection))
    },
    touch(connection) {
      if (connections.delete(connection)) connections.add(connection)
    },
    remove(connection) {
      connections.delete(connection)
    },
  }
}
