// For `node --import @wayward/sdk/register app.js`: sets up OpenTelemetry from the environment and observes
// the libraries that we know, without a change to the application.
import { diag } from '@opentelemetry/api'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { AsyncMutexInstrumentation, PQueueInstrumentation } from './observe/instrumentations.ts'
import { hookLoader } from './observe/loader-hooks.ts'
import { register } from './registration.ts'

const registration = register()
if (registration.status !== 'disabled') {
  try {
    await hookLoader(['async-mutex', 'p-queue'])
    registerInstrumentations({
      instrumentations: [new AsyncMutexInstrumentation(), new PQueueInstrumentation()],
    })
  } catch (error) {
    diag.error('Cannot observe libraries; the application goes on without it', error)
  }
}
