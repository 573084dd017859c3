// What somebody who watches wants to see: plain values, and an expression of the Common Expression
// Language (https://cel.dev) with what cannot take long: no loops, no patterns, no allocation that
// grows.
import {
  type ASTNode,
  Environment,
  EvaluationError,
  ParseError,
  TypeError as CelTypeError,
} from '@marcbachmann/cel-js'
import type { LiveBlock, LiveSignal } from './live-item.ts'

/** What is shown. What is not given lets everything through. */
export interface LiveSelection {
  readonly service?: string
  readonly session?: string
  /** A signal (`span`, `log`, `metric`) or a `wayward.kind`. */
  readonly kind?: string
  /** An expression that is true of what is shown. */
  readonly where?: string
}

/** An expression that cannot be understood; the message says where. */
export class FilterError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FilterError'
  }
}

/** Says whether the row that a block stands on is shown. Never throws. */
export type LiveFilter = (block: LiveBlock) => boolean

const signals: readonly string[] = ['span', 'log', 'metric'] satisfies readonly LiveSignal[]

/** The longest expression, in characters. */
const expressionMax = 4_096

/** @throws FilterError with line and column */
export function createFilter({ kind, service, session, where }: LiveSelection): LiveFilter {
  const isSignal = kind !== undefined && signals.includes(kind)
  const isTrue = where === undefined ? undefined : compile(where)
  return (block) =>
    (!isSignal || block.signal === kind) &&
    (service === undefined || block.service === service) &&
    (kind === undefined || isSignal || block.kind === kind) &&
    (session === undefined || block.session === session) &&
    (isTrue === undefined || isTrue(block))
}

const fields = {
  signal: 'string',
  kind: 'string',
  service: 'string',
  session: 'string',
  name: 'string',
  durationMs: 'double',
  status: 'string',
  severity: 'double',
  body: 'string',
  value: 'double',
  traceId: 'string',
  spanId: 'string',
} as const
const maps = ['attributes', 'resource'] as const

const environment = new Environment({
  limits: { maxAstNodes: 256, maxDepth: 32, maxListElements: 64, maxCallArguments: 4 },
}).registerFunction('number(string): double', (text: unknown) =>
  // The empty text stands for an attribute that is not there.
  text === '' ? Number.NaN : Number(text),
)
// Numbers are compared with how people write them: `value == 0`.
environment.registerOperator('double == int', (a: number, b: bigint) => a === Number(b))
for (const [name, type] of Object.entries(fields)) environment.registerVariable(name, type)
for (const name of maps) environment.registerVariable(name, 'map<string, string>')

const functions: readonly string[] = ['contains', 'startsWith', 'endsWith', 'size', 'number']
const operators: ReadonlySet<string> = new Set(
  '== != < <= > >= && || + - in ?: !_ -_ id value'.split(' '),
)

const help =
  `There are ${[...Object.keys(fields), ...maps].join(', ')} ` +
  `(attributes["cart.items"]), and the functions ${functions.join(', ')}`

function compile(text: string): LiveFilter {
  if (text.length > expressionMax) {
    throw new FilterError(
      `The expression has ${text.length} characters, wanted at most ${expressionMax}`,
    )
  }
  const program = parse(text)
  const keys = { attributes: new Set<string>(), resource: new Set<string>() }
  check(program.ast, text, keys)
  const { error, type, valid } = program.check()
  if (!valid) throw toFilterError(error, text)
  if (type !== 'bool') {
    throw new FilterError(`The expression gives a ${type}, wanted true or false`)
  }
  const context = new Context([...keys.attributes], [...keys.resource])
  return (block) => {
    context.block = block
    try {
      return program(context) === true
    } catch {
      // Such as a sum that overflows: not true of this row.
      return false
    }
  }
}

function parse(text: string): ReturnType<Environment['parse']> {
  try {
    return environment.parse(text)
  } catch (error) {
    throw toFilterError(error, text)
  }
}

