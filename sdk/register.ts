// For `node --import @wayward/sdk/register app.js`: sets up OpenTelemetry from the environment and observes
// the libraries that we know, without a change to the application.
import { register as registerHooks } from 'node:module'
import { diag } from '@opentelemetry/api'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { AsyncMutexInstrumentation, PQueueInstrumentation } from './observe/instrumentations.ts'
import { register } from './registration.ts'

const registration = register()
if (registration.status !== 'disabled') {
  try {
    // Limited to the modules that we observe: the hook would wrap every module otherwise.
    registerHooks('@opentelemetry/instrumentation/hook.mjs', import.meta.url, {
      data: { include: ['async-mutex', 'p-queue'] },
    })
    registerInstrumentations({
      instrumentations: [new AsyncMutexInstrumentation(), new PQueueInstrumentation()],
    })
  } catch (error) {
    diag.error('Cannot observe libraries; the application goes on without it', error)
  }
}
