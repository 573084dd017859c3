// Clients by name: an application asks for its client where it needs it, and whoever configures it
// does so once.
import { createMetlogClient, type MetlogClient } from './metlog-client.ts'

/** Keeps clients by name; the first becomes the default. */
export interface ClientHolder {
  /** The client of this name, made inert, with the name as its logger, where there is none. */
  client(name?: string): MetlogClient
  set(name: string, client: MetlogClient): void
  delete(name: string): void
  /** Says whose client is the default. */
  setDefaultName(name: string): void
  /** What holds for the whole process. */
  readonly global: GlobalConfig
}

/** What holds for all clients. */
export interface GlobalConfig {
  /** Names of decorators that do nothing: `timeit`, `incrCount`, `captureStack`. */
  disabledDecorators: readonly string[]
  [name: string]: unknown
}

/** Makes a holder. Most programs use the process's own, {@linkcode metlogClient}. */
export function createClientHolder(): ClientHolder {
  const clients = new Map<string, MetlogClient>()
  let defaultName: string | undefined
  const holder: ClientHolder = {
    global: { disabledDecorators: [] },
    client(name = defaultName ?? '') {
      const known = clients.get(name)
      if (known !== undefined) return known
      const made = createMetlogClient({ logger: name })
      holder.set(name, made)
      return made
    },
    set(name, client) {
      clients.set(name, client)
      defaultName ??= name
    },
    delete(name) {
      clients.delete(name)
      if (defaultName === name) defaultName = clients.keys().next().value
    },
    setDefaultName(name) {
      defaultName = name
    },
  }
  return holder
}

// The original's one global thing: decorators stand where no client can be handed to them.
let processHolder: ClientHolder | undefined

/** The process's holder. */
export function clientHolder(): ClientHolder {
  processHolder ??= createClientHolder()
  return processHolder
}

/** The process's client of this name, or its default client. */
export function metlogClient(name?: string): MetlogClient {
  return clientHolder().client(name)
}
