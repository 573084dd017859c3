// The kit that libraries are observed with. It owns what is the same for all: the names that were
// given, what was seen of a library's objects, what was collected, what is patched already and how
// it is restored. What is left for an adapter is what its library does.
//
//   defineLibrary({ name, versions, patch, … }) ─▶ Library ─┬─▶ observe(core, module)     by hand
//                                                           └─▶ instrumentations.ts       by a loader
import { type Core, guard } from '../report/core.ts'
import { sharedState } from '../process/shared-state.ts'
import { callSite, isConstructorOf, type OutermostFunction } from './call-site.ts'

/** What is reported for an object of a library. */
interface Reported {
  name: string
  abandon(): void
}

export interface LibrarySettings<Exports extends object, Made extends Reported> {
  /** As npm knows it. */
  readonly name: string
  /** Ranges of versions, as OpenTelemetry's instrumentations take them. */
  readonly versions: readonly string[]
  /** The versions in words, for messages. */
  readonly versionText: string
  /** The part of what a module exports that is observed; undefined where it has none. */
  readonly exportsOf: (module: object) => Exports | undefined
  /** The prototype that is patched: a module that is observed twice reports once. */
  prototypeOf(exports: Exports): object
  /** The classes whose constructors stand between an object and the place where it was made. */
  classNamesOf(object: object, exports: Exports): readonly string[]
  /** Makes what is reported for an object that is seen for the first time. */
  make(core: Core, object: object, name: string): Made
  /**
   * Observes the library with the observer's means, each of which is undone by it.
   * @returns what takes the place of exports, where that is possible; undefined if the library does
   * not have the expected form, and nothing was changed
   */
  patch(exports: Exports, observer: Observer<Made>): Partial<Exports> | undefined
}

/** What an adapter has to observe its library with. */
export interface Observer<Made> {
  readonly core: Core
  /** False where the library is restored or nothing is reported: then it is left alone. */
  readonly isOn: boolean
  /** What is reported for the object, made now if need be; undefined after an error of ours. */
  see(object: object, outermost: OutermostFunction): Made | undefined
  /** What is reported for the object, if it was seen. */
  seen(object: object): Made | undefined
  /** An error of ours does not reach the application; `fallback` is the answer. */
  attempt<T>(action: () => T, fallback: T): T
  /** Replaces a method. */
  replace<T extends object, K extends keyof T & string>(
    target: T,
    key: K,
    wrap: (original: T[K]) => T[K],
  ): void
  /** Replaces a property, as long as nobody else does. */
  define(target: object, key: string, descriptor: PropertyDescriptor): void
  /**
   * Reports when a constructor assigns `key` for the first time: the only way to see an object
   * being made without replacing its class. The assignment leaves an ordinary property.
   */
  onFirstSet(
    prototype: object,
    key: string,
    onSet: (made: object, value: unknown, setter: OutermostFunction) => void,
  ): void
}

/** A library that is observed. */
export interface LibraryObservation<Exports> {
  /** What takes the place of exports. */
  readonly exports: Partial<Exports>
  /** Restores the library. */
  readonly disable: () => void
}

/** A library that can be observed. */
export interface Library<Exports extends object = object> {
  readonly name: string
  readonly versions: readonly string[]
  readonly versionText: string
  readonly exportsOf: (module: object) => Exports | undefined
  /** Names an object of the library, for reports. */
  giveName(object: object, name: string): void
  /** @returns undefined if the module does not have the expected form; nothing was changed then */
  observe(core: Core, exports: Exports): LibraryObservation<Exports> | undefined
}

export function defineLibrary<Exports extends object, Made extends Reported>(
  settings: LibrarySettings<Exports, Made>,
): Library<Exports> {
  const { name, versions, versionText, exportsOf } = settings
  const known = knownOf<Made>(name)
  return {
    name,
    versions,
    versionText,
    exportsOf,
    giveName(object, given) {
      known.names.set(object, given)
      const seen = known.seen.get(object)
      if (seen !== undefined) seen.name = given
    },
    observe(core, exports) {
      const prototype = settings.prototypeOf(exports)
      if (known.patched.has(prototype)) return { exports: {}, disable: () => undefined }
      const observer = new LibraryObserver<Made>(core, known, {
        name,
        make: (object, given) => settings.make(core, object, given),
        classNamesOf: (object) => settings.classNamesOf(object, exports),
      })
      const replaced = settings.patch(exports, observer)
      if (replaced === undefined) return undefined
      known.patched.add(prototype)
      return {
        exports: replaced,
        disable() {
          known.patched.delete(prototype)
          observer.disable()
        },
      }
    },
  }
}

