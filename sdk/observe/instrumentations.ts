import {
  InstrumentationBase,
  type InstrumentationConfig,
  InstrumentationNodeModuleDefinition,
} from '@opentelemetry/instrumentation'
import type { Reporter, ReporterWithCore } from '../reporter.ts'
import { getReporterWithCore } from '../global-reporter.ts'
import {
  type AsyncMutexModule,
  type AsyncMutexObservation,
  patchAsyncMutex,
} from './async-mutex.ts'
import { type PQueueClass, patchPQueue } from './p-queue.ts'

/** What may be set of Wayward's instrumentations, besides OpenTelemetry's own. */
export interface WaywardInstrumentationConfig extends InstrumentationConfig {
  /** The reporter to report to; the process's own by default. */
  readonly reporter?: Reporter
}

/** An observation that can be ended. */
export interface Observation {
  /** Restores the library as it was. */
  disable(): void
}

const scopeName = '@wayward/sdk'
const scopeVersion = '0.1.0'

/**
 * Observes async-mutex 0.5, both its ES and its CommonJS form: every acquisition of a Mutex or
 * Semaphore, `withTimeout` and `tryAcquire` included. For `registerInstrumentations`.
 */
export class AsyncMutexInstrumentation extends InstrumentationBase<WaywardInstrumentationConfig> {
  constructor(config: WaywardInstrumentationConfig = {}) {
    super(scopeName, scopeVersion, config)
  }

  protected override init(): InstrumentationNodeModuleDefinition {
    // OpenTelemetry remembers one module per definition; a process can load both forms.
    const modules = new Map<AsyncMutexExports, AsyncMutexObservation | undefined>()
    const observe = (module: AsyncMutexExports): object => {
      const target = module.Semaphore === undefined ? module.default : module
      const made = target && patchAsyncMutex(coreOf(this.getConfig().reporter), target)
      if (made === undefined) {
        this._diag.warn('Cannot observe async-mutex: it is not of the form of version 0.5')
        return module
      }
      modules.set(module, made)
      return withFunctions(module, made)
    }
    return new InstrumentationNodeModuleDefinition(
      'async-mutex',
      ['>=0.5.0 <0.6.0'],
      (module: AsyncMutexExports) => {
        for (const [known, made] of modules) {
          if (made === undefined && known !== module) observe(known)
        }
        return observe(module)
      },
      () => {
        for (const [module, made] of modules) {
          made?.disable()
          modules.set(module, undefined)
        }
      },
    )
  }
}

type AsyncMutexExports = AsyncMutexModule & { readonly default?: AsyncMutexModule }

/** Observes p-queue 8 to 10: every item from `add` to its end. For `registerInstrumentations`. */
export class PQueueInstrumentation extends InstrumentationBase<WaywardInstrumentationConfig> {
  constructor(config: WaywardInstrumentationConfig = {}) {
    super(scopeName, scopeVersion, config)
  }

  protected override init(): InstrumentationNodeModuleDefinition {
    const restores = new Map<object, () => void>()
    return new InstrumentationNodeModuleDefinition(
      'p-queue',
      ['>=8.0.0 <11.0.0'],
      (module: { readonly default: PQueueClass }) => {
        const restore = patchPQueue(coreOf(this.getConfig().reporter), module.default)
        if (restore === undefined) {
          this._diag.warn('Cannot observe p-queue: it is not of the form of versions 8 to 10')
        } else restores.set(module, restore)
        return module
      },
      (module: object) => {
        restores.get(module)?.()
        restores.delete(module)
      },
    )
  }
}

/**
 * Observes async-mutex where no loader hook can: in bundles, or when it is loaded already. Mutexes
 * and semaphores are observed wherever they are made and used; for time-outs and refusals use the
 * functions of the result.
 * @param module what `import * as asyncMutex from 'async-mutex'` gives.
 * @param reporter where to report to; the process's own by default.
 * @returns `withTimeout` and `tryAcquire` that are observed, and `disable()`.
 * @throws TypeError if the module is not async-mutex 0.5.
 * @example
 * import * as asyncMutex from 'async-mutex'
 * const { withTimeout } = observeAsyncMutex(asyncMutex)
 */
export function observeAsyncMutex<M extends AsyncMutexModule>(
  module: M,
  reporter?: Reporter,
): Observation & Pick<M, 'withTimeout' | 'tryAcquire'> {
  const made = patchAsyncMutex(coreOf(reporter), module)
  if (made === undefined) {
    throw new TypeError('Cannot observe this module: it is not async-mutex 0.5')
  }
  return made
}

/**
 * Observes p-queue where no loader hook can: in bundles, or when it is loaded already.
 * @param queueClass the class that p-queue exports.
 * @param reporter where to report to; the process's own by default.
 * @throws TypeError if the class is not that of p-queue 8 to 10.
 * @example
 * import PQueue from 'p-queue'
 * observePQueue(PQueue)
 */
export function observePQueue(queueClass: PQueueClass, reporter?: Reporter): Observation {
  const restore = patchPQueue(coreOf(reporter), queueClass)
  if (restore === undefined)
    throw new TypeError('Cannot observe this class: it is not p-queue 8 to 10')
  return { disable: restore }
}

function coreOf(reporter: Reporter | undefined): ReporterWithCore['core'] {
  return ((reporter as ReporterWithCore | undefined) ?? getReporterWithCore()).core
}

/**
 * The module with the two functions exchanged. A CommonJS module's are getters, so it is copied.
 */
function withFunctions(module: object, made: AsyncMutexObservation): object {
  const { withTimeout, tryAcquire } = made
  try {
    // A module that came through the loader hook takes assignments to its exports.
    Object.assign(module, { withTimeout, tryAcquire })
    return module
  } catch {
    const copy: object = Object.create(module)
    Object.defineProperties(copy, {
      withTimeout: { value: withTimeout, enumerable: true },
      tryAcquire: { value: tryAcquire, enumerable: true },
    })
    return copy
  }
}
