// Publishes its state, counts, and hangs in a piece of work.
import { metrics } from '@opentelemetry/api'
import { register } from '@wayward/sdk'

const { reporter, status, problems } = register({ serviceName: 'shop', mmstats: true })
const meter = metrics.getMeter('app')
const orders = meter.createCounter('orders')
orders.add(2, { shop: 'north', lane: 'a "b"' })
orders.add(1.5, { lane: 'a "b"', shop: 'north' })
orders.add(0.5, { shop: 'north', lane: 'a "b"' })
const seconds = meter.createHistogram('seconds')
for (const value of [0.5, 0.25, 2]) seconds.record(value)
meter.createUpDownCounter('stock').add(-4)
meter.createGauge('level').record(0.75)
meter.createObservableCounter('total').addCallback((result) => result.observe(40))
reporter.zone('tidy up', () => undefined)
const lock = reporter.lock({ name: 'inventory' })
lock.request().granted()
setTimeout(() => {
  reporter.zone('resize image', () => {
    console.log(JSON.stringify({ status, problems }))
    for (;;);
  })
}, 2500)
