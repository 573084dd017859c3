import { diag, ProxyTracerProvider, trace } from '@opentelemetry/api'
import { getReporterWithCore } from './global-reporter.ts'
import { currentRegistration, failed, idle, install } from './install.ts'
import { setLogLevel } from './process/diagnostics.ts'
import { isSdkDisabled } from './process/environment.ts'
import type { Registration, RegisterOptions } from './register-options.ts'

/**
 * Sets up OpenTelemetry to report to a Wayward collector: tracer provider, logger provider, context
 * manager and propagators. The standard `OTEL_…` variables keep their meaning. It never throws and
 * never replaces a provider that is registered already.
 * @example
 * const registration = register({ serviceName: 'shop' })
 * await registration.shutdown()
 */
export function register(options: RegisterOptions = {}): Registration {
  try {
    return tryRegister(options)
  } catch (error) {
    diag.error('Cannot register the Wayward SDK; the application goes on without it', error)
    return idle('failed', [`Cannot register the Wayward SDK: ${String(error)}`])
  }
}

function tryRegister(options: RegisterOptions): Registration {
  setLogLevel()
  if (isSdkDisabled()) {
    getReporterWithCore().shutdown()
    return idle('disabled')
  }
  const ours = currentRegistration()
  if (ours?.isShutDown === true) {
    return failed([
      'Cannot register the Wayward SDK again after shutdown(): OpenTelemetry keeps the providers that ' +
        'were shut down. Call shutdown() only where the process ends; forceFlush() sends what has ended',
    ])
  }
  if (ours !== undefined) {
    diag.warn('Cannot register the Wayward SDK twice: the first registration stays')
    return delegateTo(ours.registration)
  }
  const foreign = foreignProviders()
  if (foreign.length > 0) {
    for (const problem of foreign) diag.warn(problem)
    return idle('already_registered', foreign)
  }
  return install(options)
}

/** Whose providers are there already, and what to do about it. */
function foreignProviders(): string[] {
  const found: string[] = []
  const provider = trace.getTracerProvider()
  if (
    !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegateTracer('@wayward/sdk') !== undefined
  ) {
    found.push('tracer')
  }
  return found.map(
    (what) =>
      `Cannot register the Wayward SDK: a ${what} provider is registered already, and stays. ` +
      'Reports go to it. Give it an exporter to the collector, or call register() before it is set up; ' +
      'see docs/sdk.md',
  )
}

/** The handle of a second `register()`: it stands for the first. */
function delegateTo(ours: Registration): Registration {
  return {
    ...idle('already_registered'),
    get droppedCount() {
      return ours.droppedCount
    },
    get thinnedCount() {
      return ours.thinnedCount
    },
    get recordedCount() {
      return ours.recordedCount
    },
    control: (detail) => ours.control(detail),
    forceFlush: (options) => ours.forceFlush(options),
    shutdown: () => ours.shutdown(),
  }
}
