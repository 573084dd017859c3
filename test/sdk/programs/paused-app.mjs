// A run of a job is due while the event loop is blocked and garbage is collected.
// Run with --expose-gc.
import { setTimeout as sleep } from 'node:timers/promises'
import { register } from '@wayward/sdk'

const registration = register({ serviceName: process.env.TEST_SERVICE_NAME })
const { reporter } = registration
const job = reporter.job({ name: 'invoices' })
// The watch begins with the first turn of its timer.
await sleep(200)
const kept = Array.from({ length: 1_000_000 }, (_, index) => ({ index, text: `item ${index}` }))
const dueTimeNs = BigInt(Date.now()) * 1_000_000n
const due = performance.now()
setTimeout(async () => {
  const run = job.start({ dueTimeNs, trigger: 'cron' })
  await run.run(() => sleep(10))
  run.ended('success')
  await sleep(200)
  await registration.shutdown()
  console.log(JSON.stringify({ kept: kept.length }))
}, 20)
for (let collections = 0; collections < 3; collections++) globalThis.gc()
while (performance.now() - due < 2_500) Math.sqrt(performance.now())
