// An application that knows nothing of Wayward.
const { E_TIMEOUT, Mutex, Semaphore, withTimeout } = require('async-mutex')

async function main() {
  const mutex = new Mutex()
  const semaphore = new Semaphore(2)
  const release = await mutex.acquire()
  await withTimeout(mutex, 5)
    .acquire()
    .catch((error) => {
      if (error !== E_TIMEOUT) throw error
    })
  release()
  await mutex.runExclusive(() => semaphore.runExclusive(() => 1))
}

void main()
