// Spans from the main thread and from a worker thread that has the SDK of its own.
import { isMainThread, Worker } from 'node:worker_threads'
import { register } from '@wayward/sdk'

const registration = register()
registration.reporter
  .lock({ name: isMainThread ? 'main' : 'worker' })
  .request()
  .granted()
  .released()
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url))
  await new Promise((resolve) => worker.once('exit', resolve))
}
await registration.shutdown()
