import type { DiagLogger } from '@opentelemetry/api'
import {
  InstrumentationBase,
  type InstrumentationConfig,
  InstrumentationNodeModuleDefinition,
} from '@opentelemetry/instrumentation'
import { getReporterWithCore } from '../global-reporter.ts'
import type { Core } from '../report/core.ts'
import type { Reporter, ReporterWithCore } from '../reporter.ts'
import { asyncMutex, type AsyncMutexModule } from './async-mutex.ts'
import type { Library, LibraryObservation } from './library.ts'
import { type PQueueClass, pQueue } from './p-queue.ts'

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

/** Observes a library wherever it is loaded. For `registerInstrumentations`. */
abstract class LibraryInstrumentation extends InstrumentationBase<WaywardInstrumentationConfig> {
  constructor(config: WaywardInstrumentationConfig = {}) {
    super(scopeName, scopeVersion, config)
  }

  /** A getter: it is asked for before a field would be there. */
  abstract get library(): Library

  protected override init(): InstrumentationNodeModuleDefinition {
    return definitionOf(this.library, () => coreOf(this.getConfig().reporter), this._diag)
  }
}

/**
 * Observes async-mutex 0.5, both its ES and its CommonJS form: every acquisition of a Mutex or
 * Semaphore, `withTimeout` and `tryAcquire` included. For `registerInstrumentations`.
 */
export class AsyncMutexInstrumentation extends LibraryInstrumentation {
  get library(): Library {
    return asyncMutex
  }
}

/** Observes p-queue 8 to 10: every item from `add` to its end. For `registerInstrumentations`. */
export class PQueueInstrumentation extends LibraryInstrumentation {
  get library(): Library {
    return pQueue
  }
}

/** All libraries that are observed without a change to the application. */
export function createInstrumentations(): LibraryInstrumentation[] {
  return [new AsyncMutexInstrumentation(), new PQueueInstrumentation()]
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
  const { exports, disable } = observeByHand(asyncMutex, module, reporter)
  const { withTimeout, tryAcquire }: AsyncMutexModule = { ...module, ...exports }
  return { withTimeout, tryAcquire, disable }
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
  const { disable } = observeByHand(pQueue, queueClass, reporter)
  return { disable }
}

function observeByHand<Exports extends object>(
  library: Library<Exports>,
  exports: Exports,
  reporter: Reporter | undefined,
): LibraryObservation<Exports> {
  const made = library.observe(coreOf(reporter), exports)
  if (made !== undefined) return made
  throw new TypeError(
    `Cannot observe what was given: it is not ${library.name} ${library.versionText}`,
  )
}

function coreOf(reporter: Reporter | undefined): Core {
  return ((reporter as ReporterWithCore | undefined) ?? getReporterWithCore()).core
}

/** How a library is observed as it is loaded. */
function definitionOf(
  library: Library,
  core: () => Core,
  log: DiagLogger,
): InstrumentationNodeModuleDefinition {
  // OpenTelemetry remembers one module per definition; a process can load both forms of a library.
  const modules = new Map<object, LibraryObservation<object> | undefined>()
  const observe = (module: object): object => {
    const exports = library.exportsOf(module)
    const made = exports && library.observe(core(), exports)
    if (made === undefined) {
      log.warn(
        `Cannot observe ${library.name}: it is not of the form of version ${library.versionText}`,
      )
      return module
    }
    modules.set(module, made)
    return withExports(module, made.exports)
  }
  return new InstrumentationNodeModuleDefinition(
    library.name,
    [...library.versions],
    (module: object) => {
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

/** The module with exports exchanged. A CommonJS module's are getters, so it is copied. */
function withExports(module: object, exports: object): object {
  if (Object.keys(exports).length === 0) return module
  try {
    // A module that came through the loader hook takes assignments to its exports.
    return Object.assign(module, exports)
  } catch {
    const copy: object = Object.create(module)
    for (const [name, value] of Object.entries(exports)) {
      Object.defineProperty(copy, name, { value, enumerable: true })
    }
    return copy
  }
}
