// Goal: decorators bind at the first call and work on methods and functions. Method: real clients.
import {
  clientHolder,
  createCaptureSender,
  createMetlogClient,
  incrCount,
  metlogClient,
  timeit,
} from '@wayward/metlog'
import { transformSync } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const sender = createCaptureSender()

beforeEach(() => {
  sender.clear()
  clientHolder().set('tests', createMetlogClient({ sender }))
  clientHolder().setDefaultName('tests')
})
afterEach(() => {
  clientHolder().global.disabledDecorators = []
})

interface Shop {
  order(count: number): string
  pay(): never
}

// Not every tool that runs tests knows decorators: this is a module as a build tool turns it.
const source = `
  export const create = (timeit, incrCount) => {
    class Shop {
      name = 'shop'
      @timeit order(count) { return this.name + ' ' + count }
      @timeit({ name: 'pay.time' }) @incrCount({ name: 'pay.calls' })
      pay() { throw new Error('no money') }
    }
    return new Shop()
  }`

async function createShop(): Promise<Shop> {
  const { code } = transformSync(source, { loader: 'ts', target: 'es2022', format: 'esm' })
  const built = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    create(...decorators: readonly unknown[]): Shop
  }
  return built.create(timeit, incrCount)
}

describe('timeit and incrCount', () => {
  test('decorate methods, bare or with options, and stack', async () => {
    const shop = await createShop()
    expect(shop.order(2)).toBe('shop 2')
    expect(() => shop.pay()).toThrow('no money')
    const seen = sender.messages.map(({ fields, type }) => `${type} ${String(fields['name'])}`)
    expect(seen).toEqual(['timer order', 'counter pay.calls', 'timer pay.time'])
  })

  test('find their client at the first call and not before', () => {
    const late = timeit({ name: 'late', client: 'made-later' })(() => 1)
    clientHolder().set('made-later', createMetlogClient({ sender, logger: 'later' }))
    expect(late()).toBe(1)
    expect(sender.messages[0]).toMatchObject({ logger: 'later', type: 'timer' })
    clientHolder().delete('made-later')
  })

  test('do nothing where they are disabled', () => {
    clientHolder().global.disabledDecorators = ['incrCount']
    const plain = incrCount(function plain() {
      return 3
    })
    expect(plain()).toBe(3)
    expect(sender.messages).toEqual([])
  })
})

describe('metlogClient()', () => {
  test('gives an inert client of the name where none is configured', () => {
    const client = metlogClient('nobody-configured-it')
    expect(client.isActive).toBe(false)
    expect(client.logger).toBe('nobody-configured-it')
    expect(metlogClient('nobody-configured-it')).toBe(client)
    clientHolder().delete('nobody-configured-it')
  })
})
