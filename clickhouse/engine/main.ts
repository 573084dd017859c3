// The engine's process: hosts chDB and serves it over HTTP. It is started by engine.ts and lives as
// long as the channel to its parent. chDB may be used by one thread of one process only, and when
// it crashes it takes its process with it.

import { ListenError } from '@wayward/base'
import { hostname } from 'node:os'
import { loadChdb } from './chdb.ts'
import type { ChildMessage, ChildSettings, ParentMessage } from './child-message.ts'
import { openDataDir } from './data-dir.ts'
import { createDatabase } from './database.ts'
import { repairDeduplicationLogs } from './deduplication-log.ts'
import { EngineError } from './engine-error.ts'
import { createHttpInterface } from './http-interface.ts'
import { createInsertSync } from './insert-sync.ts'
import { createInsertFiles } from './insert-files.ts'
import { createPartCleanup } from './part-cleanup.ts'
import { createQueryHandler } from './query-handler.ts'

interface Service {
  readonly port: number
  shutdown(deadlineMs: number): Promise<void>
}

const orphanDeadlineMs = 2000
const terminatedDeadlineMs = 4000
/** Left for closing the store after the running statements were stopped. */
const stopGraceMs = 500

let service: Promise<Service> | undefined
let isEnding = false

// Ctrl-C in a terminal reaches every process of the group; the parent decides when this one goes.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => void end(terminatedDeadlineMs))
process.on('disconnect', () => void end(orphanDeadlineMs))
process.on('message', (message: ParentMessage) => {
  if (message.kind === 'shutdown') void end(message.deadlineMs)
  else if (service === undefined) {
    service = startService(message.settings)
    service.then(({ port }) => send({ kind: 'ready', port }), fail)
  }
})

async function startService(settings: ChildSettings): Promise<Service> {
  const { dataDir, limits } = settings
  const chdb = loadChdb()
  const { storePath, temporaryPath, first } = openDataDir(chdb, dataDir, settings)
  const database = await createDatabase(chdb, first, storePath)
  const repair = await repairDeduplicationLogs(database, storePath)
  if (repair.records > 0) {
    send({
      kind: 'log',
      level: 'warn',
      message: 'Forgot blocks that were announced but not stored when the engine ended',
      fields: { ...repair },
    })
  }
  const insertFiles = createInsertFiles(dataDir, temporaryPath, limits.insertBytesMax)
  const identity = {
    version: database.version,
    timezone: database.timezone,
    displayName: hostname(),
  }
  const insertSync = settings.isDurable ? createInsertSync(storePath) : undefined
  const handler = createQueryHandler({ database, insertFiles, insertSync, limits, identity })
  const { host, writerToken } = settings
  const door = createHttpInterface({ writerToken, limits, identity, handler })
  const cleanup = createPartCleanup(database, limits.cleanupIntervalMs, (error) =>
    send({ kind: 'log', level: 'warn', message: `Cannot delete old parts: ${String(error)}` }),
  )
  const { port } = await door.start({ host, port: settings.port }).catch((error: unknown) => {
    insertFiles.clear()
    throw engineErrorFrom(error, host, settings.port)
  })
  cleanup.start()
  return {
    port,
    async shutdown(deadlineMs) {
      const drained = door.shutdown(Math.max(0, deadlineMs - stopGraceMs))
      await cleanup.shutdown()
      await drained
      handler.stopAll()
      // A closed socket does not mean that its statement has stopped, and the store must not close
      // under it.
      while (handler.running > 0) await new Promise((resolve) => setTimeout(resolve, 10))
      await handler.close()
      insertFiles.clear()
      await database.close()
    },
  }
}

/** Says what to do where the engine cannot listen. */
function engineErrorFrom(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof ListenError)) return error
  if (error.code === 'port_in_use') {
    return new EngineError(
      'port_in_use',
      `The port ${port} on ${host} is in use by another program: stop it, or choose another port (0 picks a free one)`,
      { cause: error },
    )
  }
  return new EngineError(
    'address_unavailable',
    `${error.message}: choose an address of this machine and a port that this user may open`,
    { cause: error },
  )
}

async function end(deadlineMs: number): Promise<void> {
  if (isEnding) return
  isEnding = true
  // Whatever hangs, the process ends.
  setTimeout(() => process.exit(1), deadlineMs + stopGraceMs).unref()
  const running = await service?.catch(() => undefined)
  await running?.shutdown(deadlineMs).catch((error: unknown) => {
    send({ kind: 'log', level: 'error', message: `Cannot shut down cleanly: ${String(error)}` })
  })
  process.exit(0)
}

function fail(error: unknown): void {
  const message: ChildMessage =
    error instanceof EngineError
      ? { kind: 'failed', code: error.code, message: error.message }
      : {
          kind: 'failed',
          code: 'start_failed',
          message: `Cannot start the engine: ${String(error)}`,
        }
  if (process.send === undefined) process.exit(1)
  process.send(message, () => process.exit(1))
}

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message)
}
