// Goal: the place in the application's code is told, of each class now and then.
import { runInThisContext } from 'node:vm'
import { parseSite, textOfSite } from '@wayward/record'
import { CallSites, noSampling, takeSite } from '@wayward/sdk/report/call-sites'
import { afterEach, describe, expect, test } from 'vitest'

const { stackTraceLimit } = Error
const before: unknown = Reflect.get(Error, 'prepareStackTrace')
afterEach(() => {
  prepareWith(before)
  Error.stackTraceLimit = stackTraceLimit
})

function prepareWith(value: unknown, writable = true): void {
  Object.defineProperty(Error, 'prepareStackTrace', { value, writable, configurable: true })
}

/** The function of ours that is called: frames up to its own are left out. */
function door(): string {
  return takeSite(door)
}

function placeOrder(): string {
  return door()
}

describe('takeSite()', () => {
  test('tells function, file and line of the caller', () => {
    const site = parseSite(placeOrder())
    expect(site?.functionName).toBe('placeOrder')
    expect(site?.file).toMatch(/test[\\/]sdk[\\/]report[\\/]call-sites\.test\.ts$/)
    expect(site?.line).toBeGreaterThan(0)
    expect(textOfSite(placeOrder())).toMatch(/^placeOrder \(.*call-sites\.test\.ts:\d+\)$/)
  })

  test('leaves what Error is set to as it was', () => {
    const prepare = (): string => 'mine'
    prepareWith(prepare)
    Error.stackTraceLimit = 3
    expect(placeOrder()).toContain('placeOrder')
    expect(Reflect.get(Error, 'prepareStackTrace')).toBe(prepare)
    expect(Error.stackTraceLimit).toBe(3)
  })

  test('tells nothing where the application has frozen that', () => {
    prepareWith(undefined, false)
    expect(placeOrder()).toBe('')
    expect(textOfSite('')).toBe('')
  })

  test('tells nothing where all frames are of packages', () => {
    const filename = '/app/node_modules/a/b.js'
    const inPackage = runInThisContext('(take) => take()', { filename }) as (
      take: () => string,
    ) => string
    expect(inPackage(door)).not.toContain('node_modules')
  })
})

/** The same for what is sampled. */
function ask(sites: CallSites, lock: Parameters<CallSites['sample']>[0]): string {
  return sites.sample(lock, ask)
}

describe('of those that need not wait', () => {
  test('the first of a class is told, and then one in a thousand', () => {
    const sites = new CallSites()
    const locks = [1, 2].map(() => ({ name: 'rows', sampling: noSampling }))
    const told = Array.from({ length: 2001 }, (_, at) => ask(sites, locks[at % 2] as never))
    expect(told.flatMap((site, at) => (site === '' ? [] : [at]))).toEqual([0, 1000, 2000])
  })

  test('a class with another name is another', () => {
    const sites = new CallSites()
    const lock = { name: 'a', sampling: noSampling }
    expect(ask(sites, lock)).not.toBe('')
    lock.name = 'b'
    expect(ask(sites, lock)).not.toBe('')
    expect(ask(sites, lock)).toBe('')
  })

  test('names without end are not all looked at', () => {
    const sites = new CallSites()
    for (let at = 0; at < 10_000; at++) ask(sites, { name: `lock ${at}`, sampling: noSampling })
    expect(ask(sites, { name: 'one more', sampling: noSampling })).toBe('')
  })
})
