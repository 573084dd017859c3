// Two tasks that take two locks in opposite order, and wait for each other until the process is
// ended. Tells when that began.
import { setTimeout as sleep } from 'node:timers/promises'
import { Mutex } from 'async-mutex'

const a = new Mutex()
const b = new Mutex()
async function both(first, second) {
  await first.acquire()
  await sleep(5)
  await second.acquire()
}
void Promise.all([both(a, b), both(b, a)])
await sleep(20)
console.log(Date.now())
await sleep(600_000)