/** The row as the expression sees it. */
class Context {
  block: LiveBlock | undefined
  readonly #attributeKeys: readonly string[]
  readonly #resourceKeys: readonly string[]

  constructor(attributeKeys: readonly string[], resourceKeys: readonly string[]) {
    this.#attributeKeys = attributeKeys
    this.#resourceKeys = resourceKeys
  }

  get signal(): string {
    return this.block?.signal ?? ''
  }

  get kind(): string {
    return this.block?.kind ?? ''
  }

  get service(): string {
    return this.block?.service ?? ''
  }

  get session(): string {
    return this.block?.session ?? ''
  }

  get name(): string {
    return this.block?.name ?? ''
  }

  get durationMs(): number {
    return (this.block?.durationNs ?? 0) / 1e6
  }

  get status(): string {
    return this.block?.status ?? ''
  }

  get severity(): number {
    return this.block?.severity ?? 0
  }

  get body(): string {
    return this.block?.body ?? ''
  }

  get value(): number {
    return this.block?.value ?? 0
  }

  get traceId(): string {
    return this.block?.traceId ?? ''
  }

  get spanId(): string {
    return this.block?.spanId ?? ''
  }

  /** The attributes that the expression names; those that are not there are empty. */
  get attributes(): Record<string, string> {
    return this.#named(this.#attributeKeys, (key) => this.block?.attribute(key) ?? '')
  }

  get resource(): Record<string, string> {
    return this.#named(this.#resourceKeys, (key) => this.block?.resourceAttribute(key) ?? '')
  }

  #named(keys: readonly string[], read: (key: string) => string): Record<string, string> {
    return Object.fromEntries(keys.map((key) => [key, read(key)]))
  }
}

/** Lets through what takes no longer than the text is long, and notes which attributes it names. */
function check(
  node: ASTNode,
  text: string,
  keys: Readonly<Record<(typeof maps)[number], Set<string>>>,
): void {
  const { args, op } = node as { readonly op: string; readonly args: unknown }
  const inner = Array.isArray(args) ? (args as readonly unknown[]) : [args]
  const nodes = (list: readonly unknown[]): void => {
    for (const one of list) if (isNode(one)) check(one, text, keys)
  }
  if (op === '[]' || op === '.') {
    const [map, key] = inner
    const name = mapName(map)
    const literal = isNode(key) && key.op === 'value' ? key.args : key
    if (name === undefined || typeof literal !== 'string') {
      refuse(node, text, 'only attributes and resource have keys, which are written as texts')
    } else keys[name].add(literal)
    return
  }
  if (op === 'id' && maps.some((name) => name === args)) {
    refuse(node, text, `of ${String(args)} one key at a time can be asked for`)
  }
  if (op === 'call' || op === 'rcall') {
    const [name, ...rest] = inner
    if (typeof name !== 'string' || !functions.includes(name)) {
      refuse(node, text, `the function ${String(name)}() is not there`)
    }
    nodes(rest.flat())
    return
  }
  if (op === 'list') return nodes(inner.flat())
  if (!operators.has(op)) refuse(node, text, `the operator ${op} is not there`)
  nodes(inner)
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value
}

function mapName(value: unknown): (typeof maps)[number] | undefined {
  if (!isNode(value) || value.op !== 'id') return undefined
  return maps.find((name) => name === value.args)
}

function refuse(node: ASTNode, text: string, reason: string): never {
  throw new FilterError(`${place(text, node.range.start)}: ${reason}. ${help}`)
}

function toFilterError(error: unknown, text: string): FilterError {
  const isOurs =
    error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError
  if (!isOurs) return new FilterError(`The expression is not understood: ${String(error)}`)
  const where = place(text, error.range?.start ?? 0)
  return new FilterError(`${where}: ${error.summary}. ${help}`)
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - (before.lastIndexOf('\n') + 1) + 1
  return `The expression is wrong at line ${line}, column ${column}`
}
