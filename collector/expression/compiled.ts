// An expression, understood and checked, as functions that call functions: what the language's own
// evaluator does for each item anew (finding functions by their types, making regular expressions)
// is done once. Only what is the same there and here is compiled; the rest is left to it.
import type { ASTNode } from '@marcbachmann/cel-js'

/** What an expression is of. */
export type FieldTypes = Readonly<Record<string, 'string' | 'double' | 'bool'>>

type Context = Readonly<Record<string, unknown>>

/** A context that need not make a map to be asked for one of its keys. */
export interface LookUpContext {
  /** @returns the text at a key of a map; empty where there is none */
  readonly lookUp?: (map: string, key: string) => string
}

/** Whole numbers that are written, and sizes, are numbers here: all are far below 2^53. */
type Type = 'string' | 'double' | 'int' | 'bool'

interface Compiled {
  readonly type: Type
  readonly run: (context: Context) => unknown
}
type Runner<Value> = (context: Context) => Value

/** Makes a function of a checked expression; undefined where it has more than is known here. */
export function compileNode(
  node: ASTNode,
  fields: FieldTypes,
): ((context: object) => boolean) | undefined {
  const compiled = compile(node, fields)
  return compiled?.type === 'bool' ? (compiled.run as (context: object) => boolean) : undefined
}

type Maker = (args: readonly unknown[], fields: FieldTypes) => Compiled | undefined

const makers: Readonly<Record<string, Maker>> = {
  id: ([name], fields) => {
    const type = typeof name === 'string' ? fields[name] : undefined
    if (type === undefined) return undefined
    const key = String(name)
    return { type, run: (context) => context[key] }
  },
  value: ([value]) => toConstant(value),
  '.': toLookUp,
  '[]': toLookUp,
  '&&': (args, fields) =>
    withBoth(args, fields, 'bool', (a: Runner<boolean>, b: Runner<boolean>) => ({
      type: 'bool',
      run: (context) => a(context) && b(context),
    })),
  '||': (args, fields) =>
    withBoth(args, fields, 'bool', (a: Runner<boolean>, b: Runner<boolean>) => ({
      type: 'bool',
      run: (context) => a(context) || b(context),
    })),
  '!_': (args, fields) => {
    const [of] = compileAll(args, fields) ?? []
    if (of?.type !== 'bool') return undefined
    const run = of.run as Runner<boolean>
    return { type: 'bool', run: (context) => !run(context) }
  },
  '==': (args, fields) => toComparison(args, fields, (a, b) => (x) => a(x) === b(x)),
  '!=': (args, fields) => toComparison(args, fields, (a, b) => (x) => a(x) !== b(x)),
  '<': (args, fields) => toOrder(args, fields, (a, b) => (x) => a(x) < b(x)),
  '<=': (args, fields) => toOrder(args, fields, (a, b) => (x) => a(x) <= b(x)),
  '>': (args, fields) => toOrder(args, fields, (a, b) => (x) => a(x) > b(x)),
  '>=': (args, fields) => toOrder(args, fields, (a, b) => (x) => a(x) >= b(x)),
  '?:': (args, fields) => {
    const [condition, yes, no] = compileAll(args, fields) ?? []
    if (condition?.type !== 'bool' || yes === undefined || yes.type !== no?.type) return undefined
    const is = condition.run as Runner<boolean>
    return { type: yes.type, run: (x) => (is(x) ? yes.run(x) : no.run(x)) }
  },
  in: toMembership,
  rcall: toMethod,
  call: toCall,
}

function compile(node: unknown, fields: FieldTypes): Compiled | undefined {
  const { args, op } = node as { readonly op?: unknown; readonly args?: unknown }
  if (typeof op !== 'string' || !Object.hasOwn(makers, op)) return undefined
  return makers[op]?.(Array.isArray(args) && op !== 'value' ? args : [args], fields)
}

function compileAll(nodes: readonly unknown[], fields: FieldTypes): Compiled[] | undefined {
  const compiled: Compiled[] = []
  for (const node of nodes) {
    const one = compile(node, fields)
    if (one === undefined) return undefined
    compiled.push(one)
  }
  return compiled
}

function withBoth<Value>(
  args: readonly unknown[],
  fields: FieldTypes,
  type: Type,
  make: (a: Runner<Value>, b: Runner<Value>) => Compiled,
): Compiled | undefined {
  const [a, b] = compileAll(args, fields) ?? []
  if (a?.type !== type || b?.type !== type) return undefined
  return make(a.run as Runner<Value>, b.run as Runner<Value>)
}

function toConstant(value: unknown): Compiled | undefined {
  if (typeof value === 'string') return { type: 'string', run: () => value }
  if (typeof value === 'boolean') return { type: 'bool', run: () => value }
  if (typeof value === 'number') return { type: 'double', run: () => value }
  const number = typeof value === 'bigint' ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) ? { type: 'int', run: () => number } : undefined
}

