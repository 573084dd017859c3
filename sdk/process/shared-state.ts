/**
 * State of this package that all copies of it in a process share: it may be loaded as an ES module
 * and by `require`, in two versions, or be part of a bundle beside itself.
 *
 * @param name what it is; its form must not change without another name
 */
export function sharedState<T>(name: string, make: () => T): T {
  const key = Symbol.for(`wayward.${name}`)
  const holder = globalThis as { [key: symbol]: unknown }
  holder[key] ??= make()
  return holder[key] as T
}
