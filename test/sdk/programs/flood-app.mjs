// More spans at once than the queue holds.
import { register } from '@wayward/sdk'

const registration = register()
const lock = registration.reporter.lock({ name: 'hot' })
for (let index = 0; index < 1000; index++) lock.request().granted().released()
await registration.shutdown()
console.log(JSON.stringify({ dropped: registration.droppedCount }))
