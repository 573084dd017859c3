// Four worker threads that report at the same time, inherit --import, and come to their end without
// a shutdown.
import { isMainThread, Worker } from 'node:worker_threads'
import { Mutex } from 'async-mutex'

if (isMainThread) {
  const workers = Array.from({ length: 4 }, () => new Worker(new URL(import.meta.url)))
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))))
}
const mutex = new Mutex()
for (let index = 0; index < 300; index++) await mutex.runExclusive(() => index)