/** `attributes["key"]` and `attributes.key`, whose key is written. */
function toLookUp([map, key]: readonly unknown[]): Compiled | undefined {
  const { args: name, op } = map as { readonly op?: unknown; readonly args?: unknown }
  const written = typeof key === 'string' ? key : (key as { readonly args?: unknown }).args
  if (op !== 'id' || typeof name !== 'string' || typeof written !== 'string') return undefined
  return {
    type: 'string',
    run: (context) => {
      const { lookUp } = context as LookUpContext
      if (lookUp !== undefined) return lookUp.call(context, name, written)
      const value = (context[name] as Readonly<Record<string, string>>)[written]
      if (value === undefined) throw new Error(`There is no ${written}`)
      return value
    },
  }
}

function isNumber(type: Type): boolean {
  return type === 'double' || type === 'int'
}

function toComparison(
  args: readonly unknown[],
  fields: FieldTypes,
  make: (a: Runner<unknown>, b: Runner<unknown>) => Runner<boolean>,
): Compiled | undefined {
  const [a, b] = compileAll(args, fields) ?? []
  if (a === undefined || b === undefined) return undefined
  const isSame = a.type === b.type || (isNumber(a.type) && isNumber(b.type))
  return isSame ? { type: 'bool', run: make(a.run, b.run) } : undefined
}

/** Of numbers and of texts, which both compare as JavaScript does. */
function toOrder(
  args: readonly unknown[],
  fields: FieldTypes,
  make: (a: Runner<number>, b: Runner<number>) => Runner<boolean>,
): Compiled | undefined {
  const [a, b] = compileAll(args, fields) ?? []
  if (a === undefined || b === undefined) return undefined
  const areTexts = a.type === 'string' && b.type === 'string'
  const areNumbers = isNumber(a.type) && isNumber(b.type)
  if (!areTexts && !areNumbers) return undefined
  return { type: 'bool', run: make(a.run as Runner<number>, b.run as Runner<number>) }
}

/** `service in ["pay", "invoice"]`, of texts that are written. */
function toMembership([of, list]: readonly unknown[], fields: FieldTypes): Compiled | undefined {
  const one = compile(of, fields)
  const { args, op } = list as { readonly op?: unknown; readonly args?: unknown }
  if (one?.type !== 'string' || op !== 'list' || !Array.isArray(args)) return undefined
  const values = compileAll(args, {})
  if (values === undefined || values.some(({ type }) => type !== 'string')) return undefined
  const known = new Set(values.map(({ run }) => run({})))
  return { type: 'bool', run: (context) => known.has(one.run(context)) }
}

const methods: Readonly<
  Record<string, (text: Runner<string>, other: Runner<string>) => Runner<boolean>>
> = {
  contains: (text, other) => (x) => text(x).includes(other(x)),
  startsWith: (text, other) => (x) => text(x).startsWith(other(x)),
  endsWith: (text, other) => (x) => text(x).endsWith(other(x)),
}

/** `body.contains("x")`. */
function toMethod([name, on, args]: readonly unknown[], fields: FieldTypes): Compiled | undefined {
  const text = compile(on, fields)
  if (text?.type !== 'string' || typeof name !== 'string' || !Array.isArray(args)) return undefined
  const run = text.run as Runner<string>
  if (name === 'size' && args.length === 0) return toSize(run)
  const [other] = compileAll(args, fields) ?? []
  if (args.length !== 1 || other?.type !== 'string') return undefined
  if (name === 'matches') {
    const { args: pattern, op } = args[0] as { readonly op?: unknown; readonly args?: unknown }
    if (op !== 'value' || typeof pattern !== 'string') return undefined
    const expression = new RegExp(pattern)
    return { type: 'bool', run: (context) => expression.test(run(context)) }
  }
  const make = Object.hasOwn(methods, name) ? methods[name] : undefined
  return make === undefined
    ? undefined
    : { type: 'bool', run: make(run, other.run as Runner<string>) }
}

/** `number(attributes["bytes"])` and `size(body)`. */
function toCall([name, args]: readonly unknown[], fields: FieldTypes): Compiled | undefined {
  if (!Array.isArray(args) || args.length !== 1) return undefined
  const of = compile(args[0], fields)
  if (of?.type !== 'string') return undefined
  const run = of.run as Runner<string>
  if (name === 'size') return toSize(run)
  if (name !== 'number') return undefined
  return {
    type: 'double',
    run: (context) => {
      const text = run(context)
      return text === '' ? Number.NaN : Number(text)
    },
  }
}

/** In characters, of which some are two units of JavaScript's. */
function toSize(run: Runner<string>): Compiled {
  return {
    type: 'int',
    run: (context) => {
      let size = 0
      for (const _ of run(context)) size++
      return size
    },
  }
}
