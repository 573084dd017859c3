// Takes two locks in one order 20,000 times, and once the other way round.
import { register } from '@wayward/sdk'

const registration = register({ snapshots: { intervalMs: 0 } })
const { reporter } = registration
const accounts = reporter.lock({ name: 'accounts' })
const orders = reporter.lock({ name: 'orders' })
const gate = reporter.lock({ name: 'gate' })
const audit = reporter.lock({ name: 'audit' })
const stock = reporter.lock({ name: 'stock' })

async function nest(first, second) {
  const outer = first.acquired()
  await Promise.resolve()
  second.acquired().released()
  outer.released()
}

/** Both orders, and never at a time: another lock is held besides. */
async function nestBehindGate(first, second) {
  const guard = gate.acquired()
  await Promise.resolve()
  await nest(first, second)
  guard.released()
}

async function placeOrder() {
  for (let index = 0; index < 20_000; index++) {
    await nest(accounts, orders)
    if (index % 1000 === 0) await registration.forceFlush()
  }
}

await reporter.task('placing', placeOrder)
await reporter.task('auditing', () => nest(orders, accounts))
for (const pair of [
  [audit, stock],
  [stock, audit],
]) {
  await reporter.task('checking', () => nestBehindGate(...pair))
}
await registration.shutdown()
console.log(registration.thinnedCount)
