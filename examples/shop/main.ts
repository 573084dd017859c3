// A small shop that misbehaves on purpose. It is open for a few seconds, reports to a Wayward
// collector (OTEL_EXPORTER_OTLP_ENDPOINT, http://127.0.0.1:4317 by default), and prints what it
// measured for itself.
import { observeAsyncMutex, observePQueue, register } from '@wayward/sdk'
import * as asyncMutex from 'async-mutex'
import PQueue from 'p-queue'
import { runJobs } from './jobs.ts'
import { createFacts } from './measurements.ts'
import { startServer } from './server.ts'
import { runVisitors } from './visitors.ts'
import { createWarehouse } from './warehouse.ts'

const openMs = 4500
const seed = Number(process.env['SHOP_SEED'] ?? 1)

// The two lines that it takes to see the locks and queues, and the one that sets up OpenTelemetry.
const registration = register({ serviceName: 'shop' })
observeAsyncMutex(asyncMutex)
observePQueue(PQueue)

const facts = createFacts()
const warehouse = createWarehouse(facts)
const server = await startServer(warehouse, registration.reporter)
await Promise.all([runVisitors(server.url, openMs, seed), runJobs(registration.reporter, facts)])
await warehouse.whenIdle()
await server.close()
await registration.shutdown()
process.stdout.write(`${JSON.stringify({ session: registration.sessionId, ...facts }, null, 2)}\n`)
