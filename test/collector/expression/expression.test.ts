// Goal: an expression that is compiled says what the language's own evaluator says. Method: many
// random expressions of all that is allowed, about random contexts, in both ways.
import {
  createExpressionCompiler,
  type Expression,
  ExpressionError,
} from '@wayward/collector/expression/expression'
import { expect, test } from 'vitest'
import { createDice } from '../../harness/simulator/dice.ts'

const terms = {
  fields: { type: 'string', name: 'string', body: 'string', value: 'double', is: 'bool' },
  maps: ['attributes', 'resource'],
  hasPatterns: true,
} as const
const compiling = createExpressionCompiler(terms)
const evaluating = createExpressionCompiler({ ...terms, isEvaluated: true })

const texts = ['', 'a', 'ab', 'GET /cart', 'é😀', '10', '-2.5', 'x y', '\\d']
const numbers = [0, 1, 2, -2.5, 1e9, Number.NaN, Number.POSITIVE_INFINITY]

type Kind = 'string' | 'double' | 'int' | 'bool'

function draw(seed: number): string {
  const dice = createDice(seed)
  const one = <T>(of: readonly T[]): T => of[dice.below(of.length)] as T
  const literal = (): string => JSON.stringify(one(texts))
  const make: Record<Kind, (depth: number) => string> = {
    string: (depth) =>
      one([
        literal,
        () => one(['type', 'name', 'body']),
        () => one(['attributes["a"]', 'attributes.b', 'resource["host.name"]']),
        () => (depth > 0 ? `(${make.bool(depth - 1)} ? ${make.string(depth - 1)} : name)` : 'name'),
        () => (depth > 0 ? `(${make.string(depth - 1)} + ${literal()})` : 'body'),
      ])(),
    double: (depth) =>
      one([
        () => 'value',
        () => one(['1.0', '2.5', '0.0', '-2.5']),
        () => `number(${make.string(depth - 1)})`,
        () => (depth > 0 ? `(value - ${make.double(depth - 1)})` : 'value'),
      ])(),
    int: (depth) => one([() => String(dice.below(12)), () => `size(${make.string(depth - 1)})`])(),
    bool: (depth) => {
      if (depth <= 0) return one(['is', 'true', 'false', 'name == "a"'])
      const inner = depth - 1
      const compare = one(['==', '!=', '<', '<=', '>', '>='])
      return one([
        () => `${make.string(inner)} ${one(['==', '!='])} ${make.string(inner)}`,
        () => `${make.string(inner)} ${compare} ${make.string(inner)}`,
        () => `${make.double(inner)} ${compare} ${make.double(inner)}`,
        () => `${make.double(inner)} ${compare} ${make.int(inner)}`,
        () => `${make.int(inner)} ${compare} ${make.int(inner)}`,
        () => `(${make.bool(inner)} && ${make.bool(inner)})`,
        () => `(${make.bool(inner)} || ${make.bool(inner)})`,
        () => `!(${make.bool(inner)})`,
        () => `(${make.bool(inner)} ? ${make.bool(inner)} : ${make.bool(inner)})`,
        () => `${make.string(inner)} in [${literal()}, ${literal()}, "a"]`,
        () => `${make.string(inner)} in []`,
        () =>
          `${make.string(inner)}.${one(['contains', 'startsWith', 'endsWith'])}(${make.string(inner)})`,
        () => `body.matches(${JSON.stringify(one(['^a', 'b$', '[0-9]+', '.', '^\\S+ /']))})`,
      ])()
    },
  }
  return make.bool(4)
}

function context(seed: number): object {
  const dice = createDice(seed)
  const text = (): string => texts[dice.below(texts.length)] ?? ''
  return {
    type_: text(),
    name: text(),
    body: text(),
    value: numbers[dice.below(numbers.length)] ?? 0,
    is: dice.below(2) === 1,
    attributes: { a: text(), b: text() },
    resource: { 'host.name': text() },
  }
}

function compile(text: string): { readonly here: Expression; readonly there: Expression } | string {
  const tried = [compiling, evaluating].map((compiler) => {
    try {
      return compiler.compile(text)
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      return error.message
    }
  })
  const [here, there] = tried
  if (typeof here === 'object' && typeof there === 'object') return { here, there }
  expect(here).toBe(there)
  return typeof here === 'string' ? here : ''
}

test('compiled expressions say what the evaluator says', () => {
  let [compiled, met] = [0, 0]
  for (let seed = 0; seed < 3_000; seed++) {
    const text = draw(seed)
    const both = compile(text)
    if (typeof both === 'string') continue
    expect(both.here.keys, text).toEqual(both.there.keys)
    if (both.here.isCompiled) compiled++
    for (let number = 0; number < 8; number++) {
      const of = context(seed * 8 + number)
      const is = both.there.isTrue(of)
      expect(both.here.isTrue(of), `${text} of ${JSON.stringify(of)}`).toBe(is)
      if (is) met++
    }
  }
  // Neither is the test about nothing, nor is all left to the evaluator.
  expect(compiled).toBeGreaterThan(1_000)
  expect(met).toBeGreaterThan(3_000)
})

test('what rules are made of is compiled', () => {
  const usual = [
    'type == "counter"',
    'value >= 17',
    'value == 0 || value > 2.5',
    'attributes["a"] == "nobody" && resource["host.name"] != "h9"',
    'body.startsWith("GET /healthz") || body.contains("teapot") || body.endsWith("x")',
    'body.matches("^unlikely [0-9]+$")',
    'name in ["pay", "invoice"]',
    'number(attributes["a"]) > 100.0',
    'size(body) > 100',
    'is ? true : !is',
  ]
  for (const text of usual) expect(compiling.compile(text).isCompiled, text).toBe(true)
  // Texts and numbers that are put together are left to the evaluator.
  expect(compiling.compile('value - 2.0 > 1.0').isCompiled).toBe(false)
})

test('a value that is not there makes no expression true', () => {
  const { isTrue } = compiling.compile('attributes["gone"] != "x"')
  expect(isTrue({ attributes: {} })).toBe(false)
  expect(evaluating.compile('attributes["gone"] != "x"').isTrue({ attributes: {} })).toBe(false)
})
