// What `--import @wayward/sdk/register` and `--require @wayward/sdk/register` do: sets up
// OpenTelemetry from the environment and observes the libraries that we know, without a change to
// the application.
import { diag } from '@opentelemetry/api'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { createInstrumentations } from './observe/instrumentations.ts'
import { hookLoader } from './observe/loader-hooks.ts'
import { register } from './registration.ts'

/** When it returns, what is imported or required from then on is observed. */
export function registerNow({ isRequired = false } = {}): void {
  if (register().status === 'disabled') return
  try {
    const instrumentations = createInstrumentations()
    registerInstrumentations({ instrumentations })
    const hook = (): void => hookLoader(instrumentations.map(({ library }) => library.name))
    // What Node itself requires for `--eval`, the hooks of Node 24 and 26 cannot load.
    if (isRequired && process.argv[1] === undefined) setImmediate(hook)
    else hook()
  } catch (error) {
    diag.error('Cannot observe libraries; the application goes on without it', error)
  }
}
