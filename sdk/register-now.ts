// What `--import @wayward/sdk/register` and `--require @wayward/sdk/register` do: sets up
// OpenTelemetry from the environment and observes the libraries that we know, without a change to
// the application.
import { diag } from '@opentelemetry/api'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { createInstrumentations } from './observe/instrumentations.ts'
import { hookLoader } from './observe/loader-hooks.ts'
import { register } from './registration.ts'

/** When it returns, what is imported or required from then on is observed. */
export function registerNow(): void {
  if (register().status === 'disabled') return
  try {
    const instrumentations = createInstrumentations()
    registerInstrumentations({ instrumentations })
    hookLoader(instrumentations.map(({ library }) => library.name))
  } catch (error) {
    diag.error('Cannot observe libraries; the application goes on without it', error)
  }
}
