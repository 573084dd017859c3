// Goal: what happens more often than anybody can read is thinned so that counts and sums stay
// right, nothing special is left out, and what is wanted of a class holds from the next operation
// on.
import { describe, expect, test } from 'vitest'
import { DetailBook, detailSource } from '@wayward/sdk/recorder/detail-book'
import { ClassDetail, parseDetail, parseDetails } from '@wayward/sdk/recorder/detail'
import { createMemory } from '@wayward/record/layout'

const millisecond = 1e6

function bookOf(details: Readonly<Record<string, string>> = {}): DetailBook {
  const book = new DetailBook(createMemory())
  book.set(detailSource.process, details)
  return book
}

/** Weights of what is told of so many plain operations in each of these seconds. */
function tell(detail: ClassDetail, perSecond: readonly number[]): number[][] {
  return perSecond.map((count, second) =>
    Array.from({ length: count }, () => detail.weigh(1000 + second, 5000, true)).filter(Boolean),
  )
}

const sum = (weights: readonly number[]): number => weights.reduce((a, b) => a + b, 0)

describe('a class that is used often', () => {
  test('is told some 500 times a second, and these stand for all', () => {
    const told = tell(new ClassDetail(bookOf(), 'hot'), [100_000, 100_000, 100_000, 100_000])
    // Until it is known how often, it is found out.
    expect(told[0]?.length).toBeLessThan(500 * (1 + Math.log(200)) + 100)
    for (const second of told.slice(1)) {
      expect(second.length).toBeGreaterThan(450)
      expect(second.length).toBeLessThan(550)
    }
    expect(Math.abs(sum(told.flat()) - 400_000)).toBeLessThan(400)
  })

  test('is told one by one below that, and again when it has become so', () => {
    const detail = new ClassDetail(bookOf(), 'hot')
    const told = tell(detail, [500, 100_000, 100_000, 20, 20])
    expect(told[0]).toEqual(Array.from({ length: 500 }, () => 1))
    expect(told[4]).toEqual(Array.from({ length: 20 }, () => 1))
    expect(Math.abs(sum(told.flat()) - 200_540)).toBeLessThan(400)
  })

  test('keeps all that is special', () => {
    const detail = new ClassDetail(bookOf(), 'hot')
    tell(detail, [10_000, 10_000])
    for (let index = 0; index < 1000; index++) {
      expect(detail.weigh(1001, 5000, false)).toBe(1)
      expect(detail.weigh(1001, 10 * millisecond, true)).toBe(1)
    }
  })

  test('picks from a group at random: what comes in turns is told in turns', () => {
    const detail = new ClassDetail(bookOf({ '*': '1/10' }), 'even')
    let odd = 0
    for (let index = 0; index < 100_000; index++) {
      if (detail.weigh(1000, 5000, true) > 0 && index % 2 === 1) odd++
    }
    expect(odd).toBeGreaterThan(4500)
    expect(odd).toBeLessThan(5500)
  })
})

describe('a detail', () => {
  test.each([
    ['all', { mode: 'all', figure: 0 }],
    ['off', { mode: 'off', figure: 0 }],
    ['250/s', { mode: 'rate', figure: 250 }],
    ['1/20', { mode: 'oneIn', figure: 20 }],
    ['>10ms', { mode: 'longer', figure: 10 * millisecond }],
    ['>1.5us', { mode: 'longer', figure: 1500 }],
  ])('%s', (text, rule) => expect(parseDetail(text)).toEqual(rule))

  test.each(['', 'none', '0', '1/0', '1/9999999', '-5/s', '>10', '>10 ms', '>ms', 'ALL', '500/m'])(
    'cannot be "%s"',
    (text) => expect(parseDetail(text)).toBeUndefined(),
  )

  test('off, one in so many and longer ones mean what they say', () => {
    const weigh = (text: string, lengthNs: number, isPlain = true): number =>
      new ClassDetail(bookOf({ '*': text }), 'a').weigh(1, lengthNs, isPlain)
    expect(weigh('off', millisecond, false)).toBe(0)
    expect(weigh('>10ms', 9 * millisecond, false)).toBe(0)
    expect(weigh('>10ms', 10 * millisecond)).toBe(1)
    const oneIn = new ClassDetail(bookOf({ '*': '1/20' }), 'a')
    const told = tell(oneIn, [20_000]).flat()
    expect(told).toEqual(Array.from({ length: 1000 }, () => 20))
  })
})

describe('the details of a process', () => {
  test('of those that fit the last counts, what comes from outside goes before', () => {
    const book = bookOf({ 'db.*': 'off', 'db.orders': '1/2', '*orders': 'all' })
    expect(book.ruleOf('cache').mode).toBe('rate')
    expect(book.ruleOf('db.users').mode).toBe('off')
    expect(book.ruleOf('db.orders').mode).toBe('all')
    expect(book.ruleOf('dbxorders').mode).toBe('all')
    expect(bookOf({ 'a?c': 'off' }).ruleOf('abc').mode).toBe('off')
    expect(bookOf({ 'a?c': 'off' }).ruleOf('ac').mode).toBe('rate')
    expect(book.ruleOf('db.\norders\n').mode).toBe('off')
    const { generation } = book
    book.set(detailSource.outside, { '*': '>1s' })
    expect(book.generation).not.toBe(generation)
    expect(book.ruleOf('db.orders').mode).toBe('longer')
    book.set(detailSource.outside, {})
    expect(book.ruleOf('db.orders').mode).toBe('all')
  })

  test('are the same for all that share the memory, from the next operation on', () => {
    const memory = createMemory()
    const [here, there] = [new DetailBook(memory), new DetailBook(memory)]
    const detail = new ClassDetail(there, 'hot')
    expect(detail.isOff).toBe(false)
    here.set(detailSource.process, { hot: 'off' })
    expect(detail.isOff).toBe(true)
  })

  test('are refused where they are too much, and stay', () => {
    const book = bookOf({ a: 'off' })
    const many = Object.fromEntries(Array.from({ length: 8000 }, (_, at) => [`name ${at}`, 'off']))
    expect(() => book.set(detailSource.process, many)).toThrow(/at most 65536 are wanted/)
    expect(book.ruleOf('a').mode).toBe('off')
  })

  test('are read from a variable as far as they can be understood', () => {
    expect(parseDetails('*=250/s, db.*=off,,audit=all')).toEqual({
      details: { '*': '250/s', 'db.*': 'off', audit: 'all' },
      problems: [],
    })
    expect(parseDetails('a=some,b,=off,c=d=e').problems).toEqual([
      '"a=some": all, off, 500/s, 1/20 or >10ms is wanted',
      '"b" is no <pattern>=<detail>',
      '"=off" is no <pattern>=<detail>',
      '"c=d=e" is no <pattern>=<detail>',
    ])
  })

  test('mean names as they are written, and no pattern is slow', () => {
    const book = bookOf({ 'a.c': 'off', 'x*y?z': 'all', ['__proto__']: 'off', '[a-z]+': '1/2' })
    const modeOf = (name: string) => book.ruleOf(name).mode
    expect(['a.c', 'abc', 'xyyz', 'xyz', '__proto__', '[a-z]+', 'b'].map(modeOf)).toEqual([
      'off',
      'rate',
      'all',
      'rate',
      'off',
      'oneIn',
      'rate',
    ])
    // By going back it would take longer than anybody lives.
    const slow = bookOf({ [`${'*a'.repeat(100)}b`]: 'off' })
    expect(slow.ruleOf('a'.repeat(100_000)).mode).toBe('rate')
  })
})
