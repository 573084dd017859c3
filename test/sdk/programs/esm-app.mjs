// An application that knows nothing of Wayward.
import { E_TIMEOUT, Mutex, withTimeout } from 'async-mutex'
import PQueue from 'p-queue'

const mutex = new Mutex()
const queue = new PQueue({ concurrency: 1 })
const release = await mutex.acquire()
await withTimeout(mutex, 5)
  .acquire()
  .catch((error) => {
    if (error !== E_TIMEOUT) throw error
  })
release()
await queue.add(() => mutex.runExclusive(() => 1))
