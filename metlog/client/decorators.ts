// Decorators and wrappers that are bound late: which client it is, and whether anything is to be
// done at all, is found out at the first call, when the application is configured.
//
//   class Shop {
//     @timeit order() {}
//     @incrCount({ name: 'shop.pay', client: 'payments' }) pay() {}
//   }
//   const load = timeit({ name: 'load' })(async () => {})
import { clientHolder } from './holder.ts'
import type { MetricOptions } from './client-settings.ts'
import type { MetlogClient } from './metlog-client.ts'
import type { AnyFunction } from './timer.ts'

/** What is set of a decorator. */
export interface DecoratorOptions extends MetricOptions {
  /** @default the function's name, with its class where that is known */
  readonly name?: string
  /** A client, or the name of one. @default the default client */
  readonly client?: MetlogClient | string
}

/** Decorates a method or wraps a function. */
export interface Decorator {
  <Wrapped extends AnyFunction>(method: Wrapped, context: ClassMethodDecoratorContext): Wrapped
  <Wrapped extends AnyFunction>(wrapped: Wrapped): Wrapped
}

/** A decorator that is used bare or with options. */
export interface DecoratorMaker extends Decorator {
  (options?: DecoratorOptions): Decorator
}

type Call = (this: unknown, ...args: unknown[]) => unknown

/** How a decorated function is called. */
type Around = (client: MetlogClient, name: string, options: DecoratorOptions, call: Call) => Call

/** Times each call. */
export const timeit: DecoratorMaker = createDecorator(
  'timeit',
  (client, name, options, call) => client.timer(name, call as AnyFunction, options) as Call,
)

/** Counts each call, also those that fail. */
export const incrCount: DecoratorMaker = createDecorator(
  'incrCount',
  (client, name, options, call) =>
    function counted(...args) {
      client.incr(name, 1, options)
      return call.apply(this, args)
    },
)

function createDecorator(decorator: string, around: Around): DecoratorMaker {
  const decorate =
    (options: DecoratorOptions) =>
    (wrapped: Call, context?: ClassMethodDecoratorContext): Call => {
      const name = options.name ?? nameOf(wrapped, context)
      let bound: Call | undefined
      function late(this: unknown, ...args: unknown[]): unknown {
        bound ??= bind({ decorator, around, options, name, wrapped })
        return bound.apply(this, args)
      }
      return Object.defineProperty(late, 'name', { value: wrapped.name })
    }
  const make = (first?: Call | DecoratorOptions, context?: ClassMethodDecoratorContext): unknown =>
    typeof first === 'function' ? decorate({})(first, context) : decorate(first ?? {})
  return make as DecoratorMaker
}

interface Binding {
  readonly decorator: string
  readonly around: Around
  readonly options: DecoratorOptions
  readonly name: string
  readonly wrapped: Call
}

function bind({ around, decorator, name, options, wrapped }: Binding): Call {
  const holder = clientHolder()
  if (holder.global.disabledDecorators.includes(decorator)) return wrapped
  const { client } = options
  const chosen = typeof client === 'object' ? client : holder.client(client)
  return around(chosen, name, options, wrapped)
}

function nameOf(wrapped: Call, context: ClassMethodDecoratorContext | undefined): string {
  const own = context === undefined ? wrapped.name : String(context.name)
  return own === '' ? 'anonymous' : own
}