/** What is known of a library's objects, by all copies of this package. */
interface Known<Made> {
  readonly names: WeakMap<object, string>
  readonly seen: WeakMap<object, Made>
  /** The prototypes that are patched. */
  readonly patched: WeakSet<object>
  /** What is collected while it is open can never end: it must not stay open for ever. */
  readonly collected: FinalizationRegistry<Made>
}

function knownOf<Made extends Reported>(name: string): Known<Made> {
  return {
    names: sharedState(`${name}.names.1`, () => new WeakMap<object, string>()),
    seen: sharedState(`${name}.seen.1`, () => new WeakMap<object, Made>()),
    patched: sharedState(`${name}.patched.1`, () => new WeakSet<object>()),
    collected: new FinalizationRegistry((made) => made.abandon()),
  }
}

/** What a library is for its observer. */
interface Observed<Made> {
  readonly name: string
  make(object: object, name: string): Made
  classNamesOf(object: object): readonly string[]
}

class LibraryObserver<Made extends Reported> implements Observer<Made> {
  readonly core: Core
  readonly #known: Known<Made>
  readonly #library: Observed<Made>
  readonly #undo: (() => void)[] = []
  #isActive = true

  constructor(core: Core, known: Known<Made>, library: Observed<Made>) {
    this.core = core
    this.#known = known
    this.#library = library
  }

  get isOn(): boolean {
    return this.#isActive && this.core.isEnabled
  }

  see(object: object, outermost: OutermostFunction): Made | undefined {
    const seen = this.#known.seen.get(object)
    return seen ?? this.attempt(() => this.#make(object, outermost), undefined)
  }

  seen(object: object): Made | undefined {
    return this.#known.seen.get(object)
  }

  attempt<T>(action: () => T, fallback: T): T {
    return guard(this.core, action, fallback)
  }

  replace<T extends object, K extends keyof T & string>(
    target: T,
    key: K,
    wrap: (original: T[K]) => T[K],
  ): void {
    this.define(target, key, { value: wrap(target[key]), writable: true })
  }

  define(target: object, key: string, descriptor: PropertyDescriptor): void {
    const before = Object.getOwnPropertyDescriptor(target, key)
    Object.defineProperty(target, key, { ...descriptor, configurable: true })
    this.#undo.push(() => {
      const now = Object.getOwnPropertyDescriptor(target, key)
      if (now?.value !== descriptor.value || now?.set !== descriptor.set) return
      if (before === undefined) Reflect.deleteProperty(target, key)
      else Object.defineProperty(target, key, before)
    })
  }

  onFirstSet(
    prototype: object,
    key: string,
    onSet: (made: object, value: unknown, setter: OutermostFunction) => void,
  ): void {
    function setFirst(this: object, value: unknown): void {
      Object.defineProperty(this, key, {
        value,
        writable: true,
        configurable: true,
        enumerable: true,
      })
      onSet(this, value, setFirst)
    }
    this.define(prototype, key, { set: setFirst })
  }

  disable(): void {
    this.#isActive = false
    for (const undo of this.#undo) undo()
  }

  #make(object: object, outermost: OutermostFunction): Made {
    const { name } = this.#library
    const { names, seen, collected } = this.#known
    const given = names.get(object) ?? this.#siteOf(object, outermost) ?? name
    const made = this.#library.make(object, given)
    seen.set(object, made)
    collected.register(object, made)
    return made
  }

  /** Where the application made the object. */
  #siteOf(object: object, outermost: OutermostFunction): string | undefined {
    const classNames = this.#library.classNamesOf(object)
    const ofLibrary = new RegExp(`[\\\\/]node_modules[\\\\/]${this.#library.name}[\\\\/]`)
    return callSite(
      outermost,
      (frame) => ofLibrary.test(frame) || isConstructorOf(frame, classNames),
    )
  }
}
