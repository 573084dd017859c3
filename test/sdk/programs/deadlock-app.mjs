// Two branches that take two locks in opposite order, and a timer that keeps the process alive for
// a while.
import { Mutex } from 'async-mutex'

const a = new Mutex()
const b = new Mutex()
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
async function both(first, second) {
  await first.acquire()
  await sleep(5)
  await second.acquire()
}
void Promise.all([both(a, b), both(b, a)])
await sleep(2500)
