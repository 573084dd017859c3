// Records with a flight recorder, and ends as it is told to.
import { setTimeout as sleep } from 'node:timers/promises'
import { register } from '@wayward/sdk'

const registration = register({
  serviceName: 'flown',
  recorder: true,
  flightRecorder: process.env.TEST_FOLDER,
})
const { reporter } = registration
const inventory = reporter.lock({ name: 'inventory' })
const orders = reporter.lock({ name: 'orders' })
const mails = reporter.queue({ name: 'mails' })

async function placeOrder() {
  inventory.acquired()
  await Promise.resolve()
  orders.acquired().released()
}

await reporter.task('placing', placeOrder)
mails.enqueued({ name: 'welcome' }).dequeued()
reporter.task('waiting', () => inventory.request())
if (process.env.TEST_END === 'shutdown') {
  await registration.shutdown()
} else {
  // The file is told that the process lives, also where it is written now and then.
  await sleep(1500)
  console.log('recorded')
  setInterval(() => undefined, 1000)
}
