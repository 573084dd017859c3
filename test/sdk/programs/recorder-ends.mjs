// Records a little, and ends as it is told to.
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { register } from '@wayward/sdk'

const end = process.env.TEST_END
const workers = []
if (end === 'once') {
  // Not there any more while it runs; and the end takes a while.
  process.once('SIGTERM', () => setTimeout(() => process.exit(7), 100))
}
if (end === 'looker first') lookOn()
process.on('worker', (worker) => workers.push(worker))
const registration = register({
  recorder: true,
  snapshots: { intervalMs: 100, thresholdMs: 100 },
  // Ten thousand events take longer than two seconds on a machine that is busy.
  ...(process.env.TEST_END === 'open' ? { exitFlushMsMax: 60_000 } : {}),
})
const { reporter } = registration
const lock = reporter.lock({ name: 'last words' })
const stuck = reporter.lock({ name: 'stuck' })

const ends = {
  nothing: () => undefined,
  exit: () => process.exit(3),
  throw() {
    throw new Error('mine')
  },
  reject: () => void Promise.reject(new Error('mine')),
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  SIGINT: () => process.kill(process.pid, 'SIGINT'),
  handler() {
    process.on('SIGTERM', () => process.exit(7))
    process.kill(process.pid, 'SIGTERM')
  },
  once: () => process.kill(process.pid, 'SIGTERM'),
  'looker first': () => process.kill(process.pid, 'SIGTERM'),
  'looker later'() {
    lookOn()
    process.kill(process.pid, 'SIGTERM')
  },
  loop() {
    stuck.acquired()
    for (;;);
  },
  wait() {
    stuck.acquired()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  },
  async flood() {
    const count = Number(process.env.TEST_COUNT)
    for (let index = 0; index < count; index++) lock.acquired().released()
    await sleep(100)
  },
  async open() {
    const requests = Array.from({ length: 12_000 }, () => stuck.request())
    await sleep(400)
    for (const request of requests) request.cancelled()
  },
  async bereft() {
    for (let time = 0; time < 3; time++) {
      await workers.at(-1).terminate()
      lock.acquired().released()
      await registration.forceFlush()
    }
    console.error(`${workers.length} workers, ${registration.droppedCount} lost`)
  },
  async afterwards() {
    const run = (name) =>
      new Worker(
        `import('@wayward/sdk').then(async ({ register }) => {
          const { forceFlush, reporter } = register({ recorder: true })
          reporter.lock({ name: '${name}' }).acquired().released()
          await forceFlush()
        })`,
        { eval: true },
      )
    await registration.shutdown()
    await new Promise((resolve) => run('of a worker afterwards').once('exit', resolve))
  },
  async terminate() {
    const worker = new Worker(
      `import('@wayward/sdk').then(({ register }) => {
        register({ recorder: true }).reporter.lock({ name: 'of the worker' }).acquired()
        require('node:worker_threads').parentPort.postMessage('holds')
        setTimeout(() => { for (;;); }, 10)
      })`,
      { eval: true },
    )
    await new Promise((resolve) => worker.once('message', resolve))
    await sleep(600)
    await worker.terminate()
    await sleep(2500)
  },
}

// Whoever sends it is there by now: a machine that does much else takes its time for that.
reporter.lock({ name: 'first words' }).acquired().released()
await registration.forceFlush()
lock.acquired().released()
// Something that keeps the process alive until a signal comes.
if (/^(?:SIG|handler|once|looker)/.test(end)) setInterval(() => undefined, 1000)
await ends[end]()

/** As the package signal-exit does, which many others bring: it ends the process if it is alone. */
function lookOn() {
  const emitter = { count: 1 }
  globalThis[Symbol.for('signal-exit emitter')] = emitter
  const onSignal = (signal) => {
    if (process.listeners(signal).length !== emitter.count) return
    process.off(signal, onSignal)
    process.kill(process.pid, signal)
  }
  process.on('SIGTERM', onSignal)
}
