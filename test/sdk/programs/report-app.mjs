// Reports a little and comes to its end without a shutdown.
import { register } from '@wayward/sdk'

const registration = register({ serviceName: process.env.TEST_SERVICE_NAME })
const { reporter } = registration
await reporter.zone('work', async () => reporter.log({ body: 'working' }))
console.log(JSON.stringify({ status: registration.status }))
